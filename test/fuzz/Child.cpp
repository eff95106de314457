//===- Child.cpp - one input in a process of its own ----------------------===//
#include "test/fuzz/Child.h"
#include "test/numerics/RunCase.h"
#include <cstdio>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace llsa;
using namespace llsa::fuzz;
using namespace llsa::tools;

/// Larger kernels are compiled but not run.
static constexpr double kMostBytes = 64e6;
static constexpr double kMostFlops = 2e9;
/// A child may take this much memory, and this many seconds of a processor.
static constexpr rlim_t kAddressSpace = rlim_t(6) << 30, kSeconds = 20;

/// A refusal must say something, and where or about what.
static Ending judgeRefusal(const std::string &message) {
  bool saysWhy = message.size() > 10 &&
                 message.find("did not say why") == std::string::npos;
  return saysWhy ? Ending::Refused : Ending::Unclean;
}

static bool isTooLarge(const Program &program) {
  double bytes = double(program.workspaceBytes), flops = 0;
  for (const Buffer &buffer : program.buffers) {
    double elements = double(byteSize(buffer.type));
    for (int64_t size : buffer.shape)
      elements *= double(size);
    bytes += elements;
  }
  for (const Kernel &kernel : program.kernels)
    flops += kernel.flops;
  return bytes > kMostBytes || flops > kMostFlops;
}

Ending llsa::fuzz::tryInput(const FuzzInput &input, std::string &message) {
  auto refuse = [&](llvm::Error error) {
    message = llvm::toString(std::move(error));
    return judgeRefusal(message);
  };
  auto spec = KernelSpec::parse(input.spec);
  if (!spec)
    return refuse(spec.takeError());
  auto kernel = numerics::TestKernel::create(input.variant, *spec);
  if (!kernel) {
    std::string why = llvm::toString(kernel.takeError());
    KernelSpec withIndices = *spec;
    withIndices.indices = true;
    auto compiled = Compiler().compile(input.variant, "fuzz.mlir", withIndices,
                                       CompileOptions());
    if (!compiled)
      return refuse(compiled.takeError());
    // What compiles must load, and must be known to the reference.
    message = "compiled, but: " + why;
    return Ending::Wrong;
  }
  if (isTooLarge(kernel->kernel->program())) {
    message = "too large to be run";
    return Ending::Compiled;
  }
  auto inputs = makeInputs({}, *spec, kernel->interpreter->inputs());
  if (!inputs) {
    message = "compiled, but: " + llvm::toString(inputs.takeError());
    return Ending::Wrong;
  }
  // The reference first: it knows whether the variant has a meaning at all (no
  // division by zero, no element that does not exist).
  reference::NamedArrays arrays;
  for (const auto &[name, tensor] : inputs->tensors)
    arrays.emplace(name, tensor.toArray());
  auto meaning = kernel->interpreter->evaluate(arrays);
  if (!meaning) {
    message = llvm::toString(meaning.takeError());
    return Ending::Compiled;
  }
  auto outputs = kernel->run(inputs->tensors);
  if (!outputs) {
    message = "compiled, but: " + llvm::toString(outputs.takeError());
    return Ending::Wrong;
  }
  auto report =
      checkRun(*kernel->interpreter, inputs->tensors, *outputs, nullptr);
  if (!report) {
    message = llvm::toString(report.takeError());
    return Ending::Compiled;
  }
  message = report->message();
  return message.empty() ? Ending::Agrees : Ending::Wrong;
}

pid_t llsa::fuzz::startChild(const FuzzInput &input,
                             const std::string &logPath) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (child != 0)
    return child;
  int log = open(logPath.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (log >= 0) {
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
  }
#if !defined(__SANITIZE_ADDRESS__) // which maps terabytes
  rlimit limit = {kAddressSpace, kAddressSpace};
  setrlimit(RLIMIT_AS, &limit);
#endif
  rlimit noCore = {0, 0}, time = {kSeconds, kSeconds};
  setrlimit(RLIMIT_CORE, &noCore);
  setrlimit(RLIMIT_CPU, &time);
  std::string message;
  Ending ending = tryInput(input, message);
  std::fprintf(stderr, "%s\n", message.c_str());
  std::fflush(stderr);
  _exit(static_cast<int>(ending));
}

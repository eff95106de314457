//===- Gradients.cpp - a variant's forward and backward -------------------===//
#include "tools/llsa-run/Gradients.h"
#include "tools/io/Files.h"
#include "tools/llsa-run/CheckGradients.h"
#include "tools/llsa-run/Outputs.h"
#include "llvm/Support/FileSystem.h"

using namespace llsa;
using namespace llsa::tools;

/// Whether `buffer` is the gradient of a result of `forward`.
static bool isGradientOfResult(const Buffer &buffer, const Program &forward) {
  return llvm::any_of(forward.buffers, [&](const Buffer &result) {
    return result.role == Buffer::Role::Output &&
           buffer.name == "d" + result.name && buffer.type == result.type &&
           buffer.shape == result.shape;
  });
}

llvm::Expected<std::vector<reference::Port>>
llsa::tools::gradientPorts(const Program &keep, const Program &backward) {
  std::vector<reference::Port> ports;
  for (int64_t b : backward.buffersOf(Buffer::Role::Input)) {
    const Buffer &buffer = backward.buffers[size_t(b)];
    bool isKnown = llvm::any_of(keep.buffers, [&](const Buffer &other) {
      return other.name == buffer.name && other.role != Buffer::Role::Workspace;
    });
    if (isKnown)
      continue;
    if (!isGradientOfResult(buffer, keep))
      return makeError("kernel '{}': its backward takes '{}', {} of {}, which "
                       "is no input, no result of the forward and no result's "
                       "gradient",
                       backward.variant, buffer.name, shapeText(buffer.shape),
                       toString(buffer.type).str());
    reference::Port port;
    port.name = buffer.name;
    port.type = buffer.type;
    port.shape = buffer.shape;
    ports.push_back(std::move(port));
  }
  return ports;
}

/// Bytes of what the forward gives beside the variant's results.
static int64_t keptBytes(const Program &keep,
                         const reference::Interpreter &interpreter) {
  int64_t bytes = 0;
  for (int64_t b : keep.buffersOf(Buffer::Role::Output)) {
    const Buffer &buffer = keep.buffers[size_t(b)];
    bool isResult =
        llvm::any_of(interpreter.outputs(), [&](const reference::Port &port) {
          return port.name == buffer.name;
        });
    if (!isResult)
      bytes += buffer.numBytes();
  }
  return bytes;
}

/// Bytes of all tensors and of the greater workspace; with a check also of what
/// the reference keeps, as doubles.
static double neededBytes(const Program &keep, const Program &backward,
                          bool check) {
  double bytes = double(std::max(keep.workspaceBytes, backward.workspaceBytes));
  for (const Program *program : {&keep, &backward})
    for (const Buffer &buffer : program->buffers)
      if (buffer.role != Buffer::Role::Workspace)
        bytes += double(buffer.numBytes()) +
                 (check ? 3.0 * 8 * double(buffer.numElements()) : 0);
  return bytes;
}

/// Times a pass, and its launches with --profile.
static llvm::Error measure(const rt::CompiledKernel &kernel,
                           const NamedTensors &inputs,
                           const NamedTensors &outputs,
                           const RunOptions &options, RunTimes &run,
                           std::vector<LaunchTime> &profile) {
  auto times = timeRuns(kernel, inputs, outputs, options.repeat);
  if (!times)
    return times.takeError();
  run = *times;
  if (!options.profile)
    return llvm::Error::success();
  auto launches = profileSteps(kernel, inputs, outputs);
  if (!launches)
    return launches.takeError();
  profile = std::move(*launches);
  return llvm::Error::success();
}

/// Compares the forward's results, then the gradients.
static llvm::Expected<CheckReport>
checkBoth(const CheckedRun &run, const GradientCheckOptions &options,
          const reference::Interpreter &interpreter) {
  std::vector<int64_t> rows =
      sampleRows(run.spec.M, options.samples, options.seed);
  bool isSampled = static_cast<int64_t>(rows.size()) < run.spec.M;
  fmt::print(stderr,
             "llsa-run: check {} of {} queries per head and the gradients with "
             "the float64 reference\n",
             rows.size(), run.spec.M);
  auto check = checkRun(interpreter, *run.tensors, *run.tensors,
                        isSampled ? &rows : nullptr);
  if (!check)
    return check.takeError();
  check->sampledRows = static_cast<int64_t>(rows.size());
  check->allRows = run.spec.M;
  if (llvm::Error error = checkGradients(run, options, *check))
    return std::move(error);
  return std::move(*check);
}

llvm::Expected<Report> llsa::tools::runGradients(const RunOptions &options,
                                                 KernelSpec spec,
                                                 const InputSource &source,
                                                 const rt::Variant &variant) {
  bool isNpy = source.kind == InputSource::Kind::Npy;
  if (isNpy && llvm::sys::fs::exists(source.path + "/dlse.npy"))
    spec.lseGradient = true;

  KernelSpec plain = spec;
  plain.pass = Pass::Forward;
  plain.lseGradient = false;
  plain.indices = false;
  spec.indices |= options.check;

  Report report;
  report.variant = variant.name();
  report.file = options.file;
  report.spec = spec.str();
  report.device = options.device;
  report.keys = spec.N;
  rt::JitOptions jitOptions = rt::JitOptions::fromEnvironment();
  if (options.threads)
    jitOptions.threads = options.threads;
  rt::Jit jit(jitOptions);
  fmt::print(stderr, "llsa-run: compile {}\n", variant.name());
  auto keep = jit.get(variant, spec, options.device);
  if (!keep)
    return keep.takeError();
  KernelSpec backwardSpec = spec;
  backwardSpec.pass = Pass::Backward;
  auto backward =
      jit.get(variant, backwardSpec, options.device, &report.compile);
  if (!backward)
    return backward.takeError();
  const Program &program = (*backward)->program();
  report.target = program.target;
  report.threads = jit.numThreads();
  if (const rt::CudaExecutor *executor = (*backward)->cuda())
    report.gpu = executor->device()->name();
  report.workspaceBytes = program.workspaceBytes;
  ForwardReport &forward = report.forward.emplace();
  forward.workspaceBytes = (*keep)->workspaceBytes();
  if (llvm::Error error =
          checkMemory(neededBytes((*keep)->program(), program, options.check),
                      variant.name()))
    return std::move(error);

  auto interpreter = makeInterpreter(variant, plain, program.target);
  if (!interpreter)
    return interpreter.takeError();
  forward.keptBytes = keptBytes((*keep)->program(), *interpreter);
  auto inputs = makeInputs(source, spec, interpreter->inputs());
  if (!inputs)
    return inputs.takeError();
  report.input = inputs->description;
  InputSource random;
  random.seed = options.seed;
  auto ports = gradientPorts((*keep)->program(), program);
  if (!ports)
    return ports.takeError();
  auto gradients = makeInputs(isNpy ? source : random, spec, *ports);
  if (!gradients)
    return gradients.takeError();

  auto kept = makeOutputs((*keep)->program());
  if (!kept)
    return kept.takeError();
  fmt::print(stderr, "llsa-run: run\n");
  if (llvm::Error error = measure(**keep, inputs->tensors, *kept, options,
                                  forward.run, forward.profile))
    return std::move(error);
  NamedTensors all = std::move(inputs->tensors);
  all.merge(gradients->tensors);
  all.merge(*kept);
  auto outputs = makeOutputs(program);
  if (!outputs)
    return outputs.takeError();
  if (llvm::Error error = measure(**backward, all, *outputs, options,
                                  report.run, report.profile))
    return std::move(error);
  if (options.check) {
    auto check = checkBoth({&variant, plain, program.target, &all, &*outputs},
                           {options.samples, options.seed, jit.numThreads()},
                           *interpreter);
    if (!check)
      return check.takeError();
    report.check = std::move(*check);
  }

  if (options.output.empty())
    return report;
  auto folder = parseOutput(options.output);
  if (!folder)
    return folder.takeError();
  auto written = writeOutputs(*folder, *outputs);
  if (!written)
    return written.takeError();
  report.written = std::move(*written);
  return report;
}

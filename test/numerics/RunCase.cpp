//===- RunCase.cpp - compile, run and check a case ------------------------===//
#include "test/numerics/RunCase.h"
#include "runtime/support/Env.h"
#include <chrono>
#include <fmt/format.h>

using namespace llsa;
using namespace llsa::numerics;
using namespace llsa::tools;

llvm::Expected<TestKernel>
TestKernel::create(const std::string &text, KernelSpec spec, unsigned threads) {
  TestKernel out;
  rt::JitOptions options;
  options.threads = threads;
  options.target = rt::env::testDevice();
  out.jit = std::make_unique<rt::Jit>(options);
  rt::Variant variant = rt::Variant::fromSource(text, "case");
  auto interpreter = makeInterpreter(variant, spec, "cpu");
  if (!interpreter)
    return interpreter.takeError();
  out.interpreter =
      std::make_unique<reference::Interpreter>(std::move(*interpreter));
  spec.indices = true;
  auto kernel = out.jit->get(variant, spec);
  if (!kernel)
    return kernel.takeError();
  out.kernel = *kernel;
  return out;
}

llvm::Expected<NamedTensors> TestKernel::run(const NamedTensors &inputs,
                                             Layout layout) const {
  llvm::Expected<NamedTensors> outputs = makeOutputs(kernel->program(), layout);
  if (!outputs)
    return outputs;
  if (llvm::Error error = runOnce(*kernel, inputs, *outputs))
    return error;
  return outputs;
}

/// Makes each element e of `tensor` what `function` says of the old ones.
static void
change(HostTensor &tensor,
       llvm::function_ref<double(const reference::Array &, int64_t)> function) {
  reference::Array old = tensor.toArray();
  tensor.fill([&](int64_t e) { return function(old, e); });
}

llvm::Expected<Inputs>
llsa::numerics::inputsOf(const Case &c, const KernelSpec &spec,
                         const reference::Interpreter &interpreter) {
  InputSource source;
  if (c.data == DataKind::Structured)
    source.kind = InputSource::Kind::Structured;
  source.seed = c.seed;
  auto inputs = makeInputs(source, spec, interpreter.inputs(), c.layout);
  if (!inputs)
    return inputs;
  if (c.data == DataKind::AlikeKeys)
    change(inputs->tensors.at("k"), [&](const reference::Array &k, int64_t e) {
      int64_t head = e / (c.N * c.D);
      return k.data[size_t(head * c.N * c.D + e % c.D)];
    });
  if (c.data == DataKind::Peaked)
    change(inputs->tensors.at("q"), [](const reference::Array &q, int64_t e) {
      return 8 * q.data[size_t(e)];
    });
  return inputs;
}

llvm::Expected<CheckReport> CaseRunner::evaluate(const Case &c) {
  KernelSpec spec = specOf(c);
  std::string text = variantText(c), wanted = spec.str() + text;
  if (!kernel || key != wanted) {
    kernel.reset();
    auto made = TestKernel::create(text, spec);
    if (!made)
      return made.takeError();
    kernel = std::make_unique<TestKernel>(std::move(*made));
    key = wanted;
  }
  auto inputs = inputsOf(c, spec, *kernel->interpreter);
  if (!inputs)
    return inputs.takeError();
  auto outputs = kernel->run(inputs->tensors, c.layout);
  if (!outputs)
    return outputs.takeError();
  return checkRun(*kernel->interpreter, inputs->tensors, *outputs, nullptr);
}

CaseResult CaseRunner::run(const Case &c) {
  llvm::Expected<CheckReport> report = evaluate(c);
  if (!report)
    return {llvm::toString(report.takeError()), {}};
  return {report->message(), *report};
}

CaseResult llsa::numerics::runCase(const Case &c) {
  return CaseRunner().run(c);
}

std::pair<Case, std::string> llsa::numerics::shrink(const Case &c,
                                                    double seconds) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point end =
      Clock::now() +
      std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
  std::pair<Case, std::string> best = {c, runCase(c).failure};
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (const Case &candidate : smallerCases(best.first)) {
      if (Clock::now() > end)
        return best;
      std::string failure = runCase(candidate).failure;
      if (failure.empty())
        continue;
      best = {candidate, failure};
      smaller = true;
      break;
    }
  }
  return best;
}

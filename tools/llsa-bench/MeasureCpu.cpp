//===- MeasureCpu.cpp - one case on the CPU -------------------------------===//
#include "tools/llsa-bench/Measure.h"

#include <algorithm>
#include <chrono>

using namespace llvm;

namespace llsa::bench {

namespace {
struct Set {
  std::vector<tools::TypedArray> inputs, outputs;
};

/// Times of one program, run by run.
struct Samples {
  std::vector<double> runs;
  std::vector<std::vector<double>> steps;

  explicit Samples(const Program &program) : steps(program.steps.size()) {}
  Measurement summary(double compileMs, size_t sets) {
    Measurement out;
    out.run = summarise(std::move(runs));
    for (std::vector<double> &times : steps)
      out.steps.push_back(summarise(std::move(times)).median);
    out.host.compileMs = compileMs;
    out.sets = int64_t(sets);
    return out;
  }
};
} // namespace

static std::vector<tools::TypedArray> makeOutputs(const Program &program) {
  std::vector<tools::TypedArray> outputs;
  for (int64_t b : program.buffersOf(Buffer::Role::Output)) {
    const Buffer &buffer = program.buffers[size_t(b)];
    outputs.push_back(tools::TypedArray(buffer.type, buffer.shape));
  }
  return outputs;
}

/// One run's milliseconds, which go to `samples` unless it warms up.
static Expected<double> runOnce(const rt::CompiledKernel &kernel,
                                ArrayRef<Tensor> inputs,
                                ArrayRef<Tensor> outputs, bool warmsUp,
                                Samples &samples) {
  std::vector<double> stepTimes;
  auto start = std::chrono::steady_clock::now();
  if (Error error = kernel.run(inputs, outputs, nullptr, 0, &stepTimes))
    return std::move(error);
  double ms = std::chrono::duration<double, std::milli>(
                  std::chrono::steady_clock::now() - start)
                  .count();
  if (warmsUp)
    return ms;
  samples.runs.push_back(ms);
  for (size_t s = 0; s < samples.steps.size(); ++s)
    samples.steps[s].push_back(stepTimes[s]);
  return ms;
}

/// Calls `run(set, warmsUp)`, which gives milliseconds, for sets in turn, first
/// to warm up, then until that is enough.
static Error
repeat(const Effort &effort, size_t sets,
       function_ref<Expected<double>(size_t set, bool warmsUp)> run) {
  double spent = 0;
  unsigned wanted = std::max(effort.repeat, 3u);
  for (unsigned i = 0; i <= wanted; ++i) {
    Expected<double> ms = run(i % sets, /*warmsUp=*/i == 0);
    if (!ms)
      return ms.takeError();
    if (i > 0 && (spent += *ms) > effort.seconds * 1e3 && i >= 3)
      break;
  }
  return Error::success();
}

Expected<Result> measureOnCpu(rt::Jit &jit, const rt::Variant &variant,
                              const Case &wanted, const std::string &inputKind,
                              const Effort &effort) {
  rt::JitReport report;
  auto kernel = jit.get(variant, wanted.spec, {}, &report);
  if (!kernel)
    return kernel.takeError();
  const Program &program = (*kernel)->program();
  std::vector<Set> sets;
  for (uint64_t seed = 1; seed <= effort.sets; ++seed)
    sets.push_back(
        {makeInputs(program, inputKind, seed), makeOutputs(program)});
  Samples samples(program);
  if (Error error = repeat(effort, sets.size(), [&](size_t i, bool warmsUp) {
        return runOnce(**kernel, views(sets[i].inputs), views(sets[i].outputs),
                       warmsUp, samples);
      }))
    return std::move(error);
  return Result{*kernel, samples.summary(report.milliseconds, sets.size())};
}

Expected<GradResult> measureGradOnCpu(rt::Jit &jit, const rt::Variant &variant,
                                      const Case &wanted,
                                      const std::string &inputKind,
                                      const Effort &effort) {
  KernelSpec spec = wanted.spec;
  spec.pass = Pass::Keep;
  rt::JitReport forwardReport, backwardReport;
  auto forward = jit.get(variant, spec, {}, &forwardReport);
  if (!forward)
    return forward.takeError();
  spec.pass = Pass::Backward;
  auto backward = jit.get(variant, spec, {}, &backwardReport);
  if (!backward)
    return backward.takeError();
  const Program &first = (*forward)->program(),
                &second = (*backward)->program();
  std::vector<Set> sets, gradients;
  std::vector<std::vector<Tensor>> reads; // of the backward
  for (uint64_t seed = 1; seed <= effort.sets; ++seed) {
    sets.push_back({makeInputs(first, inputKind, seed), makeOutputs(first)});
    NamedViews known;
    addViews(known, first, Buffer::Role::Input, views(sets.back().inputs));
    addViews(known, first, Buffer::Role::Output, views(sets.back().outputs));
    gradients.push_back(
        {makeUnknown(second, known, seed), makeOutputs(second)});
    reads.push_back(readsOf(second, known, views(gradients.back().inputs)));
  }
  Samples firstSamples(first), secondSamples(second);
  std::vector<double> both;
  if (Error error = repeat(
          effort, sets.size(), [&](size_t i, bool warmsUp) -> Expected<double> {
            auto ms = runOnce(**forward, views(sets[i].inputs),
                              views(sets[i].outputs), warmsUp, firstSamples);
            if (!ms)
              return ms;
            auto more =
                runOnce(**backward, reads[i], views(gradients[i].outputs),
                        warmsUp, secondSamples);
            if (!more)
              return more;
            if (!warmsUp)
              both.push_back(*ms + *more);
            return *ms + *more;
          }))
    return std::move(error);
  GradResult result{*forward, *backward, {}};
  result.measured.forward =
      firstSamples.summary(forwardReport.milliseconds, sets.size());
  result.measured.backward =
      secondSamples.summary(backwardReport.milliseconds, sets.size());
  result.measured.both = summarise(std::move(both));
  result.measured.keptBytes = keptBytes(first);
  return std::move(result);
}

} // namespace llsa::bench

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
} // namespace

Expected<Result> measureOnCpu(rt::Jit &jit, const rt::Variant &variant,
                              const Case &wanted, const std::string &inputKind,
                              const Effort &effort) {
  rt::JitReport report;
  auto kernel = jit.get(variant, wanted.spec, {}, &report);
  if (!kernel)
    return kernel.takeError();
  const Program &program = (*kernel)->program();
  std::vector<Set> sets;
  for (uint64_t seed = 1; seed <= effort.sets; ++seed) {
    Set set{makeInputs(program, inputKind, seed), {}};
    for (int64_t b : program.buffersOf(Buffer::Role::Output)) {
      const Buffer &buffer = program.buffers[size_t(b)];
      set.outputs.push_back(tools::TypedArray(buffer.type, buffer.shape));
    }
    sets.push_back(std::move(set));
  }
  std::vector<double> runs;
  std::vector<std::vector<double>> steps(program.steps.size());
  double spent = 0;
  unsigned wantedRuns = std::max(effort.repeat, 3u);
  for (unsigned i = 0; i <= wantedRuns; ++i) {
    const Set &set = sets[i % sets.size()];
    std::vector<double> stepTimes;
    auto start = std::chrono::steady_clock::now();
    if (Error error = (*kernel)->run(views(set.inputs), views(set.outputs),
                                     nullptr, 0, &stepTimes))
      return std::move(error);
    double ms = std::chrono::duration<double, std::milli>(
                    std::chrono::steady_clock::now() - start)
                    .count();
    if (i == 0)
      continue; // warm-up
    runs.push_back(ms);
    for (size_t s = 0; s < steps.size(); ++s)
      steps[s].push_back(stepTimes[s]);
    if ((spent += ms) > effort.seconds * 1e3 && runs.size() >= 3)
      break;
  }
  Result result;
  result.kernel = *kernel;
  result.measured.run = summarise(std::move(runs));
  for (std::vector<double> &times : steps)
    result.measured.steps.push_back(summarise(std::move(times)).median);
  result.measured.host.compileMs = report.milliseconds;
  result.measured.sets = int64_t(sets.size());
  return result;
}

} // namespace llsa::bench

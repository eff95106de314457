//===- llsa-bench.cpp - how fast variants run -----------------------------===//
//
// Runs the cases of a suite on several input sets and prints a table, or one
// JSON object per case. The rate of a kernel is its flops (as --explain counts
// them) over its time, beside the machine's measured multiply-add peak.
//
//===----------------------------------------------------------------------===//

#include "runtime/jit/Jit.h"
#include "runtime/support/Env.h"
#include "tools/llsa-bench/Peak.h"
#include "tools/llsa-bench/Suite.h"
#include "tools/io/Tokens.h"
#include "tools/io/TypedArray.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <thread>

using namespace llsa;

namespace {

struct Options {
  std::string suite, variants = LLSA_VARIANTS_DIR, input = "random";
  unsigned threads = 0, repeat = 7;
  double seconds = 3;
  bool json = false, noPeak = false;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Inputs and outputs of a program in its own types.
struct Arguments {
  std::vector<tools::TypedArray> inputs, outputs;
  std::vector<Tensor> inputViews() const { return views(inputs); }
  std::vector<Tensor> outputViews() const { return views(outputs); }
  static std::vector<Tensor> views(const std::vector<tools::TypedArray> &arrays) {
    std::vector<Tensor> result;
    for (const tools::TypedArray &array : arrays)
      result.push_back(array.view());
    return result;
  }
};

llvm::Expected<Arguments> makeArguments(const Program &program, const std::string &kind,
                                        uint64_t seed) {
  const KernelSpec &spec = program.spec;
  tools::TokenShape shape{spec.B, spec.H, spec.Hkv, spec.M, spec.N, spec.D};
  tools::Tokens tokens = kind == "structured" ? tools::structuredTokens(shape, seed)
                                              : tools::randomTokens(shape, seed);
  Arguments arguments;
  for (int64_t b : program.buffersOf(Buffer::Role::Input)) {
    const Buffer &buffer = program.buffers[b];
    const std::vector<float> *values = buffer.name == "q"   ? &tokens.q
                                       : buffer.name == "k" ? &tokens.k
                                       : buffer.name == "v" ? &tokens.v
                                                            : nullptr;
    std::vector<float> other;
    if (!values) {
      tools::TokenShape flat{1, 1, 1, buffer.numElements(), 1, 1};
      other = tools::randomTokens(flat, seed + b).q;
      values = &other;
    }
    arguments.inputs.push_back(tools::TypedArray::fromFloats(buffer.type, buffer.shape, *values));
  }
  for (int64_t b : program.buffersOf(Buffer::Role::Output)) {
    const Buffer &buffer = program.buffers[b];
    arguments.outputs.push_back(tools::TypedArray(buffer.type, buffer.shape));
  }
  return arguments;
}

struct Result {
  double median = 0, low = 0, high = 0; ///< milliseconds of a run
  std::vector<double> steps;            ///< median per step
  double compile = 0;
};

llvm::Expected<Result> measure(rt::Jit &jit, const bench::Case &wanted, const Options &options,
                               std::shared_ptr<const rt::CompiledKernel> &kernel) {
  std::string path = wanted.variant;
  if (!std::filesystem::exists(path))
    path = options.variants + "/" + wanted.variant + ".mlir";
  llvm::Expected<rt::Variant> variant = rt::Variant::fromFile(path);
  if (!variant)
    return variant.takeError();
  rt::JitReport report;
  auto got = jit.get(*variant, wanted.spec, {}, &report);
  if (!got)
    return got.takeError();
  kernel = *got;

  // Several input sets in turn, so that no run finds its own inputs cached.
  std::vector<Arguments> sets;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    llvm::Expected<Arguments> arguments = makeArguments(kernel->program(), options.input, seed);
    if (!arguments)
      return arguments.takeError();
    sets.push_back(std::move(*arguments));
  }
  std::vector<double> runs;
  std::vector<std::vector<double>> steps(kernel->program().steps.size());
  double spent = 0;
  for (unsigned i = 0; i <= options.repeat || i < 4; ++i) {
    const Arguments &set = sets[i % sets.size()];
    std::vector<double> stepTimes;
    auto start = std::chrono::steady_clock::now();
    if (llvm::Error error = kernel->run(set.inputViews(), set.outputViews(), nullptr, 0, &stepTimes))
      return std::move(error);
    double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                    .count();
    if (i == 0)
      continue; // warm-up
    runs.push_back(ms);
    for (size_t s = 0; s < steps.size(); ++s)
      steps[s].push_back(stepTimes[s]);
    if ((spent += ms) > options.seconds * 1e3 && runs.size() >= 3)
      break;
  }
  Result result;
  result.compile = report.milliseconds;
  result.median = median(runs);
  result.low = *std::min_element(runs.begin(), runs.end());
  result.high = *std::max_element(runs.begin(), runs.end());
  for (std::vector<double> &times : steps)
    result.steps.push_back(median(times));
  return result;
}

int fail(const std::string &message) {
  fmt::print(stderr, "llsa-bench: {}\n", message);
  return 1;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  options.suite = std::string(LLSA_SUITES_DIR) + "/cpu.json";
  CLI::App app("Measure variants on this CPU");
  app.add_option("suite", options.suite, "suite of cases (JSON)");
  app.add_option("--variants", options.variants, "folder of the variants that a suite names");
  app.add_option("--input", options.input, "random or structured")
      ->check(CLI::IsMember({"random", "structured"}));
  app.add_option("--threads", options.threads, "threads (default: all)");
  app.add_option("--repeat", options.repeat, "runs per case after a warm-up");
  app.add_option("--seconds", options.seconds, "stop repeating a case after this time");
  app.add_flag("--json", options.json, "one JSON object per case, no table");
  app.add_flag("--no-peak", options.noPeak, "do not measure the machine's peak");
  CLI11_PARSE(app, argc, argv);
  rt::env::reportUnknownVariables();

  auto suite = bench::readSuite(options.suite);
  if (!suite)
    return fail(llvm::toString(suite.takeError()));
  rt::JitOptions jitOptions = rt::JitOptions::fromEnvironment();
  if (options.threads)
    jitOptions.threads = options.threads;
  rt::Jit jit(jitOptions);
  double peak = options.noPeak ? 0 : bench::measurePeakFlops(jit.numThreads());
  if (!options.json) {
    fmt::print("{} threads", jit.numThreads());
    if (peak > 0)
      fmt::print(", measured peak {:.1f} GFLOP/s", peak * 1e-9);
    fmt::print(", {} input\n\n{:<8} {:<52} {:>9} {:>17} {:>9} {:>9} {:>7}\n", options.input,
               "variant", "spec", "ms", "min - max", "attend ms", "GFLOP/s", "of peak");
  }
  for (const bench::Case &wanted : *suite) {
    std::shared_ptr<const rt::CompiledKernel> kernel;
    auto result = measure(jit, wanted, options, kernel);
    if (!result)
      return fail(fmt::format("{} {}: {}", wanted.variant, wanted.spec.str(),
                              llvm::toString(result.takeError())));
    const Program &program = kernel->program();
    // The attend part is what the rate is about; the other steps move memory.
    double attendMs = 0, attendFlops = 0;
    nlohmann::json steps = nlohmann::json::array();
    for (size_t s = 0; s < program.steps.size(); ++s) {
      const Kernel &k = program.kernels[program.steps[s].kernel];
      if (llvm::StringRef(k.name).starts_with("attend")) {
        attendMs += result->steps[s];
        attendFlops += k.flops;
      }
      steps.push_back({{"kernel", k.name}, {"ms", result->steps[s]}, {"flops", k.flops}});
    }
    double rate = attendMs > 0 ? attendFlops / (attendMs * 1e-3) : 0;
    if (options.json) {
      nlohmann::json line = {{"variant", program.variant}, {"spec", wanted.spec.str()},
                             {"threads", jit.numThreads()}, {"input", options.input},
                             {"run_ms", result->median}, {"min_ms", result->low},
                             {"max_ms", result->high}, {"compile_ms", result->compile},
                             {"workspace_bytes", program.workspaceBytes}, {"steps", steps},
                             {"attend_flops_per_s", rate}, {"peak_flops_per_s", peak}};
      fmt::print("{}\n", line.dump());
    } else {
      fmt::print("{:<8} {:<52} {:>9.2f} {:>17} {:>9.2f} {:>9.1f} {:>7}\n", program.variant,
                 wanted.spec.str(), result->median,
                 fmt::format("{:.2f} - {:.2f}", result->low, result->high), attendMs, rate * 1e-9,
                 peak > 0 ? fmt::format("{:.0f}%", 100 * rate / peak) : "-");
    }
    std::fflush(stdout);
  }
  return 0;
}

//===- llsa-bench.cpp - how fast variants run -----------------------------===//
//
//   llsa-bench                             the CPU's suite
//   llsa-bench --device=cuda               the GPU's
//   llsa-bench suites/gpu-loglinear.json   another one, where it says
//   llsa-bench --grad                      forward and backward
//
// Runs the cases of a suite and prints a table, or one JSON object per case.
//
//===----------------------------------------------------------------------===//
#include "runtime/support/Env.h"
#include "tools/io/CommandLine.h"
#include "tools/llsa-bench/Measure.h"
#include "tools/llsa-bench/Peak.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>

using namespace llsa;

namespace {

struct Options {
  std::string suite, device, variants = LLSA_VARIANTS_DIR, input = "random";
  std::string output;
  std::vector<std::string> only;
  unsigned threads = 0;
  bench::Effort effort;
  double peak = 0; ///< TFLOP/s
  bool json = false, noPeak = false, grad = false;
};

int fail(const std::string &message) {
  tools::flushOutput();
  fmt::print(stderr, "llsa-bench: {}\n", message);
  return 1;
}

/// Bounds that no machine and nobody's patience reaches.
constexpr double kMostSeconds = 1e6, kMostTeraflops = 1e6;

std::string cannotWrite(const std::string &path) {
  return fmt::format("cannot write '{}': {}", path, std::strerror(errno));
}

/// Whether a case was asked for: no filter, or a part of its name.
bool isWanted(const Options &options, const bench::Case &candidate) {
  for (const std::string &part : options.only)
    if (candidate.name.find(part) != std::string::npos)
      return true;
  return options.only.empty();
}

llvm::Expected<rt::Variant> loadVariant(const Options &options,
                                        const std::string &name) {
  if (std::filesystem::exists(name))
    return rt::Variant::fromFile(name);
  return rt::Variant::fromFile(options.variants + "/" + name + ".mlir");
}

/// What runs cases, and what is said about all of them.
struct Machine {
  std::unique_ptr<rt::Jit> jit;         ///< a CPU
  std::optional<rt::CudaStream> stream; ///< a GPU
  bench::Setting setting;
};

llvm::Expected<Machine> openMachine(const Options &options) {
  Machine machine;
  bench::Setting &setting = machine.setting;
  setting.device = options.device;
  setting.input = options.input;
  if (!rt::CudaDevice::isDeviceText(options.device)) {
    rt::JitOptions jitOptions = rt::JitOptions::fromEnvironment();
    jitOptions.target = options.device;
    if (options.threads)
      jitOptions.threads = options.threads;
    machine.jit = std::make_unique<rt::Jit>(jitOptions);
    setting.threads = machine.jit->numThreads();
    if (!options.noPeak)
      setting.ceilings.flopsPerSecond =
          bench::measurePeakFlops(setting.threads);
    return std::move(machine);
  }
  // "Cold" is without the driver's own cache of assembled code, too.
  setenv("CUDA_CACHE_DISABLE", "1", /*overwrite=*/0);
  auto device = rt::CudaDevice::parse(options.device);
  if (!device)
    return device.takeError();
  setting.name = (*device)->name();
  auto stream = rt::CudaStream::create(*device);
  if (!stream)
    return stream.takeError();
  machine.stream.emplace(std::move(*stream));
  if (!options.noPeak) {
    auto rate = bench::measureCopyRate(*machine.stream);
    if (!rate)
      return rate.takeError();
    setting.ceilings.bytesPerSecond = *rate;
  }
  setting.ceilings.flopsPerSecond = options.peak * 1e12;
  return std::move(machine);
}

const char *defaultSuite(const Options &options) {
  if (!rt::CudaDevice::isDeviceText(options.device))
    return "/cpu.json";
  return options.grad ? "/gpu-grad.json" : "/gpu-forward.json";
}

/// What one case gave, as text.
struct Row {
  std::string json, table;
};

llvm::Expected<Row> measure(const Options &options, const Machine &machine,
                            bench::InputMaker &inputs,
                            const bench::Case &wanted) {
  auto variant = loadVariant(options, wanted.variant);
  if (!variant)
    return variant.takeError();
  if (options.grad) {
    auto result =
        machine.stream
            ? bench::measureGradOnCuda(*machine.stream, options.device,
                                       *variant, wanted, inputs, options.effort)
            : bench::measureGradOnCpu(*machine.jit, *variant, wanted,
                                      options.input, options.effort);
    if (!result)
      return result.takeError();
    const Program &forward = result->forward->program(),
                  &backward = result->backward->program();
    return Row{
        jsonLine(machine.setting, wanted, forward, backward, result->measured),
        tableRows(machine.setting, wanted, forward, backward,
                  result->measured)};
  }
  auto result =
      machine.stream
          ? bench::measureOnCuda(*machine.stream, options.device, *variant,
                                 wanted, inputs, options.effort)
          : bench::measureOnCpu(*machine.jit, *variant, wanted, options.input,
                                options.effort);
  if (!result)
    return result.takeError();
  const Program &program = result->kernel->program();
  return Row{jsonLine(machine.setting, wanted, program, result->measured),
             tableRows(machine.setting, wanted, program, result->measured)};
}

int run(Options options) {
  if (options.suite.empty())
    options.suite = std::string(LLSA_SUITES_DIR) + defaultSuite(options);
  auto suite = bench::readSuite(options.suite);
  if (!suite)
    return fail(llvm::toString(suite.takeError()));
  if (options.device.empty())
    options.device = suite->device;
  std::FILE *lines = nullptr;
  if (!options.output.empty() &&
      !(lines = std::fopen(options.output.c_str(), "a")))
    return fail(cannotWrite(options.output));
  auto machine = openMachine(options);
  if (!machine)
    return fail(llvm::toString(machine.takeError()));
  if (!options.effort.repeat)
    options.effort.repeat = machine->stream ? 20 : 7;
  bench::InputMaker inputs(options.input);
  if (!options.json)
    fmt::print("{}", tableHead(machine->setting));
  tools::flushOutput();
  int failures = 0;
  for (const bench::Case &wanted : suite->cases) {
    if (!isWanted(options, wanted))
      continue;
    auto result = measure(options, *machine, inputs, wanted);
    if (!result) { // the others may still be of use
      failures += fail(fmt::format("{}: {}", wanted.name,
                                   llvm::toString(result.takeError())));
      continue;
    }
    // Line by line: what was measured is there if a later case takes too long.
    if (lines && (std::fputs((result->json + "\n").c_str(), lines) < 0 ||
                  std::fflush(lines) != 0))
      return fail(cannotWrite(options.output));
    if (options.json)
      fmt::print("{}\n", result->json);
    else
      fmt::print("{}", result->table);
    tools::flushOutput();
  }
  if (lines && std::fclose(lines) != 0)
    return fail(cannotWrite(options.output));
  return failures ? 1 : 0;
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  CLI::App app("Measures attention variants on this CPU or on a GPU.",
               "llsa-bench");
  app.add_option("suite", options.suite,
                 "suite of cases (JSON); by default the device's");
  app.add_option("--device", options.device,
                 "cpu, cuda or cuda:NUMBER; by default where the suite says");
  app.add_option("--variants", options.variants,
                 "folder of the variants that a suite names")
      ->capture_default_str();
  app.add_flag("--grad", options.grad,
               "the forward that keeps what its backward needs, and that "
               "backward");
  app.add_option("--only", options.only,
                 "cases with this in their name; may be repeated");
  app.add_option("--input", options.input, "random or structured")
      ->check(CLI::IsMember({"random", "structured"}))
      ->capture_default_str();
  app.add_option("--sets", options.effort.sets, "input sets that take turns")
      ->check(tools::integerOf(1, 16))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "of a CPU; 0: all")
      ->capture_default_str()
      ->check(tools::integerOf(0, rt::env::kMostThreads));
  app.add_option("--repeat", options.effort.repeat,
                 "samples per case after a warm-up; 0: 7 on a CPU, 20 on a GPU")
      ->capture_default_str()
      ->check(tools::integerOf(0, tools::kMostCount));
  app.add_option("--seconds", options.effort.seconds,
                 "no more samples of a case after this time")
      ->capture_default_str()
      ->check(tools::numberOf(0, kMostSeconds));
  app.add_option("--rest", options.effort.rest,
                 "GPU: seconds without work before each measurement, so that "
                 "the clocks are not lowered for what ran before; 0: as under "
                 "lasting load")
      ->check(tools::numberOf(0, 60))
      ->capture_default_str();
  app.add_option("--peak-tflops", options.peak,
                 "the GPU's rate of matrix products, for the roof "
                 "(tools/bench/peers.py measures it)")
      ->check(tools::numberOf(0, kMostTeraflops));
  app.add_flag("--json", options.json, "one JSON object per case, no table");
  app.add_option("--output", options.output,
                 "append one JSON object per case to this file");
  app.add_flag("--no-peak", options.noPeak,
               "do not measure what the machine can do");
  return tools::runTool(app, argc, argv, [&] {
    rt::env::reportUnknownVariables();
    return run(options);
  });
}

//===- llsa-run.cpp - compile, run, compare, time -------------------------===//
//
//   llsa-run FILE --spec=B=1,H=8,N=4096,D=64,dtype=f32 --check
//
// Exit status: 0 when all went well, 1 for an error or a failed check.
//
//===----------------------------------------------------------------------===//
#include "runtime/support/Env.h"
#include "runtime/support/OutOfMemory.h"
#include "tools/io/CommandLine.h"
#include "tools/llsa-run/Run.h"
#include <fmt/format.h>

using namespace llsa::tools;

/// The exit status.
static int run(const RunOptions &options) {
  llvm::Expected<Report> report = runVariant(options);
  if (!report) {
    fmt::print(stderr, "llsa-run: {}\n", llvm::toString(report.takeError()));
    return 1;
  }
  fmt::print("{}", reportText(*report));
  if (options.json)
    fmt::print("{}\n", reportJSON(*report));
  if (report->check && !report->check->ok()) {
    flushOutput();
    fmt::print(stderr, "llsa-run: check failed: {}\n",
               report->check->message());
    return 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  llsa::rt::exitWhenOutOfMemory("llsa-run");
  RunOptions options;
  CLI::App app("Compiles an attention variant, runs it, and says whether and "
               "how fast it works.",
               "llsa-run");
  app.add_option("FILE", options.file, "the variant, a .mlir file")->required();
  app.add_option("--spec", options.spec,
                 "sizes and element type: B=1,H=8,N=4096,D=64,dtype=f32, then "
                 "optionally Hkv, M, levels, block, topk, scale, lse")
      ->required();
  app.add_option("--device", options.device,
                 "where it runs: cpu, cuda, cuda:NUMBER, emulator or "
                 "emulator:TARGET (sm_80, sm_89, sm_90a, sm_100a, sm_120a)")
      ->capture_default_str();
  app.add_option("--device-functions", options.deviceFunctions,
                 "CUDA C++ (or .ptx) with the functions that score and mask "
                 "regions call");
  app.add_option("--input", options.input,
                 "random, structured, image:PATH (PNG or JPEG), or npy:DIR "
                 "with q.npy, k.npy, v.npy and one file per further argument")
      ->capture_default_str();
  app.add_option("--output", options.output,
                 "npy:DIR: write o.npy, lse.npy, i1.npy, ...");
  app.add_flag("--grad", options.grad,
               "run the backward, too: inputs do.npy (and dlse.npy), outputs "
               "dq.npy, dk.npy, dv.npy, ...");
  app.add_flag("--check", options.check,
               "compare with the float64 reference; status 1 if it differs");
  app.add_option("--samples", options.samples,
                 "queries per head that --check looks at; 0: all. With --grad "
                 "also: gradients of keys in all heads, not in some")
      ->capture_default_str()
      ->check(integerOf(0, kMostCount));
  app.add_option("--compare", options.compare,
                 "time another variant on the same inputs");
  app.add_option("--picture", options.picture,
                 "draw what the middle query of an image attends to (PNG)");
  app.add_flag("--profile", options.profile,
               "the time of each kernel; marks NVTX ranges");
  app.add_flag("--json", options.json, "end with one line of JSON");
  app.add_option("--seed", options.seed, "of random inputs and samples")
      ->capture_default_str()
      ->check(integerOf(0));
  app.add_option("--repeat", options.repeat,
                 "timed runs; 0: as many as a second holds")
      ->capture_default_str()
      ->check(integerOf(0, kMostCount));
  app.add_option("--threads", options.threads, "0: all")
      ->capture_default_str()
      ->check(integerOf(0, llsa::rt::env::kMostThreads));
  return runTool(app, argc, argv, [&] { return run(options); });
}

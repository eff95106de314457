//===- GpuShapesTest.cpp - every shape has kernels for every GPU ----------===//
//
// What a schedule promises (algorithm.md's range, whatever the target): random
// variants at the sizes of real ones become tiles whose rings fit into shared
// memory. Nothing is run, so it costs a hundredth of a second a program.
//
//===----------------------------------------------------------------------===//
#include "compiler/driver/Compiler.h"
#include "compiler/schedule/TargetInfo.h"
#include "test/numerics/ForEachCase.h"
#include "tools/io/Random.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <mutex>

using namespace llsa;
using namespace llsa::numerics;

namespace {

/// The case's variant at other sizes.
Case atFullSize(Case c) {
  tools::Random dice(c.seed, /*stream=*/31);
  c.D = 16 + 8 * int64_t(dice.bits(0) % 31); // to 256
  // Indices that are an argument name blocks of the case's own keys.
  if (c.form == Case::Form::Sources)
    return c;
  bool cross = c.M != c.N;
  c.N += int64_t(dice.bits(1) % 5000);
  c.M = cross ? c.M + int64_t(dice.bits(2) % 3000) : c.N;
  return c;
}

/// What the compiler says against it, at any GPU.
std::string compileForEveryGpu(const Case &c, int64_t &programs) {
  Compiler compiler;
  std::string text = variantText(c);
  for (llvm::StringRef target : gpuTargets())
    for (Pass pass : {Pass::Forward, Pass::Backward}) {
      KernelSpec spec = specOf(c);
      spec.pass = pass;
      CompileOptions options;
      options.target = target.str();
      options.threads = 1;
      auto result =
          compiler.compileTo(Stage::Staged, text, "case", spec, options);
      if (!result)
        return fmt::format("{}, {}:\n{}\n{}", target.str(), spec.str(),
                           llvm::toString(result.takeError()), text);
      ++programs;
    }
  return "";
}

} // namespace

TEST(GpuShapes, RandomVariantsFitIntoEveryGpu) {
  struct NoState {};
  std::mutex mutex;
  int64_t programs = 0;
  std::vector<std::string> failures;
  Options options = Options::get();
  options.casesPerKernel = 1;               // inputs play no part
  options.cases = (options.cases + 9) / 10; // of ten programs each
  double seconds = forEachCase<NoState>(options, [&](NoState &, const Case &c) {
    int64_t own = 0;
    std::string failure = compileForEveryGpu(atFullSize(c), own);
    std::lock_guard<std::mutex> lock(mutex);
    programs += own;
    if (!failure.empty())
      failures.push_back(fmt::format("case {}: {}", c.seed, failure));
  });
  fmt::print("{} programs in {:.0f} s\n", programs, seconds);
  if (!failures.empty())
    ADD_FAILURE() << failures.size() << " of " << options.cases
                  << " cases failed, as this one:\n"
                  << failures.front();
}

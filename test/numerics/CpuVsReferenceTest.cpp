//===- CpuVsReferenceTest.cpp - random cases against the reference --------===//
//
//   llsa-numerics-tests                         2,000 cases from seed 1
//   llsa-numerics-tests --cases=N --first=SEED  others
//   llsa-numerics-tests --show=SEED             one case: its variant and
//   result LLSA_TEST_DEVICE=emulator:sm_80 llsa-numerics-tests    on another
//   device
//
// The first case that fails is made smaller and printed as a variant and a
// command line. Cases with a compiler's refusal fail too: everything drawn here
// must work.
//
//===----------------------------------------------------------------------===//
#include "test/numerics/ForEachCase.h"
#include "test/numerics/RunCase.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <mutex>

using namespace llsa;
using namespace llsa::numerics;

namespace {
/// What all threads found together.
struct Tally {
  std::mutex mutex;
  int64_t cases = 0, outputs = 0, indexRows = 0, ties = 0;
  int64_t byForm[3] = {}, byDtype[3] = {}, crossAttention = 0, groupedHeads = 0,
          withRegion = 0;
  double worst = 0; ///< greatest error / allowed error
  uint64_t worstSeed = 0;
  std::vector<uint64_t> failed;

  void add(const Case &c, const CaseResult &result) {
    std::lock_guard<std::mutex> lock(mutex);
    if (++cases % 250 == 0) {
      fmt::print("{} cases done\n", cases);
      std::fflush(stdout);
    }
    ++byForm[static_cast<int>(c.form)];
    ++byDtype[static_cast<int>(c.dtype)];
    crossAttention += c.M != c.N;
    groupedHeads += c.H != c.Hkv;
    withRegion += c.score != ScoreKind::None || c.mask != MaskKind::None;
    outputs += static_cast<int64_t>(result.report.outputs.size());
    indexRows += result.report.indices.rows;
    ties += result.report.indices.ties;
    if (!result.failure.empty())
      failed.push_back(c.seed);
    const tools::OutputCheck *output = result.report.worst();
    if (!output || output->comparison.allowedError == 0)
      return;
    double share =
        output->comparison.maxError / output->comparison.allowedError;
    if (share > worst) {
      worst = share;
      worstSeed = c.seed;
    }
  }
};
} // namespace

TEST(CpuVsReference, RandomCases) {
  Options &options = Options::get();
  Tally tally;
  double seconds =
      forEachCase<CaseRunner>(options, [&](CaseRunner &runner, const Case &c) {
        tally.add(c, runner.run(c));
      });

  fmt::print("{} cases (seeds {} to {}) in {:.0f} s: {} hierarchies, {} "
             "written-out, {} linear; "
             "{} f32, {} bf16, {} f16; {} cross attentions, {} with grouped "
             "heads, {} with a "
             "region\n",
             tally.cases, options.first, options.first + options.cases - 1,
             seconds, tally.byForm[0], tally.byForm[1], tally.byForm[2],
             tally.byDtype[0], tally.byDtype[1], tally.byDtype[2],
             tally.crossAttention, tally.groupedHeads, tally.withRegion);
  fmt::print("{} results compared, the worst with {:.2f} of the allowed error "
             "(seed {}); "
             "{} index rows compared, {} legitimate ties\n",
             tally.outputs, tally.worst, tally.worstSeed, tally.indexRows,
             tally.ties);
  if (tally.failed.empty())
    return;
  std::sort(tally.failed.begin(), tally.failed.end());
  auto [smallest, failure] =
      shrink(randomCase(tally.failed.front(), options.casesPerKernel), 40);
  ADD_FAILURE() << fmt::format(
      "{} of {} cases failed (seeds {}). The first, made smaller:\n{}\n{}",
      tally.failed.size(), tally.cases,
      fmt::join(tally.failed.begin(),
                tally.failed.begin() +
                    std::min<size_t>(tally.failed.size(), 20),
                ", "),
      failure, describe(smallest));
}

/// Streams that are longer than their rings, and of unlike length.
TEST(CpuVsReference, FewBlocksOfManyTokens) {
  CaseRunner runner;
  uint64_t count = std::min<uint64_t>(Options::get().cases, 40);
  for (uint64_t seed = 1; seed <= count; ++seed) {
    Case c = fewBlocksCase(seed);
    EXPECT_EQ(runner.run(c).failure, "") << describe(c);
  }
}

/// The shrinker itself: with a made-up fault, it ends at the smallest case.
TEST(CpuVsReference, CasesAreReproducibleAndGetSmaller) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Case c = randomCase(seed);
    EXPECT_EQ(describe(c), describe(randomCase(seed)));
    // Follow the last candidate: it must end, and at a case with one key.
    int steps = 0;
    for (std::vector<Case> smaller; !(smaller = smallerCases(c)).empty();
         ++steps) {
      ASSERT_LT(steps, 100000);
      c = smaller.front();
    }
    EXPECT_EQ(c.N, 1);
    EXPECT_EQ(c.M, 1);
    EXPECT_EQ(c.D, 8);
    EXPECT_EQ(c.B * c.H, 1);
  }
}

/// The check can fail: another variant's results are not accepted.
TEST(CpuVsReference, WrongResultsAreFound) {
  Case c = randomCase(1);
  c.form = Case::Form::Hierarchy;
  c.N = c.M = 100;
  c.score = ScoreKind::None;
  c.mask = MaskKind::None;
  Case other = c;
  other.scale = 0.3;
  auto kernel = TestKernel::create(variantText(c), specOf(c));
  auto wrong = TestKernel::create(variantText(c), specOf(other));
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
  ASSERT_TRUE(bool(wrong)) << llvm::toString(wrong.takeError());
  auto inputs = tools::makeInputs({}, specOf(c), kernel->interpreter->inputs());
  ASSERT_TRUE(bool(inputs)) << llvm::toString(inputs.takeError());
  auto outputs = wrong->run(inputs->tensors);
  ASSERT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
  auto report =
      tools::checkRun(*kernel->interpreter, inputs->tensors, *outputs, nullptr);
  ASSERT_TRUE(bool(report)) << llvm::toString(report.takeError());
  EXPECT_FALSE(report->ok());
}

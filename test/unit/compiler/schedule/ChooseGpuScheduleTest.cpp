//===- ChooseGpuScheduleTest.cpp ------------------------------------------===//
#include "compiler/schedule/ChooseSchedule.h"
#include <gtest/gtest.h>

using namespace llsa;

/// Log-linear attention with blocks of 16: fine blocks and a dense rest.
static Problem attend(int64_t depth, int64_t elementBytes = 2,
                      int64_t queries = 65536) {
  Problem problem;
  problem.kind = Problem::Kind::Attend;
  problem.queries = queries;
  problem.depth = depth;
  problem.elementBytes = elementBytes;
  problem.granule = 16;
  problem.keys = {128, 256};
  problem.blocks = {16};
  return problem;
}

static Schedule choose(const Problem &problem,
                       llvm::StringRef target = "sm_90a") {
  return chooseSchedule(problem, llvm::cantFail(parseTargetInfo(target)));
}

/// Bytes of the rings of keys and values: the CTA's own, or all warps'.
static int64_t sharedBytes(const Problem &problem, const Schedule &schedule) {
  int64_t row = 2 * problem.depth * problem.elementBytes;
  return schedule.stages * row *
         std::max(schedule.cols, schedule.warps * schedule.privateCols);
}

TEST(ChooseGpuSchedule, EightWarpsShareACta) {
  Schedule schedule = choose(attend(64));
  EXPECT_EQ(schedule.rows, 16);
  EXPECT_EQ(schedule.warps, 8);
  EXPECT_EQ(schedule.cols, 64);
  EXPECT_EQ(schedule.privateCols, 16);
  EXPECT_EQ(schedule.stages, 3);
  EXPECT_EQ(schedule.ctas, 2);
}

TEST(ChooseGpuSchedule, RingsFitEveryTarget) {
  for (llvm::StringRef target : gpuTargets())
    for (int64_t depth : {16, 24, 64, 128, 200, 256})
      for (int64_t bytes : {2, 4}) {
        Problem problem = attend(depth, bytes);
        Schedule schedule = choose(problem, target);
        EXPECT_LT(sharedBytes(problem, schedule),
                  llvm::cantFail(parseTargetInfo(target)).sharedBytes)
            << target.str() << " " << depth << " " << bytes;
        EXPECT_EQ(schedule.rows, 16);
        EXPECT_EQ(schedule.cols % 16, 0);
      }
}

TEST(ChooseGpuSchedule, FewQueriesTakeFewWarps) {
  EXPECT_EQ(choose(attend(64, 2, 16)).warps, 1);
  EXPECT_EQ(choose(attend(64, 2, 48)).warps, 4);
}

TEST(ChooseGpuSchedule, TargetsAreNamedExactly) {
  EXPECT_TRUE(llvm::cantFail(parseTargetInfo("sm_90a")).isGpu);
  EXPECT_EQ(llvm::toString(parseTargetInfo("sm_90").takeError()),
            "target 'sm_90' is unknown; expected cpu, cpu:MARCH, "
            "cpu:MARCH:FEATURES or one of sm_80, sm_89, sm_90a, sm_100a, "
            "sm_120a");
}

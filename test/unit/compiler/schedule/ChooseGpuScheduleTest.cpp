//===- ChooseGpuScheduleTest.cpp ------------------------------------------===//
#include "compiler/schedule/ChooseSchedule.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <gtest/gtest.h>

using namespace llsa;

/// Log-linear attention with blocks of 16: fine blocks and a dense rest.
static Problem gpuAttend(int64_t depth, int64_t elementBytes = 2,
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

static Problem gpuSelect(int64_t queries, int64_t keys) {
  Problem problem = gpuAttend(64);
  problem.kind = Problem::Kind::Select;
  problem.queries = queries;
  problem.keys = {keys};
  return problem;
}

static Schedule chooseOnGpu(const Problem &problem,
                            llvm::StringRef target = "sm_90a") {
  return chooseSchedule(problem, llvm::cantFail(parseTargetInfo(target)));
}

/// Bytes of the rings of keys and values: the CTA's own, or all warps', or both
/// where they are there at once.
static int64_t sharedBytes(const Problem &problem, const Schedule &schedule) {
  int64_t row = 2 * problem.depth * problem.elementBytes;
  int64_t own = schedule.warps * schedule.privateCols * row;
  if (schedule.privateStages > 0)
    return schedule.stages * schedule.cols * row + schedule.privateStages * own;
  return schedule.stages * std::max(schedule.cols * row, own);
}

TEST(ChooseGpuSchedule, WarpsThatCopyByThemselvesHave168Registers) {
  Schedule schedule = chooseOnGpu(gpuAttend(64), "sm_80");
  EXPECT_EQ(schedule.rows, 16);
  EXPECT_EQ(schedule.warps, 4);
  EXPECT_EQ(schedule.cols, 32);
  EXPECT_EQ(schedule.privateCols, 16);
  EXPECT_EQ(schedule.stages, 3);
  EXPECT_EQ(schedule.privateStages, 0);
  EXPECT_EQ(schedule.ctas, 3);
  // A gradient has 255.
  Problem gradient = gpuAttend(64);
  gradient.gradient = true;
  EXPECT_EQ(chooseOnGpu(gradient, "sm_80").warps, 4);
  EXPECT_EQ(chooseOnGpu(gradient, "sm_80").ctas, 2);
  EXPECT_EQ(chooseOnGpu(gradient, "sm_80").cols, 64);
  gradient.depth = 128;
  EXPECT_EQ(chooseOnGpu(gradient, "sm_80").cols, 16);
  EXPECT_EQ(chooseOnGpu(gpuAttend(128), "sm_80").warps, 8);
}

TEST(ChooseGpuSchedule, PoolsTakePartsOf64ColumnsFourBlocksAtATime) {
  Problem pool;
  pool.kind = Problem::Kind::Pool;
  pool.heads = 24; // of q, k and v
  pool.queries = 16384;
  pool.depth = 128;
  pool.block = 16;
  pool.levels = 2;
  EXPECT_EQ(chooseOnGpu(pool).cols, 64);
  EXPECT_EQ(chooseOnGpu(pool).stages, 4);
  pool.depth = 48; // in no parts
  EXPECT_EQ(chooseOnGpu(pool).cols, 48);
}

TEST(ChooseGpuSchedule, RegionsHaveShortStepsWhereThreadsCopy) {
  Problem problem = gpuAttend(64);
  problem.region = true;
  EXPECT_EQ(chooseOnGpu(problem, "sm_80").cols, 16);
  EXPECT_EQ(chooseOnGpu(problem, "sm_90a").cols, 32);
  problem.gradient = true;
  EXPECT_EQ(chooseOnGpu(problem, "sm_80").cols, 16);
  EXPECT_EQ(chooseOnGpu(problem, "sm_80").ctas, 2);
  problem.kind = Problem::Kind::KeyGrad;
  EXPECT_EQ(chooseOnGpu(problem, "sm_80").cols, 16);
  EXPECT_EQ(chooseOnGpu(problem, "sm_90a").cols, 32);
}

TEST(ChooseGpuSchedule, Float32HasShortSteps) {
  Problem problem = gpuAttend(64, /*elementBytes=*/4);
  EXPECT_EQ(chooseOnGpu(problem).cols, 32);
  problem.gradient = true;
  EXPECT_EQ(chooseOnGpu(problem).cols, 16);
  EXPECT_EQ(chooseOnGpu(gpuAttend(128, 4)).cols, 16);
  problem.kind = Problem::Kind::KeyGrad;
  EXPECT_EQ(chooseOnGpu(problem).cols, 32);
}

TEST(ChooseGpuSchedule, SharedAndPrivateRingsAtOnce) {
  Schedule schedule = chooseOnGpu(gpuAttend(64), "sm_90a");
  EXPECT_EQ(schedule.warps, 8);
  EXPECT_EQ(schedule.cols, 32);
  EXPECT_EQ(schedule.stages, 4);
  EXPECT_EQ(schedule.privateCols, 16);
  EXPECT_EQ(schedule.privateStages, 2);
  EXPECT_EQ(schedule.ctas, 2);
  EXPECT_FALSE(schedule.persistent);
  EXPECT_EQ(chooseOnGpu(gpuAttend(128), "sm_90a").ctas, 0);
}

TEST(ChooseGpuSchedule, ACtaThatHasAMultiprocessorForItselfIsPersistent) {
  Problem problem = gpuAttend(128);
  EXPECT_TRUE(chooseOnGpu(problem, "sm_90a").persistent);
  EXPECT_FALSE(chooseOnGpu(problem, "sm_80").persistent);
  EXPECT_FALSE(chooseOnGpu(gpuAttend(256), "sm_90a").persistent);
  problem.region = true; // takes the registers
  EXPECT_FALSE(chooseOnGpu(problem, "sm_90a").persistent);
  problem.region = false;
  problem.gradient = true;
  EXPECT_FALSE(chooseOnGpu(problem, "sm_90a").persistent);
  problem = gpuAttend(128);
  problem.granule = 0; // all keys are all warps'
  problem.blocks = {};
  EXPECT_FALSE(chooseOnGpu(problem, "sm_90a").persistent);
}

TEST(ChooseGpuSchedule, GradientsOfQueriesBeginWhereTheForwardEnded) {
  Problem problem = gpuAttend(64);
  EXPECT_FALSE(chooseOnGpu(problem, "sm_90a").descending);
  problem.gradient = true;
  for (const char *target : {"sm_80", "sm_90a", "sm_120a"})
    EXPECT_TRUE(chooseOnGpu(problem, target).descending) << target;
}

TEST(ChooseGpuSchedule, ABlockOf64IsSharedByFourWarps) {
  Problem problem = gpuAttend(64);
  problem.granule = 64;
  Schedule schedule = chooseOnGpu(problem, "sm_90a");
  EXPECT_EQ(schedule.warps, 4);
  EXPECT_EQ(schedule.privateStages, 0);
}

TEST(ChooseGpuSchedule, FewTilesOfALongSelectionAreHalfAsHigh) {
  Problem problem = gpuSelect(256, 256);
  problem.granule = 0;
  problem.blocks.clear();
  problem.topk = 16; // is sorted
  problem.heads = 8;
  EXPECT_EQ(chooseOnGpu(problem).rows, 8);
  EXPECT_EQ(chooseOnGpu(problem).cols, 128);
  problem.heads = 512;
  EXPECT_EQ(chooseOnGpu(problem).rows, 16);
  EXPECT_EQ(chooseOnGpu(problem).cols, 128);
  EXPECT_EQ(chooseOnGpu(problem, "sm_80").cols, 64); // as many scores
}

TEST(ChooseGpuSchedule, SelectionsThatPruneHaveThreeCtas) {
  Problem problem = gpuSelect(4096, 4096);
  problem.granule = 0;
  problem.blocks.clear();
  problem.topk = 8;
  problem.heads = 8;
  EXPECT_EQ(chooseOnGpu(problem).rows, 8);
  EXPECT_EQ(chooseOnGpu(problem).warps, 4);
  EXPECT_EQ(chooseOnGpu(problem).ctas, 3);
  EXPECT_EQ(chooseOnGpu(problem).stages, 3);
  problem.depth = 128;
  EXPECT_EQ(chooseOnGpu(problem).stages, 2);
  problem.heads = 1; // each multiprocessor has something to do
  problem.queries = 1024;
  EXPECT_EQ(chooseOnGpu(problem).warps, 1);
}

TEST(ChooseGpuSchedule, WarpsThatSortHaveTheRegistersOfTheirAssembler) {
  Problem problem = gpuSelect(4096, 128);
  problem.topk = 8;
  EXPECT_EQ(chooseOnGpu(problem, "sm_90a").warps, 2);
  EXPECT_EQ(chooseOnGpu(problem, "sm_90a").ctas, 8);
  EXPECT_EQ(chooseOnGpu(problem, "sm_89").ctas, 5); // shared memory
  EXPECT_EQ(chooseOnGpu(problem, "sm_120a").ctas, 4);
  problem.keys = {1024}; // of several steps: what may be chosen lies beside
  EXPECT_EQ(chooseOnGpu(problem, "sm_89").ctas, 4);
}

/// Calls `body` for every target, sizes of heads and of elements.
static void forEverySize(llvm::function_ref<void(llvm::StringRef target,
                                                 int64_t depth, int64_t bytes)>
                             body) {
  for (llvm::StringRef target : gpuTargets())
    for (int64_t depth : {16, 24, 64, 128, 200, 256})
      for (int64_t bytes : {2, 4}) {
        SCOPED_TRACE(target.str() + " " + std::to_string(depth) + " " +
                     std::to_string(bytes));
        body(target, depth, bytes);
      }
}

/// Shared memory of a multiprocessor.
static int64_t sharedBytesOf(llvm::StringRef target) {
  return llvm::cantFail(parseTargetInfo(target)).sharedBytes;
}

TEST(ChooseGpuSchedule, RingsFitEveryTarget) {
  forEverySize([](llvm::StringRef target, int64_t depth, int64_t bytes) {
    Problem problem = gpuAttend(depth, bytes);
    Schedule schedule = chooseOnGpu(problem, target);
    EXPECT_LT(sharedBytes(problem, schedule), sharedBytesOf(target));
    EXPECT_EQ(schedule.rows, 16);
    EXPECT_EQ(schedule.cols % 16, 0);
  });
}

/// Also where a row is so long that steps get shorter, of a number of keys that
/// is no power of two.
TEST(ChooseGpuSchedule, StepsAreOfWholeTiles) {
  for (llvm::StringRef target : {"sm_80", "sm_89", "sm_90a"})
    for (int64_t keys = 8; keys <= 256; keys += 8)
      for (int64_t depth : {64, 208, 256})
        for (int64_t elementBytes : {2, 4}) {
          Problem select = gpuSelect(832, keys);
          select.depth = depth;
          select.elementBytes = elementBytes;
          Problem within = select;
          within.blocks = {16};
          Problem attend = gpuAttend(depth, elementBytes, 832);
          attend.keys = {keys};
          attend.blocks.clear();
          for (const Problem &problem : {select, within, attend})
            EXPECT_EQ(chooseOnGpu(problem, target).cols % 16, 0)
                << target.str() << ", " << keys << " keys x " << depth << " x "
                << elementBytes << " bytes";
        }
}

TEST(ChooseGpuSchedule, FewQueriesTakeFewWarps) {
  EXPECT_EQ(chooseOnGpu(gpuAttend(64, 2, 16)).warps, 1);
  EXPECT_EQ(chooseOnGpu(gpuAttend(64, 2, 48)).warps, 4);
}

TEST(ChooseGpuSchedule, TargetsAreNamedExactly) {
  EXPECT_TRUE(llvm::cantFail(parseTargetInfo("sm_90a")).isGpu);
  EXPECT_EQ(llvm::toString(parseTargetInfo("sm_90").takeError()),
            "target 'sm_90' is unknown; expected cpu, cpu:MARCH, "
            "cpu:MARCH:FEATURES or one of sm_80, sm_89, sm_90a, sm_100a, "
            "sm_120a");
}

/// 65,536 queries of 8 heads against `keys` keys of a dense source.
static Problem denseKeyGrad(int64_t keys, int64_t depth = 64) {
  Problem problem;
  problem.kind = Problem::Kind::KeyGrad;
  problem.heads = 8;
  problem.queries = keys;
  problem.streamed = 65536;
  problem.depth = depth;
  problem.elementBytes = 2;
  problem.keys = {65536};
  return problem;
}

TEST(ChooseGpuSchedule, FewKeysTakeTheirQueriesInPieces) {
  Schedule schedule = chooseOnGpu(denseKeyGrad(256), "sm_90a");
  EXPECT_EQ(schedule.warps, 8);
  EXPECT_EQ(schedule.ctas, 1);
  // 16 CTAs of 128 keys, 8 pieces of each: 132 CTAs have room at once.
  EXPECT_EQ(schedule.queries % schedule.cols, 0);
  EXPECT_EQ((65536 + schedule.queries - 1) / schedule.queries, 8);
  EXPECT_EQ(chooseOnGpu(denseKeyGrad(65536), "sm_90a").queries, 0);
}

TEST(ChooseGpuSchedule, TwoWarpGroupsShareADenseSourcesQueriesInLongSteps) {
  EXPECT_EQ(chooseOnGpu(denseKeyGrad(256), "sm_90a").cols, 64);
  EXPECT_EQ(chooseOnGpu(denseKeyGrad(256, 128), "sm_90a").warps, 8);
  EXPECT_EQ(chooseOnGpu(denseKeyGrad(256, 128), "sm_90a").cols, 32);
  // Of three groups one would have nothing to do; of 65, not much.
  EXPECT_EQ(chooseOnGpu(denseKeyGrad(192), "sm_90a").warps, 4);
  EXPECT_EQ(chooseOnGpu(denseKeyGrad(192), "sm_90a").ctas, 3);
  EXPECT_EQ(chooseOnGpu(denseKeyGrad(65 * 64), "sm_90a").warps, 8);
  // Regions, and warps that multiply alone, have no registers for it.
  Problem region = denseKeyGrad(256);
  region.region = true;
  EXPECT_EQ(chooseOnGpu(region, "sm_90a").cols, 32);
  EXPECT_EQ(chooseOnGpu(denseKeyGrad(256), "sm_120a").cols, 32);
}

static Problem gatheredKeyGrad(int64_t depth, int64_t elementBytes = 2) {
  Problem problem = denseKeyGrad(65536, depth);
  problem.elementBytes = elementBytes;
  problem.granule = 16;
  problem.keys = {128};
  problem.blocks = {16};
  return problem;
}

TEST(ChooseGpuSchedule, WarpsThatShareNothingAreCtas) {
  Schedule schedule = chooseOnGpu(gatheredKeyGrad(64), "sm_90a");
  EXPECT_EQ(schedule.warps, 1);
  EXPECT_EQ(schedule.ctas, 12); // of 168 registers a thread
  EXPECT_EQ(schedule.stages, 4);
  EXPECT_EQ(schedule.queries, 1024);
  EXPECT_EQ(chooseOnGpu(gatheredKeyGrad(128), "sm_90a").ctas, 8);
  // A warp's share of 16,384 tokens: 662 queries.
  Problem few = gatheredKeyGrad(64);
  few.queries = few.streamed = 16384;
  EXPECT_EQ(chooseOnGpu(few, "sm_90a").queries, 512);
}

TEST(ChooseGpuSchedule, WarpsShareTheQueriesOfAnIndexRow) {
  Problem problem = gatheredKeyGrad(64);
  problem.rowBlocks = 8;
  problem.rowQueries = 256;
  Schedule schedule = chooseOnGpu(problem, "sm_90a");
  EXPECT_EQ(schedule.warps, 4);
  EXPECT_EQ(schedule.queries, 256);
  problem.rowQueries = 4096; // in parts
  EXPECT_EQ(chooseOnGpu(problem, "sm_90a").queries, 1024);
}

TEST(ChooseGpuSchedule, ListsAreWalkedWhereIndexRowsWouldLeaveTooManySums) {
  auto warps = [](int64_t blocks, int64_t queries) {
    Problem problem = gatheredKeyGrad(64);
    problem.rowBlocks = blocks;
    problem.rowQueries = queries;
    return chooseOnGpu(problem, "sm_90a").warps;
  };
  EXPECT_EQ(warps(8, 256), 4);
  EXPECT_EQ(warps(9, 256), 1);   // more keys than half of the queries
  EXPECT_EQ(warps(2, 64), 1);    // two steps
  EXPECT_EQ(warps(2, 272), 1);   // no whole number of steps
  EXPECT_EQ(warps(8, 1536), 1);  // no equal pieces
  EXPECT_EQ(warps(17, 1024), 1); // long lists of blocks
}

TEST(ChooseGpuSchedule, KeyGradientsFitSharedMemoryOfEveryTarget) {
  forEverySize([](llvm::StringRef target, int64_t depth, int64_t bytes) {
    Schedule schedule = chooseOnGpu(gatheredKeyGrad(depth, bytes), target);
    int64_t queries = schedule.stages * schedule.warps * schedule.privateCols;
    EXPECT_LT(queries * depth * bytes * 2,
              sharedBytesOf(target) / std::max<int64_t>(1, schedule.ctas));
  });
}

/// 4,096 queries of 8 heads against as many keys; a tensor of `elements` that
/// `owners` heads have parts of.
static Problem biasGrad(int64_t owners, int64_t elements, int64_t depth = 64,
                        int64_t elementBytes = 2) {
  Problem problem;
  problem.kind = Problem::Kind::BiasGrad;
  problem.heads = 8;
  problem.queries = 4096;
  problem.depth = depth;
  problem.elementBytes = elementBytes;
  problem.keys = {4096};
  problem.owners = owners;
  problem.elements = elements;
  return problem;
}

TEST(ChooseGpuSchedule, FewOwnersOfABiasTakeTheirQueriesInPieces) {
  // 1,056 warps have room at once. One table of all heads: 2,048 tiles.
  EXPECT_EQ(chooseOnGpu(biasGrad(1, 7), "sm_90a").queries, 2 * 16);
  // Relative positions of each head: 48 tensors are as large as q, k and v.
  EXPECT_EQ(chooseOnGpu(biasGrad(8, 8 * 8191), "sm_90a").queries, 6 * 16);
  // A tensor as large as all pairs leaves no room.
  EXPECT_EQ(chooseOnGpu(biasGrad(1, 4096 * 4096), "sm_90a").queries, 0);
  // Who owns queries has enough to do.
  Problem pairs = biasGrad(8, int64_t(8) * 4096 * 4096);
  pairs.ownsQueries = true;
  EXPECT_EQ(chooseOnGpu(pairs, "sm_90a").queries, 0);
}

TEST(ChooseGpuSchedule, BiasGradientsFitSharedMemoryOfEveryTarget) {
  forEverySize([](llvm::StringRef target, int64_t depth, int64_t bytes) {
    Problem problem = biasGrad(1, 7, depth, bytes);
    problem.blocks = {16};
    problem.granule = 16;
    problem.windows = true;
    Schedule schedule = chooseOnGpu(problem, target);
    EXPECT_EQ(schedule.warps, 1);
    EXPECT_LT(sharedBytes(problem, schedule), sharedBytesOf(target));
  });
}

TEST(ChooseGpuSchedule, SomeCtasShareTheKeysOfAnInvertedIndex) {
  Problem problem;
  problem.kind = Problem::Kind::Invert;
  problem.queries = 4096; // keys
  Schedule schedule = chooseOnGpu(problem, "sm_90a");
  EXPECT_EQ(schedule.rows, 256);
  EXPECT_EQ(schedule.warps, 16);
  problem.queries = 65536;
  EXPECT_EQ(chooseOnGpu(problem, "sm_90a").rows, 3168);
  EXPECT_EQ(chooseOnGpu(problem, "sm_89").rows, 1248);
  problem.queries = 7;
  EXPECT_EQ(chooseOnGpu(problem, "sm_90a").rows, 128);
}

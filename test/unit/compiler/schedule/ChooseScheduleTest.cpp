//===- ChooseScheduleTest.cpp ---------------------------------------------===//
#include "compiler/schedule/ChooseSchedule.h"
#include <gtest/gtest.h>

using namespace llsa;

/// An attend of many queries that gathers 8 blocks and sees 256 keys densely.
static Problem attend(int64_t granule, int64_t queries = 65536) {
  Problem problem;
  problem.kind = Problem::Kind::Attend;
  problem.queries = queries;
  problem.depth = 64;
  problem.granule = granule;
  problem.keys = {8 * granule, 256};
  if (granule > 0)
    problem.blocks = {granule};
  return problem;
}

static Schedule choose(const Problem &problem) {
  return chooseSchedule(problem, TargetInfo());
}

TEST(ChooseSchedule, SixteenRowsWhereTheyFit) {
  EXPECT_EQ(choose(attend(0)).rows, 16);
  Problem streaming = attend(0);
  streaming.keys = {65536};
  EXPECT_EQ(choose(streaming).rows, 64); // keys that no cache holds
  for (int64_t granule : {16, 32, 48, 64, 128})
    EXPECT_EQ(choose(attend(granule)).rows, 16) << granule;
}

TEST(ChooseSchedule, SmallAndOddGranulesAreTiles) {
  for (int64_t granule : {4, 5, 8, 12, 15, 20, 28})
    EXPECT_EQ(choose(attend(granule)).rows, granule) << granule;
}

TEST(ChooseSchedule, LargeOddGranulesHaveRaggedTiles) {
  EXPECT_EQ(choose(attend(37)).rows, 16);
  EXPECT_EQ(choose(attend(127)).rows, 16);
  EXPECT_EQ(choose(attend(40)).rows, 8); // whole tiles at equal cost
}

TEST(ChooseSchedule, FewQueries) {
  EXPECT_EQ(choose(attend(16, 1)).rows, 1);
  EXPECT_EQ(choose(attend(16, 5)).rows, 8);
  EXPECT_EQ(choose(attend(0, 9)).rows, 16);
  EXPECT_EQ(choose(attend(4, 3)).rows, 4);
}

TEST(ChooseSchedule, ColsAreWholeBlocks) {
  EXPECT_EQ(choose(attend(16)).cols, 64);
  EXPECT_EQ(choose(attend(20)).cols, 60);
  EXPECT_EQ(choose(attend(48)).cols, 48);
  EXPECT_EQ(choose(attend(128)).cols, 128);
  Problem two = attend(16);
  two.blocks = {16, 24};
  EXPECT_EQ(choose(two).cols, 48);
  two.blocks = {16, 127}; // no common multiple that is small
  EXPECT_EQ(choose(two).cols, 127);
}

TEST(ChooseSchedule, ColsAreNoMoreThanTheKeys) {
  Problem dense = attend(0);
  dense.keys = {5};
  EXPECT_EQ(choose(dense).cols, 8);
  dense.keys = {64, 3};
  EXPECT_EQ(choose(dense).cols, 64);
}

TEST(ChooseSchedule, RowsDivideOrCoverEveryGranule) {
  for (int64_t lanes : {4, 8, 16}) {
    TargetInfo target;
    target.vectorBytes = 4 * lanes;
    for (int64_t granule = 1; granule <= 128; ++granule) {
      Schedule schedule = chooseSchedule(attend(granule), target);
      EXPECT_GE(schedule.rows, 1) << granule;
      EXPECT_LE(schedule.rows, granule) << granule;
      EXPECT_EQ(schedule.cols % granule, 0) << granule;
      EXPECT_EQ(schedule.warps, 1);
      EXPECT_EQ(schedule.stages, 1);
    }
  }
}

TEST(ChooseSchedule, PoolsOwnOneOfTheCoarsest) {
  Problem pool;
  pool.kind = Problem::Kind::Pool;
  pool.queries = 65536;
  pool.depth = 64;
  pool.block = 16;
  pool.levels = 3;
  EXPECT_EQ(choose(pool).rows, 256);
  EXPECT_EQ(choose(pool).cols, 64);
  pool.levels = 1;
  EXPECT_EQ(choose(pool).rows, 1);
}

TEST(ChooseSchedule, MapsGoRowByRow) {
  Problem map;
  map.queries = 1000;
  map.depth = 40;
  EXPECT_EQ(choose(map).rows, 16);
  EXPECT_EQ(choose(map).cols, 40);
  map.queries = 3;
  EXPECT_EQ(choose(map).rows, 4);
}

TEST(ChooseSchedule, ABiasOfAllHeadsHasPieces) {
  Problem problem = attend(0, 4096);
  problem.kind = Problem::Kind::BiasGrad;
  problem.heads = 8;
  problem.keys = {256};
  problem.elements = 7;
  // 2,048 tiles: 32 pieces of 64.
  EXPECT_EQ(choose(problem).queries, 64 * choose(problem).rows);
  problem.owners = 8; // 4 pieces each
  EXPECT_EQ(choose(problem).queries, 64 * choose(problem).rows);
  // Tiles that end with granules of 24: 2 each, 171 granules.
  problem.granule = 24;
  problem.blocks = {24};
  problem.owners = 1;
  problem.heads = 1;
  int64_t rows = choose(problem).rows;
  int64_t tiles = 171 * ((24 + rows - 1) / rows);
  EXPECT_EQ(choose(problem).queries, (tiles + 31) / 32 * rows);
}

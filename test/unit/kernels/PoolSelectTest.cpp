//===- PoolSelectTest.cpp - pool, select and invert by hand ---------------===//
#include "kernels/reference/Reference.h"
#include "test/unit/kernels/TestArrays.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace llsa;
using namespace llsa::reference;

TEST(Pool, LastBlockAveragesWhatExists) {
  Array x({1, 1, 5, 2}, {1, 10, 3, 20, 5, 30, 7, 40, 9, 50});
  Array y = pool(x, 2);
  EXPECT_EQ(y.shape, (std::vector<int64_t>{1, 1, 3, 2}));
  EXPECT_EQ(y.data, (std::vector<double>{2, 15, 6, 35, 9, 50}));
  EXPECT_EQ(pool(x, 8).data, (std::vector<double>{5, 30}));
}

TEST(Pool, HeadsStayApart) {
  Array x({2, 2, 2, 1}, {1, 3, 5, 7, 9, 11, 13, 15});
  EXPECT_EQ(pool(x, 2).data, (std::vector<double>{2, 6, 10, 14}));
}

TEST(Pool, PlainPrecisionRoundsOnce) {
  // (1 + 1 + 2^-7) / 2 = 1 + 2^-8: half way between two bfloat16, 1 is even.
  Array x = column({1, 1 + std::ldexp(1.0, -7)});
  EXPECT_EQ(pool(x, 2).data[0], 1 + std::ldexp(1.0, -8));
  EXPECT_EQ(pool(x, 2, Precision::BF16).data[0], 1.0);
  EXPECT_EQ(pool(x, 2, Precision::F16).data[0], 1 + std::ldexp(1.0, -8));
}

TEST(Select, BestFirstTiesToTheLowerIndex) {
  Selection s = select(column({1, -1}), column({3, 5, 3, 5, 1}), 3);
  EXPECT_EQ(s.indices.data, (Indices{1, 3, 0, 4, 0, 2}));
  EXPECT_EQ(s.scores.data, (std::vector<double>{5, 5, 3, -1, -3, -3}));
}

TEST(Select, FewerCandidatesThanWidth) {
  Selection s = select(column({1}), column({1, 2}), 4);
  EXPECT_EQ(s.indices.data, (Indices{1, 0, -1, -1}));
  EXPECT_TRUE(std::isnan(s.scores.data[3]));
}

TEST(Select, NaNAboveInfinityAboveNumbers) {
  Selection s = select(column({1}), column({7, kNaN, kInf, -kInf, kNaN}), 5);
  EXPECT_EQ(s.indices.data, (Indices{1, 4, 2, 0, 3}));
}

TEST(Select, WithinChildrenOfTheCoarserRow) {
  // Block 2, five keys. Queries 0, 1 use row 0 (blocks 2 and 0: keys 4 | 0, 1),
  // queries 2 and 3 row 1 (block 1: keys 2, 3; the other entry is empty).
  IndexArray coarser({1, 1, 2, 2}, Indices{2, 0, 1, -1});
  Array k = column({1, 2, 9, 8, 3});
  Selection s = select(column({1, -1, 1, -1}), k, 3, {&coarser, 2});
  EXPECT_EQ(s.indices.data, (Indices{4, 1, 0, 0, 1, 4, 2, 3, -1, 3, 2, -1}));
}

TEST(Select, GroupedQueryHeads) {
  Array q({1, 4, 1, 1}, {1, 1, 1, 1});
  Array k({1, 2, 2, 1}, {1, 2, 2, 1});
  EXPECT_EQ(select(q, k, 1).indices.data, (Indices{1, 1, 0, 0}));
}

TEST(Select, AllKeysIsASortOfTheScores) {
  Array q = randomArray({1, 2, 7, 8}, 1), k = randomArray({1, 2, 33, 8}, 2);
  Selection s = select(q, k, 33);
  for (int64_t h = 0; h < 2; ++h)
    for (int64_t i = 0; i < 7; ++i) {
      std::vector<bool> used(33, false);
      for (int64_t r = 0; r < 33; ++r) {
        int32_t j = s.indices.at(0, h, i, r);
        double score = 0;
        for (int64_t d = 0; d < 8; ++d)
          score += q.at(0, h, i, d) * k.at(0, h, j, d);
        EXPECT_NEAR(score, s.scores.at(0, h, i, r), 1e-12);
        if (r) {
          EXPECT_LE(s.scores.at(0, h, i, r), s.scores.at(0, h, i, r - 1));
        }
        EXPECT_FALSE(used[j]);
        used[j] = true;
      }
    }
}

TEST(Invert, ByHand) {
  // Rows: 0 -> {2, 0}, 1 -> {0, empty}, 2 -> {2, 0}.
  IndexArray indices({1, 1, 3, 2}, Indices{2, 0, 0, -1, 2, 0});
  Inverted inverted = invertIndices(indices, 4);
  EXPECT_EQ(inverted.offsets.data, (Indices{0, 3, 3, 5, 5}));
  EXPECT_EQ(inverted.rows.data, (Indices{0, 1, 2, 0, 2, -1}));
}

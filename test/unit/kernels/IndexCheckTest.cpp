//===- IndexCheckTest.cpp - which selections pass -------------------------===//
#include "kernels/reference/IndexCheck.h"
#include "kernels/reference/Rounding.h"
#include "test/unit/kernels/TestArrays.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace llsa;
using namespace llsa::reference;

/// Checks one row of a selection of scalar keys by the query 1.
static IndexCheck checkRow(std::vector<double> keys, Indices row,
                           Within within = {}) {
  int64_t topk = static_cast<int64_t>(row.size());
  return checkSelection("i1", IndexArray({1, 1, 1, topk}, std::move(row)),
                        exact(column({1})), exact(column(std::move(keys))),
                        topk, within);
}

TEST(IndexCheck, TheReferencePasses) {
  Array q = randomArray({2, 4, 9, 8}, 1), k = randomArray({2, 2, 20, 8}, 2);
  IndexCheck c =
      checkSelection("i1", select(q, k, 5).indices, exact(q), exact(k), 5);
  EXPECT_TRUE(c.ok()) << c.message;
  EXPECT_EQ(c.rows, 2 * 4 * 9);
  EXPECT_EQ(c.ties, 0);
}

TEST(IndexCheck, AWrongChoiceIsNamed) {
  IndexCheck c = checkRow({3, 1, 2}, {0, 1});
  EXPECT_EQ(c.mismatches, 1);
  EXPECT_NE(c.message.find("i1[0, 0, 0]: entry 1 is 1 with score 1 +- "),
            std::string::npos);
  EXPECT_NE(c.message.find("but 2 with the better score 2 +- "),
            std::string::npos);
  EXPECT_NE(c.message.find("is not selected"), std::string::npos);
}

TEST(IndexCheck, AWrongOrderIsNamed) {
  IndexCheck c = checkRow({3, 1, 2}, {2, 0});
  EXPECT_EQ(c.mismatches, 1);
  EXPECT_NE(c.message.find("stands behind it"), std::string::npos) << c.message;
}

TEST(IndexCheck, ScoresWithinFloatRoundingAreTies) {
  double near = 1 + std::ldexp(1.0, -23); // the next float32
  EXPECT_EQ(checkRow({1, near, 0}, {0, 1}).ties, 1);
  EXPECT_TRUE(checkRow({1, near, 0}, {0}).ok());
  EXPECT_FALSE(checkRow({1, 1.001, 0}, {0}).ok());
}

TEST(IndexCheck, EqualKeysGoByTheLowerIndex) {
  EXPECT_TRUE(checkRow({5, 7, 7, 7}, {1, 2}).ok());
  IndexCheck c = checkRow({5, 7, 7, 7}, {1, 3});
  EXPECT_NE(c.message.find("but 2 with the same score"), std::string::npos)
      << c.message;
  EXPECT_FALSE(checkRow({5, 7, 7, 7}, {2, 1}).ok());
  EXPECT_FALSE(checkRow({0, 0, 0}, {1}).ok());
}

TEST(IndexCheck, NaNAndInfinity) {
  EXPECT_TRUE(checkRow({1, kNaN, kInf, kNaN}, {1, 3, 2, 0}).ok());
  EXPECT_FALSE(checkRow({1, kNaN, kInf, kNaN}, {3, 1, 2, 0}).ok());
  EXPECT_FALSE(checkRow({1, kNaN, kInf, kNaN}, {2, 1, 3, 0}).ok());
  EXPECT_FALSE(checkRow({1, -kInf}, {1}).ok());
}

TEST(IndexCheck, PossibleOverflowExcusesTheOrder) {
  // 2 * 1e38 * 1e1 overflows in float32 on the way, whatever the exact score
  // is.
  Array q({1, 1, 1, 2}, {1e38, 1e38}), k({1, 1, 2, 2}, {10, -10, 1, 0});
  EXPECT_TRUE(checkSelection("i1", IndexArray({1, 1, 1, 1}, Indices{0}),
                             exact(q), exact(k), 1)
                  .ok());
}

TEST(IndexCheck, EmptyEntriesStandAtTheEndAlone) {
  EXPECT_TRUE(checkRow({2, 1}, {0, 1, -1}).ok());
  EXPECT_EQ(checkRow({2, 1}, {0, -1, 1}).message,
            "i1[0, 0, 0]: entry 1 is empty, but there are 2 candidates for 3 "
            "entries");
  EXPECT_EQ(
      checkRow({2, 1}, {0, 1, 0}).message,
      "i1[0, 0, 0]: entry 2 is 0, expected -1 behind the last of 2 candidates");
}

TEST(IndexCheck, EntriesAreCandidatesAndDistinct) {
  IndexArray coarser({1, 1, 1, 1}, Indices{1});
  EXPECT_TRUE(checkRow({9, 9, 1, 2}, {3, 2}, {&coarser, 2}).ok());
  EXPECT_EQ(checkRow({9, 9, 1, 2}, {0, 3}, {&coarser, 2}).message,
            "i1[0, 0, 0]: 0 is not among the 2 candidates");
  EXPECT_EQ(checkRow({3, 2, 1}, {0, 0}).message,
            "i1[0, 0, 0]: 0 stands in the row 2 times");
  EXPECT_EQ(checkRow({3, 2, 1}, {0, 70000}).message,
            "i1[0, 0, 0]: 70000 is not among the 3 candidates");
}

TEST(IndexCheck, ShapesMustMatch) {
  EXPECT_EQ(checkSelection("i2", IndexArray({1, 1, 1, 2}), exact(column({1})),
                           exact(column({1})), 3)
                .message,
            "i2: expected indices of shape 1x1x1x3, got 1x1x1x2");
}

TEST(PoolStored, SlackOnlyWhereTheAccumulationOrderDecides) {
  // Mean 1.5: far from every rounding boundary of bfloat16.
  Slacked far = poolStored(exact(column({1, 2})), 2, DType::BF16);
  EXPECT_EQ(far.value.data[0], 1.5);
  EXPECT_EQ(far.slack.data[0], 0);
  // Mean 1 + 2^-8: half way between two bfloat16, either may come out.
  Slacked half =
      poolStored(exact(column({1, 1 + std::ldexp(1.0, -7)})), 2, DType::BF16);
  EXPECT_EQ(half.value.data[0], 1);
  EXPECT_EQ(half.slack.data[0], std::ldexp(1.0, -7));
  // Float32 results may always differ in their last places.
  EXPECT_GT(poolStored(exact(column({1, 2})), 2, DType::F32).slack.data[0], 0);
}

TEST(PoolStored, CoversEveryAccumulationOrder) {
  for (DType dtype : {DType::F32, DType::BF16, DType::F16}) {
    Array x = roundTo(randomArray({1, 2, 100, 8}, 7), dtype);
    Slacked stored = poolStored(exact(x), 16, dtype);
    Array forward = pool(x, 16, plainPrecision(dtype));
    int different = 0;
    for (size_t e = 0; e < forward.data.size(); ++e) {
      double difference = std::fabs(forward.data[e] - stored.value.data[e]);
      EXPECT_LE(difference, stored.slack.data[e]);
      different += difference != 0;
    }
    EXPECT_LT(different, dtype == DType::F32 ? 112 : 8);
  }
}

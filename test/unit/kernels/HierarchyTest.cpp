//===- HierarchyTest.cpp - LLSA of any depth ------------------------------===//
#include "kernels/reference/Hierarchy.h"
#include "kernels/reference/Compare.h"
#include "kernels/reference/Rounding.h"
#include "test/unit/kernels/TestArrays.h"
#include <chrono>
#include <cmath>
#include <gtest/gtest.h>

using namespace llsa;
using namespace llsa::reference;

TEST(Hierarchy, DefaultLevelsFollowThePaper) {
  EXPECT_EQ(defaultLevels(1, 16), 1);
  EXPECT_EQ(defaultLevels(4095, 16), 1);
  EXPECT_EQ(defaultLevels(4096, 16), 2);
  EXPECT_EQ(defaultLevels(65535, 16), 2);
  EXPECT_EQ(defaultLevels(65536, 16), 3);
  EXPECT_EQ(defaultLevels(1048575, 16), 3);
  EXPECT_EQ(defaultLevels(1048576, 16), 4);
}

TEST(Hierarchy, OneLevelByHand) {
  // Block 2, six tokens, one dimension, topk 1, scale 1; queries are 0, so
  // every score is 0 and probabilities are weights. Pooled queries are 0 too:
  // all scores tie and block 0 is selected by everybody.
  Array q = column({0, 0, 0, 0, 0, 0}), k = column({1, 2, 3, 4, 5, 6}),
        v = column({1, 3, 10, 20, 100, 200});
  Hierarchy hierarchy{2, 1, {1}, true, true};
  auto indices = selectLevels(q, k, hierarchy, DType::F32);
  ASSERT_EQ(indices.size(), 1u);
  EXPECT_EQ(indices[0].data, (Indices{0, 0, 0}));
  // Fine: 1 + 3. Coarse: means 2, 15, 150, each weighing 2. Sum of weights 8.
  AttendResult r = attendLevels(q, k, v, hierarchy, indices);
  EXPECT_NEAR(r.output.data[0], (1 + 3 + 2 * (2 + 15 + 150)) / 8.0, 1e-12);
  EXPECT_NEAR(r.lse.data[5], std::log(8.0), 1e-12);
  EXPECT_EQ(r.seen.data[0], 5);
  hierarchy.reweighting = false;
  EXPECT_NEAR(attendLevels(q, k, v, hierarchy, indices).output.data[0],
              (1 + 3 + 2 + 15 + 150) / 5.0, 1e-12);
  // Without weights, too, a coarse key lies where its first token does.
  AttendOptions causal;
  causal.mask = [](double, int64_t, int64_t, int64_t i, int64_t j, int64_t n) {
    return j + n - 1 <= i;
  };
  EXPECT_NEAR(attendLevels(q, k, v, hierarchy, indices, causal).output.data[3],
              (1 + 3 + 2 + 15) / 4.0, 1e-12);
  hierarchy.enrichment = false;
  EXPECT_NEAR(attendLevels(q, k, v, hierarchy, indices).output.data[0], 2,
              1e-12);
}

TEST(Hierarchy, TwoLevelsByHand) {
  // Block 2, eight tokens, topk 1. k^(1) = 1, 5, 3, 9; k^(2) = 3, 6.
  // Positive queries: I2 picks 1 (blocks 2, 3 of level 1), I1 picks 3 (9 > 3).
  // Negative ones: I2 picks 0 (blocks 0, 1), I1 picks 0 (-1 > -5).
  Array q = column({1, 1, 1, 1, -1, -1, -1, -1}),
        k = column({0, 2, 4, 6, 2, 4, 8, 10});
  Hierarchy hierarchy{2, 2, {1}, true, true};
  auto indices = selectLevels(q, k, hierarchy, DType::F32);
  EXPECT_EQ(indices[1].data, (Indices{1, 0}));
  EXPECT_EQ(indices[0].data, (Indices{3, 3, 0, 0}));
  // Query 0 sees tokens 6, 7 (weight 1), level-1 tokens 2, 3 (weight 2) and
  // both level-2 tokens (weight 4).
  double sum = 0, weighted = 0;
  auto add = [&](double weight, double key) {
    sum += weight * std::exp(key);
    weighted += weight * std::exp(key) * key;
  };
  add(1, 8), add(1, 10), add(2, 3), add(2, 9), add(4, 3), add(4, 6);
  AttendResult r = attendLevels(q, k, k, hierarchy, indices);
  EXPECT_NEAR(r.output.data[0], weighted / sum, 1e-12);
  EXPECT_NEAR(r.lse.data[0], std::log(sum), 1e-12);
}

TEST(Hierarchy, NoLevelsIsDenseAttention) {
  Array q = randomArray({1, 2, 9, 8}, 1), k = randomArray({1, 2, 17, 8}, 2);
  AttendResult dense = attend(q, {Source::dense(k, k)});
  AttendResult none = attendLevels(q, k, k, {16, 0, {8}, true, true}, {});
  EXPECT_EQ(none.output.data, dense.output.data);
  EXPECT_EQ(none.lse.data, dense.lse.data);
}

TEST(Hierarchy, EverythingSelectedWithoutEnrichmentIsDenseAttention) {
  Array q = randomArray({1, 4, 70, 8}, 1), k = randomArray({1, 2, 70, 8}, 2),
        v = randomArray({1, 2, 70, 8}, 3);
  Hierarchy hierarchy{4, 3, {18}, false, true};
  auto indices = selectLevels(q, k, hierarchy, DType::F32);
  AttendResult r = attendLevels(q, k, v, hierarchy, indices);
  AttendResult dense = attend(q, {Source::dense(k, v)});
  for (size_t e = 0; e < r.output.data.size(); ++e)
    EXPECT_NEAR(r.output.data[e], dense.output.data[e], 1e-12);
}

TEST(Hierarchy, CheckAcceptsFloatPoolingAndFindsASwap) {
  for (DType dtype : {DType::F32, DType::BF16, DType::F16}) {
    Array q = roundTo(randomArray({1, 2, 300, 16}, 1), dtype),
          k = roundTo(randomArray({1, 2, 300, 16}, 2), dtype);
    Hierarchy hierarchy{4, 3, {3, 4, 2}, true, true};
    // Select as a kernel does: pooled in float32, stored in the type.
    auto queries = poolLevels(q, 4, 3, plainPrecision(dtype)),
         keys = poolLevels(k, 4, 3, plainPrecision(dtype));
    std::vector<IndexArray> actual(3);
    for (int64_t level = 3; level >= 1; --level)
      actual[level - 1] =
          select(queries[level - 1], keys[level - 1], hierarchy.topkAt(level),
                 level == 3 ? Within{} : Within{&actual[level], 4})
              .indices;
    IndexCheck check = checkLevels(q, k, hierarchy, dtype, actual);
    EXPECT_TRUE(check.ok()) << check.message;
    EXPECT_EQ(check.rows, 2 * (75 + 19 + 5));
    EXPECT_LT(check.ties, 5);

    std::swap(actual[0].at(0, 1, 40, 0), actual[0].at(0, 1, 40, 2));
    check = checkLevels(q, k, hierarchy, dtype, actual);
    EXPECT_EQ(check.mismatches, 1);
    EXPECT_EQ(check.message.rfind("i1[0, 1, 40]: ", 0), 0u) << check.message;
  }
}

TEST(Hierarchy, PlainEvaluationPassesItsOwnRule) {
  for (DType dtype : {DType::F32, DType::BF16, DType::F16}) {
    Array q = roundTo(randomArray({1, 2, 100, 16}, 1), dtype),
          k = roundTo(randomArray({1, 2, 100, 16}, 2), dtype),
          v = roundTo(randomArray({1, 2, 100, 16}, 3), dtype);
    Hierarchy hierarchy{4, 2, {4}, true, true};
    auto indices = selectLevels(q, k, hierarchy, dtype);
    AttendOptions options;
    AttendResult truth = attendLevels(q, k, v, hierarchy, indices, options);
    options.precision = plainPrecision(dtype);
    AttendResult plain = attendLevels(q, k, v, hierarchy, indices, options);
    Comparison c =
        compareValues("o", plain.output, truth.output, plain.output, dtype);
    EXPECT_TRUE(c.ok()) << c.message;
    EXPECT_GT(c.plainError, 0);
    EXPECT_TRUE(
        compareValues("lse", plain.lse, truth.lse, plain.lse, DType::F32).ok());
  }
}

TEST(Hierarchy, FastEnoughForSampledChecks) {
  // What a check of the main job costs: all selections and 1,024 queries.
  Array q = randomArray({1, 1, 65536, 64}, 1),
        k = randomArray({1, 1, 65536, 64}, 2);
  Hierarchy hierarchy{16, 3, {8}, true, true};
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < 65536; row += 64)
    rows.push_back(row);
  AttendOptions options;
  options.rows = &rows;
  auto start = std::chrono::steady_clock::now();
  auto indices = selectLevels(q, k, hierarchy, DType::F32);
  attendLevels(q, k, k, hierarchy, indices, options);
  std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", std::to_string(seconds.count()));
  // Generous: a loaded machine or a sanitizer must not fail it, a quadratic
  // slip must.
  EXPECT_LT(seconds.count(), 60);
}

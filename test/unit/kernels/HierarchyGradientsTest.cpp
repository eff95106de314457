//===- HierarchyGradientsTest.cpp - gradients of LLSA of any depth --------===//
#include "kernels/reference/Compare.h"
#include "kernels/reference/Gradients.h"
#include "kernels/reference/Rounding.h"
#include "test/unit/kernels/GradientCheck.h"

using namespace llsa;
using namespace llsa::reference;

namespace {
/// LLSA of zero to three levels on a few tokens, drawn from a seed.
struct RandomHierarchy {
  Hierarchy hierarchy;
  Array q, k, v, outputGradient, lseGradient;
  std::vector<IndexArray> indices;
  AttendOptions options;
  ScoreGradient score;

  explicit RandomHierarchy(uint64_t seed) {
    uint64_t state = seed;
    auto upTo = [&](uint64_t most) {
      return static_cast<int64_t>(1 + nextRandom(state) % most);
    };
    hierarchy.block = 1 + upTo(3);
    hierarchy.levels = upTo(4) - 1;
    hierarchy.topk = {upTo(2)};
    hierarchy.enrichment = upTo(4) > 1;
    hierarchy.reweighting = upTo(4) > 1;
    int64_t keyHeads = upTo(2), tokens = upTo(13), size = upTo(4);
    q = randomArray({1, keyHeads * upTo(2), tokens, size}, seed + 1);
    k = randomArray({1, keyHeads, tokens, size}, seed + 2);
    v = randomArray(k.shape, seed + 3);
    outputGradient = randomArray(q.shape, seed + 4);
    lseGradient = randomArray({1, q.dim(1), tokens}, seed + 5);
    indices = selectLevels(q, k, hierarchy, DType::F32);
    if (seed % 3 == 0)
      options.mask = [](double, int64_t, int64_t, int64_t i, int64_t j,
                        int64_t span) { return j + span - 1 <= i; };
    if (seed % 2 == 0) {
      options.score = [](double s, int64_t, int64_t, int64_t i, int64_t j,
                         int64_t) { return s * s + 0.1 * double(i - j); };
      score.derivative = [](double s, int64_t, int64_t, int64_t, int64_t,
                            int64_t) { return 2 * s; };
    }
  }
  OutputGradients outputs() const { return {&outputGradient, &lseGradient}; }
};
} // namespace

TEST(HierarchyGradients, OneLevelByHand) {
  // Block 2, four tokens, everything 0: all weights are probabilities. Fine
  // block 0 weighs 1 + 1, the coarse tokens 2 + 2; do = 6, one query.
  Array q = column({0, 0, 0, 0}), k = q, v = q, given = column({6, 0, 0, 0});
  Hierarchy hierarchy{2, 1, {1}, true, true};
  auto indices = selectLevels(q, k, hierarchy, DType::F32);
  TokenGradients g =
      attendLevelsGradients(q, k, v, hierarchy, indices, {&given});
  // Fine: 6 / 6 each for tokens 0, 1; coarse: 6 * 2 / 6 for each mean, halved.
  expectNear(g.values, column({2, 2, 1, 1}), 1e-12, "dv");
  hierarchy.reweighting = false; // weights 1, 1, 1, 1
  g = attendLevelsGradients(q, k, v, hierarchy, indices, {&given});
  expectNear(g.values, column({2.25, 2.25, 0.75, 0.75}), 1e-12, "dv");
  hierarchy.enrichment = false;
  g = attendLevelsGradients(q, k, v, hierarchy, indices, {&given});
  expectNear(g.values, column({3, 3, 0, 0}), 1e-12, "dv");
}

TEST(HierarchyGradients, EqualFiniteDifferencesOfTheForward) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    RandomHierarchy c(seed);
    TokenGradients g = attendLevelsGradients(
        c.q, c.k, c.v, c.hierarchy, c.indices, c.outputs(), c.options, c.score);
    auto loss = [&] {
      AttendResult r =
          attendLevels(c.q, c.k, c.v, c.hierarchy, c.indices, c.options);
      double sum = inner(r.output, c.outputGradient);
      for (size_t e = 0; e < r.lse.data.size(); ++e)
        if (std::isfinite(r.lse.data[e]))
          sum += r.lse.data[e] * c.lseGradient.data[e];
      return sum;
    };
    expectNear(g.query, finiteDifferences(c.q, loss), 1e-8, "dq");
    expectNear(g.keys, finiteDifferences(c.k, loss), 1e-8, "dk");
    expectNear(g.values, finiteDifferences(c.v, loss), 1e-8, "dv");
    if (HasFatalFailure())
      return;
  }
}

TEST(HierarchyGradients, ValueGradientsSumToTheOutputs) {
  // The output is an average of means of values, whatever the depth.
  for (uint64_t seed = 0; seed < 100; ++seed) {
    RandomHierarchy c(seed);
    c.options.mask = nullptr;
    TokenGradients g = attendLevelsGradients(
        c.q, c.k, c.v, c.hierarchy, c.indices, c.outputs(), c.options, c.score);
    double expected = 0, actual = 0;
    for (double value : c.outputGradient.data)
      expected += value;
    for (double value : g.values.data)
      actual += value;
    EXPECT_NEAR(actual, expected, 1e-10) << seed;
  }
}

TEST(HierarchyGradients, PlainEvaluationPassesItsOwnRule) {
  for (DType dtype : {DType::F32, DType::BF16, DType::F16}) {
    Array q = roundTo(randomArray({1, 2, 100, 16}, 1), dtype),
          k = roundTo(randomArray({1, 1, 100, 16}, 2), dtype),
          v = roundTo(randomArray({1, 1, 100, 16}, 3), dtype),
          given = roundTo(randomArray({1, 2, 100, 16}, 4), dtype);
    Hierarchy hierarchy{4, 2, {4}, true, true};
    auto indices = selectLevels(q, k, hierarchy, dtype);
    AttendOptions options;
    TokenGradients truth =
        attendLevelsGradients(q, k, v, hierarchy, indices, {&given}, options);
    options.precision = plainPrecision(dtype);
    TokenGradients plain =
        attendLevelsGradients(q, k, v, hierarchy, indices, {&given}, options);
    for (auto [name, member] : {std::pair("dq", &TokenGradients::query),
                                std::pair("dk", &TokenGradients::keys),
                                std::pair("dv", &TokenGradients::values)}) {
      Comparison c = compareValues(name, plain.*member, truth.*member,
                                   plain.*member, dtype);
      EXPECT_TRUE(c.ok()) << c.message;
      EXPECT_GT(c.plainError, 0);
      EXPECT_LT(c.relativeError, dtype == DType::F32 ? 1e-5 : 0.05) << name;
    }
  }
}

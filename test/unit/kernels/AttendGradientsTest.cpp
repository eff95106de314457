//===- AttendGradientsTest.cpp - gradients of attend ----------------------===//
//
// Two roads that share no line with the gradients: finite differences of the
// forward, and dual numbers through the definition of attention over pairs
// that are counted by the definition of each source.
//
//===----------------------------------------------------------------------===//
#include "kernels/reference/Compare.h"
#include "kernels/reference/Rounding.h"
#include "test/unit/kernels/GradientCheck.h"
#include "test/unit/kernels/RandomAttend.h"
#include "test/unit/kernels/TestArrays.h"
#include <limits>

using namespace llsa;
using namespace llsa::reference;

//===----------------------------------------------------------------------===//
// By hand
//===----------------------------------------------------------------------===//

TEST(AttendGradients, TwoKeysByHand) {
  // Scores 0 and log 3: P = 1/4, 3/4. do = 2: dP = 16, 32, their mean 28,
  // dS = 1/4 (16 - 28), 3/4 (32 - 28) = -3, 3; dlse = 4 adds 1 and 3.
  Array q = column({1}), k = column({0, std::log(3.0)}), v = column({8, 16}),
        given = column({2}), lse({1, 1, 1}, {4});
  AttendGradients g = attendGradients(q, {Source::dense(k, v)}, {&given, &lse});
  EXPECT_NEAR(g.query.data[0], 6 * std::log(3.0), 1e-12);
  EXPECT_NEAR(g.sources[0].keys.data[0], -2, 1e-12);
  EXPECT_NEAR(g.sources[0].keys.data[1], 6, 1e-12);
  EXPECT_NEAR(g.sources[0].values.data[0], 0.5, 1e-12);
  EXPECT_NEAR(g.sources[0].values.data[1], 1.5, 1e-12);
}

/// As above without dlse: of the second key 3/4 of 32 and of 28, each as one
/// product of one element and as the sum of one.
TEST(AttendGradients, TermsAreWhatIsLeftWithoutCancellation) {
  Array q = column({1}), k = column({0, std::log(3.0)}), v = column({8, 16}),
        given = column({2});
  AttendGradients g = attendGradients(q, {Source::dense(k, v)}, {&given});
  double terms = 0.75 * std::sqrt(2 * 32.0 * 32 + 2 * 28.0 * 28);
  EXPECT_NEAR(g.queryTerms, terms * std::log(3.0), 1e-12);
  EXPECT_NEAR(g.sources[0].keyTerms, terms, 1e-12);
  // One key alone: no gradient, but terms.
  Array one = column({3});
  g = attendGradients(q, {Source::dense(one, one)}, {&given});
  EXPECT_EQ(g.query.data[0], 0);
  EXPECT_NEAR(g.queryTerms, 2 * 3 * 3 * 2, 1e-12);
  EXPECT_NEAR(g.sources[0].keyTerms, 2 * 3 * 2, 1e-12);
}

TEST(AttendGradients, PairsNamedTwiceCountTwice) {
  // One key, named twice by the row and once by a second source: P = 1/3 each.
  Array q = column({1}), k = column({0}), v = column({5}), given = column({3});
  IndexArray twice({1, 1, 1, 3}, std::vector<int32_t>{0, -1, 0});
  AttendGradients g = attendGradients(
      q, {Source::gathered(k, v, twice, 1, 1), Source::dense(k, v)}, {&given});
  EXPECT_NEAR(g.sources[0].values.data[0], 2, 1e-12);
  EXPECT_NEAR(g.sources[1].values.data[0], 1, 1e-12);
}

TEST(AttendGradients, NoKeyNoGradient) {
  Array q = column({1, 2}), k = column({1, 2}), v = column({3, 4}),
        given = column({kNaN, 1}), lse({1, 1, 2}, {kInf, 0});
  IndexArray rows({1, 1, 2, 1}, std::vector<int32_t>{-1, 1});
  AttendGradients g =
      attendGradients(q, {Source::gathered(k, v, rows, 1, 1)}, {&given, &lse});
  EXPECT_EQ(g.query.data, (std::vector<double>{0, 0}));
  EXPECT_EQ(g.sources[0].values.data, (std::vector<double>{0, 1}));
}

TEST(AttendGradients, NonFiniteStaysWhereItBelongs) {
  Array q = column({1, 2}), k = column({1, 2, 3}), v = column({3, 4, 5});
  IndexArray rows({1, 1, 2, 2}, std::vector<int32_t>{0, 1, 1, 2});
  for (double bad : {kNaN, kInf}) {
    Array given = column({bad, 1});
    AttendGradients g =
        attendGradients(q, {Source::gathered(k, v, rows, 1, 1)}, {&given});
    EXPECT_TRUE(std::isnan(g.query.data[0]));
    EXPECT_TRUE(std::isfinite(g.query.data[1]));
    EXPECT_FALSE(std::isfinite(g.sources[0].values.data[1]));
    EXPECT_TRUE(std::isfinite(g.sources[0].values.data[2]));
    EXPECT_TRUE(std::isfinite(g.sources[0].keys.data[2]));
  }
}

TEST(AttendGradients, SampledRowsAreTheGradientsOfThoseOutputs) {
  RandomAttend c(4);
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < c.q.dim(2); row += 2)
    rows.push_back(row);
  auto count = static_cast<int64_t>(rows.size());
  Array some({c.q.dim(0), c.q.dim(1), count, c.q.dim(3)}), all(c.q.shape);
  for (int64_t b = 0; b < c.q.dim(0); ++b)
    for (int64_t h = 0; h < c.q.dim(1); ++h)
      for (int64_t r = 0; r < count; ++r)
        for (int64_t d = 0; d < c.q.dim(3); ++d)
          all.at(b, h, rows[r], d) = some.at(b, h, r, d) =
              c.outputGradient.at(b, h, rows[r], d);
  AttendGradients expected =
      attendGradients(c.q, c.sources, {&all}, c.options, c.score);
  AttendOptions options = c.options;
  options.rows = &rows;
  AttendGradients actual =
      attendGradients(c.q, c.sources, {&some}, options, c.score);
  for (size_t s = 0; s < c.sources.size(); ++s) {
    expectNear(actual.sources[s].keys, expected.sources[s].keys, 0, "dk");
    expectNear(actual.sources[s].values, expected.sources[s].values, 0, "dv");
  }
  EXPECT_EQ(actual.query.dim(2), count);
  EXPECT_EQ(actual.query.at(0, 0, count - 1, 0),
            expected.query.at(0, 0, rows.back(), 0));
}

//===----------------------------------------------------------------------===//
// Finite differences
//===----------------------------------------------------------------------===//

TEST(AttendGradients, EqualFiniteDifferencesOfTheForward) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    RandomAttend c(seed);
    AttendGradients g =
        attendGradients(c.q, c.sources, c.outputs(), c.options, c.score);
    auto loss = [&] {
      AttendResult r = attend(c.q, c.sources, c.options);
      double sum = inner(r.output, c.outputGradient);
      for (size_t e = 0; c.withLse && e < r.lse.data.size(); ++e)
        if (std::isfinite(r.lse.data[e]))
          sum += r.lse.data[e] * c.lseGradient.data[e];
      return sum;
    };
    expectNear(g.query, finiteDifferences(c.q, loss), 1e-8, "dq");
    for (size_t s = 0; s < c.sources.size(); ++s) {
      expectNear(g.sources[s].keys, finiteDifferences(c.arrays[2 * s], loss),
                 1e-8, "dk");
      expectNear(g.sources[s].values,
                 finiteDifferences(c.arrays[2 * s + 1], loss), 1e-8, "dv");
    }
    if (HasFatalFailure())
      return;
  }
}

TEST(AttendGradients, VisitGivesTheGradientOfABias) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    RandomAttend c(seed);
    // score = s * gain[h] + bias[j % 3].
    Array gain({1, 1, 1, 6}, {1, 0.5, -1, 2, 0.7, 1.1});
    Array bias({1, 1, 1, 3}, {0.3, -0.2, 0.9});
    c.options.score = [&](double s, int64_t, int64_t h, int64_t, int64_t j,
                          int64_t) {
      return s * gain.data[h] + bias.data[j % 3];
    };
    c.score.derivative = [&](double, int64_t, int64_t h, int64_t, int64_t,
                             int64_t) { return gain.data[h]; };
    Array gainGradient(gain.shape), biasGradient(bias.shape);
    c.score.visit = [&](double gradient, double s, int64_t, int64_t h, int64_t,
                        int64_t j, int64_t) {
      gainGradient.data[h] += gradient * s;
      biasGradient.data[j % 3] += gradient;
    };
    attendGradients(c.q, c.sources, {&c.outputGradient}, c.options, c.score);
    auto loss = [&] {
      return inner(attend(c.q, c.sources, c.options).output, c.outputGradient);
    };
    expectNear(gainGradient, finiteDifferences(gain, loss), 1e-8, "dgain");
    expectNear(biasGradient, finiteDifferences(bias, loss), 1e-8, "dbias");
    if (HasFatalFailure())
      return;
  }
}

//===----------------------------------------------------------------------===//
// Adjointness
//===----------------------------------------------------------------------===//

namespace {
/// A value and its derivative in one direction.
struct Dual {
  double value = 0, slope = 0;
};
Dual operator+(Dual a, Dual b) {
  return {a.value + b.value, a.slope + b.slope};
}
Dual operator*(Dual a, Dual b) {
  return {a.value * b.value, a.slope * b.value + a.value * b.slope};
}
Dual operator/(Dual a, Dual b) {
  double value = a.value / b.value;
  return {value, (a.slope - value * b.slope) / b.value};
}
Dual exp(Dual a) {
  double value = std::exp(a.value);
  return {value, value * a.slope};
}
Dual log(Dual a) { return {std::log(a.value), a.slope / a.value}; }
} // namespace

/// How often query i sees key j of the source, the mask left aside.
static int64_t timesSeen(const Source &source, int64_t b, int64_t h, int64_t i,
                         int64_t j) {
  if (source.kind == Source::Kind::Dense)
    return 1;
  if (source.kind == Source::Kind::Window)
    return i - j <= source.before && j - i <= source.after;
  int64_t times = 0;
  for (int64_t e = 0; e < source.indices->dim(3); ++e)
    times += source.indices->at(b, h, i / source.every, e) == j / source.block;
  return times;
}

/// <y, J x> of the attention: the derivative of <outputs, y> in the direction
/// of `slopes` (of q, then of each source's keys and values), and the number of
/// pairs that are seen.
static std::pair<double, int64_t>
forwardSlope(const RandomAttend &c, const std::vector<Array> &slopes) {
  double sum = 0, scale = c.options.scale != 0
                              ? c.options.scale
                              : 1 / std::sqrt(double(c.q.dim(3)));
  int64_t pairs = 0, size = c.q.dim(3);
  for (int64_t b = 0; b < c.q.dim(0); ++b)
    for (int64_t h = 0; h < c.q.dim(1); ++h)
      for (int64_t i = 0; i < c.q.dim(2); ++i) {
        std::vector<Dual> numerator(static_cast<size_t>(size));
        Dual total;
        for (size_t n = 0; n < c.sources.size(); ++n) {
          const Source &source = c.sources[n];
          int64_t head = h / (c.q.dim(1) / source.keys->dim(1));
          int64_t span = source.span ? source.span : 1;
          for (int64_t j = 0; j < source.keys->dim(2); ++j) {
            int64_t times = timesSeen(source, b, h, i, j);
            Dual s;
            for (int64_t d = 0; d < size; ++d)
              s = s + Dual{c.q.at(b, h, i, d), slopes[0].at(b, h, i, d)} *
                          Dual{source.keys->at(b, head, j, d),
                               slopes[2 * n + 1].at(b, head, j, d)};
            s = s * Dual{scale, 0};
            if (c.options.mask &&
                !c.options.mask(s.value, b, h, i, j * span, span))
              continue;
            pairs += times;
            if (c.options.score)
              s = {c.options.score(s.value, b, h, i, j * span, span),
                   s.slope *
                       c.score.derivative(s.value, b, h, i, j * span, span)};
            double weight = source.weight * static_cast<double>(times);
            if (source.span && !source.unweighted)
              weight *= static_cast<double>(
                  std::min(span, c.options.tokens - j * span));
            Dual w = exp(s) * Dual{weight, 0};
            total = total + w;
            for (int64_t d = 0; d < size; ++d)
              numerator[d] =
                  numerator[d] + w * Dual{source.values->at(b, head, j, d),
                                          slopes[2 * n + 2].at(b, head, j, d)};
          }
        }
        if (total.value == 0)
          continue;
        for (int64_t d = 0; d < size; ++d)
          sum += (numerator[d] / total).slope * c.outputGradient.at(b, h, i, d);
        if (c.withLse)
          sum += log(total).slope * c.lseGradient.at(b, h, i);
      }
  return {sum, pairs};
}

TEST(AttendGradients, AreTheAdjointOfTheForward) {
  int64_t someSeen = 0;
  for (uint64_t seed = 1000; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    RandomAttend c(seed);
    int64_t visited = 0;
    c.score.visit = [&](auto...) { ++visited; };
    AttendGradients g =
        attendGradients(c.q, c.sources, c.outputs(), c.options, c.score);
    std::vector<Array> slopes = {randomArray(c.q.shape, seed + 1)};
    double backward = inner(slopes[0], g.query);
    for (size_t n = 0; n < c.sources.size(); ++n)
      for (const Array *gradient : {&g.sources[n].keys, &g.sources[n].values}) {
        slopes.push_back(
            randomArray(gradient->shape, seed * 10 + slopes.size()));
        backward += inner(slopes.back(), *gradient);
      }
    auto [forward, pairs] = forwardSlope(c, slopes);
    EXPECT_NEAR(forward, backward, 1e-10 * std::max(1.0, std::fabs(forward)));
    EXPECT_EQ(visited, pairs); // every pair once
    someSeen += pairs > 0;
  }
  EXPECT_GT(someSeen, 900);
}

TEST(AttendGradients, ValueGradientsSumToTheOutputs) {
  // Probabilities sum to 1: what goes out comes in, but for empty rows.
  for (uint64_t seed = 0; seed < 100; ++seed) {
    RandomAttend c(seed);
    AttendGradients g =
        attendGradients(c.q, c.sources, c.outputs(), c.options, c.score);
    AttendResult r = attend(c.q, c.sources, c.options);
    double expected = 0, actual = 0;
    for (size_t e = 0; e < r.output.data.size(); ++e)
      if (r.seen.data[e / c.q.dim(3)] > 0)
        expected += c.outputGradient.data[e];
    for (const SourceGradients &source : g.sources)
      for (double value : source.values.data)
        actual += value;
    EXPECT_NEAR(actual, expected, 1e-10) << seed;
  }
}

//===----------------------------------------------------------------------===//
// Plain evaluations
//===----------------------------------------------------------------------===//

TEST(AttendGradients, PlainEvaluationsErrByTheirRounding) {
  Array q = randomArray({1, 2, 48, 32}, 1), k = randomArray({1, 1, 64, 32}, 2),
        v = randomArray({1, 1, 64, 32}, 3), given = randomArray(q.shape, 4);
  for (Array *array : {&q, &k, &v, &given})
    *array = roundTo(*array, DType::BF16);
  AttendOptions options;
  auto in = [&](Precision precision) {
    options.precision = precision;
    return attendGradients(q, {Source::dense(k, v)}, {&given}, options);
  };
  AttendGradients truth = in(Precision::F64);
  auto errorIn = [&](Precision precision) {
    AttendGradients plain = in(precision);
    double error = 0;
    auto add = [&](const Array &a, const Array &b) {
      for (size_t e = 0; e < a.data.size(); ++e)
        error = std::max(error, std::fabs(a.data[e] - b.data[e]));
    };
    add(plain.query, truth.query);
    add(plain.sources[0].keys, truth.sources[0].keys);
    add(plain.sources[0].values, truth.sources[0].values);
    return error;
  };
  double f32 = errorIn(Precision::F32), f16 = errorIn(Precision::F16),
         bf16 = errorIn(Precision::BF16);
  EXPECT_GT(f32, 1e-8);
  EXPECT_LT(f32, 1e-4);
  EXPECT_GT(f16, 1e-4);
  EXPECT_LT(f16, 0.05);
  EXPECT_GT(bf16, 2 * f16);
  EXPECT_LT(bf16, 0.3);
  // A plain result is a number of the type.
  const auto plain = in(Precision::BF16);
  for (double value : plain.sources[0].keys.data)
    ASSERT_EQ(value, roundTo(value, DType::BF16));
}

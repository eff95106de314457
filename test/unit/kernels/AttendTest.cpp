//===- AttendTest.cpp - attend by hand and against the textbook -----------===//
#include "kernels/reference/Reference.h"
#include "test/unit/kernels/TestArrays.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace llsa;
using namespace llsa::reference;

TEST(Attend, TwoKeysByHand) {
  // Scores 0 and log 3: probabilities 1/4 and 3/4; lse log 4.
  AttendResult r =
      attend(column({1}),
             {Source::dense(column({0, std::log(3.0)}), column({8, 16}))}, {});
  EXPECT_NEAR(r.output.data[0], 14, 1e-12);
  EXPECT_NEAR(r.lse.data[0], std::log(4.0), 1e-12);
  EXPECT_EQ(r.seen.data[0], 2);
}

TEST(Attend, ScaleAndDefaultScale) {
  Array q({1, 1, 1, 4}, {1, 1, 1, 1}),
      k({1, 1, 2, 4}, {0, 0, 0, 0, 1, 1, 1, 1});
  // q . k = 4, 1/sqrt(4) = 1/2: lse = log(1 + e^2).
  EXPECT_NEAR(attend(q, {Source::dense(k, k)}).lse.data[0],
              std::log(1 + std::exp(2.0)), 1e-12);
  AttendOptions options;
  options.scale = 0.25;
  EXPECT_NEAR(attend(q, {Source::dense(k, k)}, options).lse.data[0],
              std::log(1 + std::exp(1.0)), 1e-12);
}

TEST(Attend, WeightsAndShortLastSpan) {
  // 5 tokens, span 2: coarse keys stand for 2, 2 and 1 tokens. All scores are
  // 0, so probabilities are weights: fine 5 x 1, coarse 3 * (2, 2, 1).
  Array zero5 = column({0, 0, 0, 0, 0}), zero3 = column({0, 0, 0});
  Array values5 = column({1, 1, 1, 1, 1}), values3 = column({10, 20, 30});
  AttendResult r = attend(column({1}), {Source::dense(zero5, values5),
                                        Source::dense(zero3, values3, 3, 2)});
  EXPECT_NEAR(r.output.data[0], (5 + 3 * (2 * 10 + 2 * 20 + 30)) / 20.0, 1e-12);
  EXPECT_NEAR(r.lse.data[0], std::log(20.0), 1e-12);
  // Without a span every key weighs the same.
  r = attend(column({1}),
             {Source::dense(zero5, values5), Source::dense(zero3, values3, 3)});
  EXPECT_NEAR(r.output.data[0], (5 + 3 * 60) / 14.0, 1e-12);
  // And with one that only says where they lie.
  Source coarse = Source::dense(zero3, values3, 3, 2);
  coarse.unweighted = true;
  r = attend(column({1}), {Source::dense(zero5, values5), coarse});
  EXPECT_NEAR(r.output.data[0], (5 + 3 * 60) / 14.0, 1e-12);
}

TEST(Attend, GatheredRowsBlocksAndEmptyEntries) {
  // Block 2, five keys, two queries per row; block 2 has one child.
  Array keys = column({0, 0, 0, 0, 0}), values = column({1, 2, 4, 8, 16});
  IndexArray indices({1, 1, 2, 2}, Indices{2, 0, -1, 1});
  AttendResult r = attend(column({1, 1, 1}),
                          {Source::gathered(keys, values, indices, 2, 2)});
  EXPECT_NEAR(r.output.data[0], (16 + 1 + 2) / 3.0, 1e-12);
  EXPECT_NEAR(r.output.data[1], (16 + 1 + 2) / 3.0, 1e-12);
  EXPECT_NEAR(r.output.data[2], (4 + 8) / 2.0, 1e-12);
  EXPECT_EQ(r.seen.data, (Indices{3, 3, 2}));
}

TEST(Attend, WindowIsClippedAtBothEnds) {
  Array keys = column({0, 0, 0, 0}), values = column({1, 2, 4, 8});
  AttendResult r =
      attend(column({1, 1, 1, 1}), {Source::window(keys, values, 2, 1)});
  EXPECT_NEAR(r.output.data[0], 3 / 2.0, 1e-12);
  EXPECT_NEAR(r.output.data[1], 7 / 3.0, 1e-12);
  EXPECT_NEAR(r.output.data[2], 15 / 4.0, 1e-12);
  EXPECT_NEAR(r.output.data[3], 14 / 3.0, 1e-12);
}

TEST(Attend, SourcesOverlapFreely) {
  Array keys = column({0, 0}), values = column({2, 8});
  AttendResult r = attend(column({1}), {Source::dense(keys, values),
                                        Source::window(keys, values, 0, 0)});
  EXPECT_NEAR(r.output.data[0], (2 + 8 + 2) / 3.0, 1e-12);
  EXPECT_EQ(r.seen.data[0], 3);
}

TEST(Attend, NoKeyGivesZeroAndMinusInfinity) {
  Array keys = column({1, 2}), values = column({3, 4});
  IndexArray indices({1, 1, 1, 1}, Indices{-1});
  AttendResult r =
      attend(column({1}), {Source::gathered(keys, values, indices, 2, 1)});
  EXPECT_EQ(r.output.data[0], 0);
  EXPECT_EQ(r.lse.data[0], -kInf);
  AttendOptions options;
  options.score = [](double, int64_t, int64_t, int64_t, int64_t, int64_t) {
    return -kInf;
  };
  r = attend(column({1}), {Source::dense(keys, values)}, options);
  EXPECT_EQ(r.output.data[0], 0);
  EXPECT_EQ(r.lse.data[0], -kInf);
}

TEST(Attend, NonFiniteInputStaysInItsRow) {
  Array keys = column({1, 2}), values = column({3, 4});
  AttendResult r =
      attend(column({kNaN, kInf, 1}), {Source::dense(keys, values)});
  EXPECT_TRUE(std::isnan(r.output.data[0]) && std::isnan(r.lse.data[0]));
  EXPECT_TRUE(std::isnan(r.output.data[1]));
  EXPECT_TRUE(std::isfinite(r.output.data[2]));
  // A masked key does not corrupt anything, whatever it holds.
  AttendOptions options;
  options.mask = [](double, int64_t, int64_t, int64_t, int64_t j, int64_t) {
    return j != 1;
  };
  r = attend(column({1}), {Source::dense(column({1, kNaN}), column({3, kNaN}))},
             options);
  EXPECT_EQ(r.output.data[0], 3);
}

TEST(Attend, CallbacksSeeWhatTheDialectSays) {
  Array q = randomArray({2, 2, 4, 1}, 3);
  Array k = randomArray({2, 1, 4, 1}, 4), coarse = pool(k, 2);
  std::vector<std::vector<int64_t>> calls;
  AttendOptions options;
  options.mask = [&](double, int64_t b, int64_t h, int64_t i, int64_t j,
                     int64_t span) {
    calls.push_back({b, h, i, j, span});
    return j + span - 1 <= i;
  };
  std::vector<int64_t> rows = {1};
  options.rows = &rows;
  AttendResult r = attend(
      q, {Source::dense(k, k), Source::dense(coarse, coarse, 1, 2)}, options);
  ASSERT_EQ(calls.size(), 2u * 2 * 6);
  EXPECT_EQ(calls[6 + 3], (std::vector<int64_t>{0, 1, 1, 3, 1}));
  EXPECT_EQ(calls[6 + 5], (std::vector<int64_t>{0, 1, 1, 2, 2}));
  EXPECT_EQ(r.seen.data,
            (Indices{3, 3, 3, 3})); // keys 0, 1 and the coarse key 0
}

/// softmax(scale q k^T) v, written once more as in a textbook.
static Array textbook(const Array &q, const Array &k, const Array &v,
                      double scale) {
  Array out(q.shape);
  int64_t group = q.dim(1) / k.dim(1);
  for (int64_t b = 0; b < q.dim(0); ++b)
    for (int64_t h = 0; h < q.dim(1); ++h)
      for (int64_t i = 0; i < q.dim(2); ++i) {
        double sum = 0;
        for (int64_t j = 0; j < k.dim(2); ++j) {
          double s = 0;
          for (int64_t d = 0; d < q.dim(3); ++d)
            s += scale * q.at(b, h, i, d) * k.at(b, h / group, j, d);
          sum += std::exp(s);
          for (int64_t d = 0; d < q.dim(3); ++d)
            out.at(b, h, i, d) += std::exp(s) * v.at(b, h / group, j, d);
        }
        for (int64_t d = 0; d < q.dim(3); ++d)
          out.at(b, h, i, d) /= sum;
      }
  return out;
}

TEST(Attend, DenseEqualsTheTextbook) {
  Array q = randomArray({2, 4, 9, 8}, 5), k = randomArray({2, 2, 13, 8}, 6),
        v = randomArray({2, 2, 13, 8}, 7);
  Array expected = textbook(q, k, v, 1 / std::sqrt(8.0));
  Array output = attend(q, {Source::dense(k, v)}).output;
  for (size_t e = 0; e < expected.data.size(); ++e)
    EXPECT_NEAR(output.data[e], expected.data[e], 1e-12);
  // All blocks gathered, and a window over everything, are dense too.
  IndexArray all({2, 4, 3, 4}, Indices(2 * 4 * 3 * 4));
  for (size_t e = 0; e < all.data.size(); ++e)
    all.data[e] = static_cast<int32_t>(e % 4);
  Array gathered = attend(q, {Source::gathered(k, v, all, 4, 4)}).output;
  Array window = attend(q, {Source::window(k, v, 20, 20)}).output;
  for (size_t e = 0; e < expected.data.size(); ++e) {
    EXPECT_NEAR(gathered.data[e], expected.data[e], 1e-12);
    EXPECT_NEAR(window.data[e], expected.data[e], 1e-12);
  }
}

TEST(Attend, SampledRowsAreThoseRows) {
  Array q = randomArray({1, 2, 9, 8}, 5), k = randomArray({1, 2, 9, 8}, 6);
  std::vector<int64_t> rows = {0, 4, 8};
  AttendOptions options;
  options.rows = &rows;
  AttendResult all = attend(q, {Source::dense(k, k)});
  AttendResult some = attend(q, {Source::dense(k, k)}, options);
  for (int64_t h = 0; h < 2; ++h)
    for (int64_t r = 0; r < 3; ++r) {
      EXPECT_EQ(some.lse.at(0, h, r), all.lse.at(0, h, rows[r]));
      for (int64_t d = 0; d < 8; ++d)
        EXPECT_EQ(some.output.at(0, h, r, d), all.output.at(0, h, rows[r], d));
    }
}

TEST(Attend, PlainEvaluationsErrByTheirRounding) {
  Array q = randomArray({1, 1, 16, 64}, 8), k = randomArray({1, 1, 64, 64}, 9),
        v = randomArray({1, 1, 64, 64}, 10);
  Array truth = attend(q, {Source::dense(k, v)}).output;
  auto errorIn = [&](Precision precision) {
    AttendOptions options;
    options.precision = precision;
    Array plain = attend(q, {Source::dense(k, v)}, options).output;
    double error = 0;
    for (size_t e = 0; e < truth.data.size(); ++e)
      error = std::max(error, std::fabs(plain.data[e] - truth.data[e]));
    return error;
  };
  double f32 = errorIn(Precision::F32), f16 = errorIn(Precision::F16),
         bf16 = errorIn(Precision::BF16), tf32 = errorIn(Precision::TF32);
  // Factors have as many bits as float16, and nothing else is rounded.
  EXPECT_GT(tf32, 100 * f32);
  EXPECT_LT(tf32, 2 * f16);
  EXPECT_GT(f32, 1e-8);
  EXPECT_LT(f32, 1e-5);
  EXPECT_GT(f16, 1e-4);
  EXPECT_LT(f16, 1e-2);
  EXPECT_GT(bf16, 2 * f16);
  EXPECT_LT(bf16, 0.1);
}

TEST(Attend, PlainBFloat16ByHand) {
  // Score 1 + 2^-8 rounds to 1, so both keys weigh the same; the output of
  // (1 + (1 + 2^-7)) / 2 lies half way and rounds to the even 1.
  double step = std::ldexp(1.0, -7);
  AttendOptions options;
  options.precision = Precision::BF16;
  options.scale = 1;
  Array q({1, 1, 1, 2}, {1, step / 2});
  Array k({1, 1, 2, 2}, {1, 1, 1, 0}), v({1, 1, 2, 2}, {1, 0, 1 + step, 0});
  AttendResult r = attend(q, {Source::dense(k, v)}, options);
  EXPECT_EQ(r.output.data[0], 1.0);
  EXPECT_NEAR(r.lse.data[0], 1 + std::log(2.0), 1e-6); // float32, not bfloat16
}

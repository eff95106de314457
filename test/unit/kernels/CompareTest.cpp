//===- CompareTest.cpp - the rule for "correct" ---------------------------===//
#include "kernels/reference/Compare.h"
#include "test/unit/kernels/TestArrays.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace llsa;
using namespace llsa::reference;

TEST(Compare, TwiceThePlainErrorAndTwoUnits) {
  Array reference = column({1.5, -1}), plain = column({1.5, -1.125});
  // Two units of bfloat16 at 1.5 are 2^-6.
  double allowed = 2 * 0.125 + std::ldexp(1.0, -6);
  Comparison c = compareValues("o", column({1.5 + allowed, -1}), reference,
                               plain, DType::BF16);
  EXPECT_TRUE(c.ok()) << c.message;
  EXPECT_EQ(c.allowedError, allowed);
  EXPECT_EQ(c.maxError, allowed);
  EXPECT_EQ(c.plainError, 0.125);
  EXPECT_EQ(c.relativeError, allowed / 1.5);
  c = compareValues("o", column({1.5 + allowed + 0.25, -1}), reference, plain,
                    DType::BF16, /*room=*/0.25);
  EXPECT_TRUE(c.ok()) << c.message;
  EXPECT_EQ(c.allowedError, allowed + 0.25);
  c = compareValues("o", column({1.5, -1.5}), reference, plain, DType::BF16);
  EXPECT_FALSE(c.ok());
  EXPECT_EQ(
      c.message,
      "o: error 0.5 exceeds the allowed 0.266 (plain evaluation: 0.125) at "
      "[0, 0, 1, 0]: expected -1, got -1.5");
}

TEST(Compare, NaNAndInfinityMustMatch) {
  Array reference = column({kNaN, -kInf, kInf, 1});
  EXPECT_TRUE(
      compareValues("o", reference, reference, reference, DType::F32).ok());
  for (size_t e = 0; e < 4; ++e)
    for (double wrong : {kNaN, kInf, -kInf, 2.0}) {
      Array actual = reference;
      actual.data[e] = wrong;
      bool same = (std::isnan(wrong) && e == 0) || wrong == reference.data[e];
      EXPECT_EQ(
          compareValues("o", actual, reference, reference, DType::F32).ok(),
          same)
          << e << " " << wrong;
    }
  Comparison c = compareValues("lse", column({kNaN, kNaN, kInf, 1}), reference,
                               reference, DType::F32);
  EXPECT_EQ(c.wrongKind, 1);
  EXPECT_EQ(
      c.message,
      "lse: 1 elements are NaN or infinite where the reference is not, or "
      "the other way round; first [0, 0, 1, 0]: expected -inf, got nan");
}

TEST(Compare, OverflowOfThePlainEvaluationIsNoExcuse) {
  Array reference = column({1, 2});
  Comparison c = compareValues("o", column({1, 3}), reference,
                               column({1, kInf}), DType::F16);
  EXPECT_FALSE(c.ok());
  EXPECT_EQ(c.plainError, 0);
}

TEST(Compare, ShapesMustMatch) {
  Array reference = column({1, 2});
  EXPECT_EQ(
      compareValues("o", column({1}), reference, reference, DType::F32).message,
      "o: expected shape 1x1x2x1, got 1x1x1x1");
}

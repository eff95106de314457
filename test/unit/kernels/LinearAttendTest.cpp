//===- LinearAttendTest.cpp - linear attention by hand --------------------===//
#include "kernels/reference/Reference.h"
#include "test/unit/kernels/TestArrays.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace llsa;
using namespace llsa::reference;

TEST(LinearAttend, ReluByHand) {
  // phi(q) = (1, 2); phi(k) = (1, 0), (0, 3); v = (1, 2), (3, 4).
  // Similarities 1 and 6: o = (1 * (1, 2) + 6 * (3, 4)) / 7.
  Array q({1, 1, 1, 2}, {1, 2}), k({1, 1, 2, 2}, {1, -5, -1, 3}),
      v({1, 1, 2, 2}, {1, 2, 3, 4});
  Array o = linearAttend(q, k, v, Phi::Relu);
  EXPECT_NEAR(o.data[0], 19 / 7.0, 1e-12);
  EXPECT_NEAR(o.data[1], 26 / 7.0, 1e-12);
}

TEST(LinearAttend, DenominatorZeroGivesZero) {
  Array q({1, 1, 1, 2}, {-1, -2}), k({1, 1, 1, 2}, {1, 1});
  EXPECT_EQ(linearAttend(q, k, k, Phi::Relu).data, (std::vector<double>{0, 0}));
}

TEST(LinearAttend, Elu1AndSoftmaxEqualTheQuadraticForm) {
  Array q = randomArray({2, 4, 5, 8}, 1), k = randomArray({2, 2, 7, 8}, 2),
        v = randomArray({2, 2, 7, 8}, 3);
  auto phiOf = [](const double *x, Phi phi) {
    std::vector<double> out(x, x + 8);
    double sum = 0;
    for (double &value : out) {
      value = phi == Phi::Softmax ? std::exp(value)
              : value > 0         ? value + 1
                                  : std::exp(value);
      sum += value;
    }
    for (double &value : out)
      value /= phi == Phi::Softmax ? sum : 1;
    return out;
  };
  for (Phi phi : {Phi::Softmax, Phi::Elu1}) {
    Array o = linearAttend(q, k, v, phi);
    for (int64_t b = 0; b < 2; ++b)
      for (int64_t h = 0; h < 4; ++h)
        for (int64_t i = 0; i < 5; ++i) {
          std::vector<double> x = phiOf(q.row(b, h, i), phi), expected(8, 0.0);
          double total = 0;
          for (int64_t j = 0; j < 7; ++j) {
            std::vector<double> y = phiOf(k.row(b, h / 2, j), phi);
            double similarity = 0;
            for (int d = 0; d < 8; ++d)
              similarity += x[d] * y[d];
            total += similarity;
            for (int d = 0; d < 8; ++d)
              expected[d] += similarity * v.at(b, h / 2, j, d);
          }
          for (int d = 0; d < 8; ++d)
            EXPECT_NEAR(o.at(b, h, i, d), expected[d] / total, 1e-12);
        }
  }
}

TEST(LinearAttend, PlainPrecisionsAreClose) {
  Array q = randomArray({1, 1, 16, 16}, 1), k = randomArray({1, 1, 64, 16}, 2),
        v = randomArray({1, 1, 64, 16}, 3);
  Array truth = linearAttend(q, k, v, Phi::Elu1);
  Array f32 = linearAttend(q, k, v, Phi::Elu1, Precision::F32);
  Array bf16 = linearAttend(q, k, v, Phi::Elu1, Precision::BF16);
  double error32 = 0, error16 = 0;
  for (size_t e = 0; e < truth.data.size(); ++e) {
    error32 = std::max(error32, std::fabs(f32.data[e] - truth.data[e]));
    error16 = std::max(error16, std::fabs(bf16.data[e] - truth.data[e]));
  }
  EXPECT_LT(error32, 1e-5);
  EXPECT_GT(error16, 1e-4);
  EXPECT_LT(error16, 0.1);
}

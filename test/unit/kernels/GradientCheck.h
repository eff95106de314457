//===- GradientCheck.h - gradients by other means ---------------*- C++ -*-===//
#ifndef LLSA_TEST_UNIT_KERNELS_GRADIENTCHECK_H
#define LLSA_TEST_UNIT_KERNELS_GRADIENTCHECK_H

#include "test/unit/kernels/TestArrays.h"
#include <cmath>
#include <gtest/gtest.h>

namespace llsa::reference {

/// a . b over all elements.
inline double inner(const Array &a, const Array &b) {
  require(a.shape == b.shape, "inner: unlike shapes");
  double sum = 0;
  for (size_t e = 0; e < a.data.size(); ++e)
    sum += a.data[e] * b.data[e];
  return sum;
}

/// d loss / d x by central differences of fourth order; `loss` reads `x`.
inline Array finiteDifferences(Array &x, const std::function<double()> &loss) {
  constexpr double kStep = 1e-4;
  Array out(x.shape);
  for (size_t e = 0; e < x.data.size(); ++e) {
    double at = x.data[e];
    auto lossAt = [&](double steps) {
      x.data[e] = at + steps * kStep;
      return loss();
    };
    double near = lossAt(1) - lossAt(-1), far = lossAt(2) - lossAt(-2);
    out.data[e] = (8 * near - far) / (12 * kStep);
    x.data[e] = at;
  }
  return out;
}

/// Expects the same elements within `tolerance`, relative to magnitudes above
/// 1; says which element differs first.
inline void expectNear(const Array &actual, const Array &expected,
                       double tolerance, const char *name) {
  ASSERT_EQ(actual.shape, expected.shape) << name;
  for (size_t e = 0; e < actual.data.size(); ++e) {
    double scale = std::max(1.0, std::fabs(expected.data[e]));
    ASSERT_NEAR(actual.data[e], expected.data[e], tolerance * scale)
        << name << ", element " << e;
  }
}

} // namespace llsa::reference

#endif // LLSA_TEST_UNIT_KERNELS_GRADIENTCHECK_H

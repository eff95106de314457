//===- PoolGradient.cpp - the gradient of a mean --------------------------===//
#include "kernels/reference/Arithmetic.h"
#include "kernels/reference/Gradients.h"
#include <algorithm>

using namespace llsa::reference;
using namespace llsa::reference::detail;

Array llsa::reference::poolGradient(const Array &gradient, int64_t tokens,
                                    int64_t block, Precision precision) {
  require(gradient.rank() == 4, "poolGradient: the gradient must have rank 4");
  require(block >= 1, "poolGradient: the block must be positive");
  require(gradient.dim(2) == (tokens + block - 1) / block,
          "poolGradient: the gradient must be [B, H, ceil(tokens / block), D]");
  Array out({gradient.dim(0), gradient.dim(1), tokens, gradient.dim(3)});
  withArithmetic(precision, [&](auto arithmetic) {
    using Arithmetic = decltype(arithmetic);
    using Real = typename Arithmetic::Real;
    for (int64_t b = 0; b < out.dim(0); ++b)
      for (int64_t h = 0; h < out.dim(1); ++h)
        for (int64_t j = 0; j < tokens; ++j) {
          int64_t i = j / block;
          Real count = static_cast<Real>(std::min(block, tokens - i * block));
          for (int64_t d = 0; d < out.dim(3); ++d)
            out.at(b, h, j, d) = Arithmetic::round(
                static_cast<Real>(gradient.at(b, h, i, d)) / count);
        }
  });
  return out;
}

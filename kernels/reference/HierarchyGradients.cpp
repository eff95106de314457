//===- HierarchyGradients.cpp - the gradients of LLSA of any depth --------===//
#include "kernels/reference/Arithmetic.h"
#include "kernels/reference/Gradients.h"
#include "kernels/reference/HierarchySources.h"

using namespace llsa::reference;
using namespace llsa::reference::detail;

/// a + b, rounded as an operator's result.
static Array add(Array a, const Array &b, Precision precision) {
  withArithmetic(precision, [&](auto arithmetic) {
    using Arithmetic = decltype(arithmetic);
    using Real = typename Arithmetic::Real;
    for (size_t e = 0; e < a.data.size(); ++e)
      a.data[e] = Arithmetic::round(static_cast<Real>(a.data[e]) +
                                    static_cast<Real>(b.data[e]));
  });
  return a;
}

TokenGradients llsa::reference::attendLevelsGradients(
    const Array &q, const Array &k, const Array &v, const Hierarchy &hierarchy,
    const std::vector<IndexArray> &indices, OutputGradients outputs,
    AttendOptions options, const ScoreGradient &score) {
  HierarchySources made(k, v, hierarchy, indices, options.precision);
  options.tokens = k.dim(2);
  AttendGradients attend =
      attendGradients(q, made.sources(), outputs, options, score);

  // Source l reads level l's tokens.
  SourceGradients down = std::move(attend.sources.back());
  for (size_t level = attend.sources.size() - 1; level > 0; --level) {
    SourceGradients &finer = attend.sources[level - 1];
    auto bringDown = [&](const Array &coarse, Array &own) {
      return add(
          std::move(own),
          poolGradient(coarse, own.dim(2), hierarchy.block, options.precision),
          options.precision);
    };
    down = {bringDown(down.keys, finer.keys),
            bringDown(down.values, finer.values),
            std::hypot(down.keyTerms, finer.keyTerms)};
  }
  return {std::move(attend.query), std::move(down.keys), std::move(down.values),
          attend.queryTerms, down.keyTerms};
}

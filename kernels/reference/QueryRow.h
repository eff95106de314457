//===- QueryRow.h - the softmax of one query --------------------*- C++ -*-===//
//
// Private to kernels/reference. For one query: list the keys that it sees with
// their weights, score them, take the softmax. The plain evaluations (see
// Reference.h) run through the same lines with roundings where a framework's
// operators end:
//   scores = q @ k^T     accumulated in float32, rounded
//   scores = scores * scale, score function            each rounded, too
//   p = w exp(s - max) / sum of w exp(s - max)         in float32
// and lse, a float32 result, from these scores in float32. Fused kernels do not
// round scores (AttendOptions::fused).
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_QUERYROW_H
#define LLSA_KERNELS_REFERENCE_QUERYROW_H

#include "kernels/reference/Arithmetic.h"
#include "kernels/reference/KeyLister.h"
#include <limits>

namespace llsa::reference::detail {

/// Evaluates single queries; keeps its buffers between them.
template <typename Arithmetic> class QueryRow {
public:
  using Real = typename Arithmetic::Real;

  QueryRow(const Array &q, const std::vector<Source> &sources,
           const AttendOptions &options)
      : scale(static_cast<Real>(options.scale != 0
                                    ? options.scale
                                    : 1 / std::sqrt(double(q.dim(3))))),
        q(q), options(options), lister(q, sources, options) {}

  void run(int64_t b, int64_t h, int64_t i) {
    lister.list(b, h, i, seen);
    scoreKeys(b, h, i);
    softmax();
  }

  const Real scale;

  // Of the query that ran last; the vectors have one entry per key that it
  // sees, masked ones left out.
  std::vector<SeenKey> seen;
  std::vector<Real> scaledScores;  ///< before the score function
  std::vector<Real> probabilities; ///< not rounded to the type
  double lse = 0;
  bool empty = true; ///< no key, or scores of -infinity alone

private:
  void scoreKeys(int64_t b, int64_t h, int64_t i) {
    const double *query = q.row(b, h, i);
    scaledScores.clear();
    probabilities.clear();
    size_t kept = 0;
    auto round = [&](Real s) {
      return options.fused ? s : Arithmetic::round(s);
    };
    for (const SeenKey &key : seen) {
      Real s = round(options.fused
                         ? dotInOneChain<Arithmetic>(query, key.key, q.dim(3))
                         : dot<Arithmetic>(query, key.key, q.dim(3)));
      s = round(s * scale);
      if (options.mask && !options.mask(s, b, h, i, key.firstToken, key.span))
        continue;
      scaledScores.push_back(s);
      if (options.score)
        s = round(static_cast<Real>(
            options.score(s, b, h, i, key.firstToken, key.span)));
      probabilities.push_back(s);
      seen[kept++] = key;
    }
    seen.resize(kept);
  }

  /// Turns the scores in `probabilities` into what the name says.
  void softmax() {
    constexpr Real kNothing = -std::numeric_limits<Real>::infinity();
    Real greatest = kNothing, total = 0;
    for (Real s : probabilities)
      greatest = s > greatest ? s : greatest;
    // With nothing but -infinity every exponential is 0 whatever is subtracted.
    Real subtract = greatest == kNothing ? 0 : greatest;
    for (size_t j = 0; j < seen.size(); ++j) {
      Real &p = probabilities[j];
      p = static_cast<Real>(seen[j].weight) * std::exp(p - subtract);
      total += p;
    }
    empty = total == 0;
    lse = empty ? -std::numeric_limits<double>::infinity()
                : subtract + std::log(total);
    for (Real &p : probabilities)
      p = empty ? 0 : p / total;
  }

  const Array &q;
  const AttendOptions &options;
  const KeyLister lister;
};

} // namespace llsa::reference::detail

#endif // LLSA_KERNELS_REFERENCE_QUERYROW_H

//===- Gradients.h - the backward's ground truth ----------------*- C++ -*-===//
//
// The gradients of Reference.h's functions, in the same plain loops and
// precisions. Index sets are constants: a selection carries no gradient, and so
// does not a mask. Finite differences of the forward check every function here.
//
// A plain evaluation is what a framework's autograd does in that type: every
// operator's backward accumulates in float32 and rounds its result. Gathers
// count as masks of one dense product, so that a key's gradient is summed over
// the queries in float32, not added up in the type: the tighter yardstick.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_GRADIENTS_H
#define LLSA_KERNELS_REFERENCE_GRADIENTS_H

#include "kernels/reference/Hierarchy.h"
#include "kernels/reference/Reference.h"

namespace llsa::reference {

/// What the results of an attention are worth to the loss.
struct OutputGradients {
  const Array *output = nullptr; ///< do: [B, H, R, D]
  const Array *lse = nullptr;    ///< dlse: [B, H, R]; null: zero
};

/// What a score region does to gradients.
struct ScoreGradient {
  /// d score / d s at this pair, s the scaled score; none: 1.
  ScoreFunction derivative;
  /// Called for every pair that a query sees, in order, with the gradient of
  /// the score function's result: from it follow the gradients of what else
  /// that function reads.
  std::function<void(double gradient, double s, int64_t b, int64_t h, int64_t i,
                     int64_t j, int64_t span)>
      visit;
};

//===----------------------------------------------------------------------===//
// attend
//===----------------------------------------------------------------------===//

/// Gradients of one source's keys and values, [B, Hkv, n, D]: query heads that
/// share a key head are summed.
struct SourceGradients {
  Array keys;
  Array values;
  double keyTerms = 0; ///< see AttendGradients
};

/// The gradient of a score is a difference, do . v - do . o, and may be far
/// smaller than its terms, or nothing, as where a query sees one key. What an
/// error is measured by is then what the terms come to, as independent errors
/// of each would: `Terms` is the greatest element of the root of the sum of the
/// squares of P scale x k, over a query's keys and all d, where x is do_d v_d,
/// do_d o_d and either's sum up to d; and of the same with q, over a key's
/// queries. Of float64 evaluations alone.
struct AttendGradients {
  Array query;                          ///< [B, H, R, D]
  std::vector<SourceGradients> sources; ///< one per source, in their order
  double queryTerms = 0;
};

/// The gradients of `attend(q, sources, options)`. With P_ij = w_j exp(s_ij -
/// lse_i), dP_ij = do_i . v_j and dS_ij = P_ij (dP_ij - sum_j P_ij dP_ij +
/// dlse_i), times the score function's derivative:
///   dq_i = scale sum_j dS_ij k_j,   dk_j = scale sum_i dS_ij q_i,
///   dv_j = sum_i P_ij do_i.
/// A pair that two sources (or two entries of an index row) name counts twice;
/// two sources that read the same tensor get their gradients apart. A query
/// whose lse is -infinity has no gradient and gives none. With `options.rows`
/// these are the gradients of those rows' outputs alone, and R their number.
AttendGradients attendGradients(const Array &q,
                                const std::vector<Source> &sources,
                                OutputGradients outputs,
                                const AttendOptions &options = {},
                                const ScoreGradient &score = {});

//===----------------------------------------------------------------------===//
// pool
//===----------------------------------------------------------------------===//

/// The gradient of `pool(x, block)` for an x of `tokens` tokens: each token
/// gets 1/count of its mean's, count being the tokens of that mean.
Array poolGradient(const Array &gradient, int64_t tokens, int64_t block,
                   Precision precision = Precision::F64);

//===----------------------------------------------------------------------===//
// linear attention
//===----------------------------------------------------------------------===//

struct TokenGradients {
  Array query, keys, values;           ///< shaped as q, k and v
  double queryTerms = 0, keyTerms = 0; ///< see AttendGradients
};

/// The gradients of `linearAttend(q, k, v, phi)`. Where the denominator is 0
/// the output is the constant 0. relu has derivative 0 at 0.
TokenGradients linearAttendGradients(const Array &q, const Array &k,
                                     const Array &v, Phi phi,
                                     const Array &outputGradient,
                                     Precision precision = Precision::F64);

//===----------------------------------------------------------------------===//
// The hierarchy
//===----------------------------------------------------------------------===//

/// The gradients of `attendLevels(q, k, v, hierarchy, indices, options)`: of
/// every level's keys and values, brought down by poolGradient and added, level
/// by level. Pooled queries have none. `query` has the rows of `options.rows`.
TokenGradients attendLevelsGradients(const Array &q, const Array &k,
                                     const Array &v, const Hierarchy &hierarchy,
                                     const std::vector<IndexArray> &indices,
                                     OutputGradients outputs,
                                     AttendOptions options = {},
                                     const ScoreGradient &score = {});

} // namespace llsa::reference

#endif // LLSA_KERNELS_REFERENCE_GRADIENTS_H

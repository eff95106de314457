//===- IndexCheck.h - is a selection correct? -------------------*- C++ -*-===//
//
// A selection equals the reference's except where scores at the cut, or of
// neighbours in the order, differ by less than the rounding of a float32
// accumulation; each exception is checked to be such a tie.
//
// Every score is an interval: the float64 dot product, plus or minus what
// float32 accumulation in any order can add (D * 2^-24 * sum |q_d k_d|), plus
// what pooling can add: a pooled token is stored in the input's type, and where
// its exact mean lies so close to a rounding boundary that the accumulation
// order decides, the neighbour is just as right. Elsewhere a pooled element has
// no slack at all, so the intervals stay tight.
//
// A row is correct when it is a possible order under these intervals:
//   * its entries are candidates, none more often than the candidates hold it;
//   * it is full, or holds all candidates, and -1 stands at its end alone;
//   * no entry scores certainly less than a later entry or than a candidate
//   that
//     was left out;
//   * equal scores go by the lower index. Scores are certainly equal when both
//     are NaN, both the same infinity, or both keys are the same numbers.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_INDEXCHECK_H
#define LLSA_KERNELS_REFERENCE_INDEXCHECK_H

#include "kernels/reference/Reference.h"
#include <string>
#include <string_view>

namespace llsa::reference {

/// Tokens as stored, and by how much each element may differ legitimately.
struct Slacked {
  Array value;
  Array slack;
};

/// Tokens that are known exactly.
Slacked exact(Array x);

/// `pool` as a kernel stores it: means accumulated in float32, rounded to
/// `dtype`, with the slack described above.
Slacked poolStored(const Slacked &x, int64_t block, DType dtype);

struct IndexCheck {
  int64_t rows = 0;       ///< rows looked at
  int64_t ties = 0;       ///< rows that differ from the reference, legitimately
  int64_t mismatches = 0; ///< rows that are wrong
  std::string
      message; ///< the first wrong row in words; empty when there is none

  bool ok() const { return message.empty(); }
  /// Adds the counts; keeps the first message.
  void add(const IndexCheck &other);
};

/// Checks a selection [B, H, M, topk] of keys `k` by queries `q`. With `within`
/// the candidates are those of the selection given there, which should be the
/// one that the same run produced. `name` begins the message.
IndexCheck checkSelection(std::string_view name, const IndexArray &actual,
                          const Slacked &q, const Slacked &k, int64_t topk,
                          Within within = {});

} // namespace llsa::reference

#endif // LLSA_KERNELS_REFERENCE_INDEXCHECK_H

//===- ReadOwner.h - who can own parts of a read tensor ---------*- C++ -*-===//
//
// The gradient of what a score region reads (llsa.attend_bias_grad) is a sum at
// each element of a tensor. Where a dimension is always indexed by the batch,
// the head or the query itself, each of these reaches a part of the tensor that
// no other does, and can sum it alone.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_TRANSFORMS_READOWNER_H
#define LLSA_COMPILER_TRANSFORMS_READOWNER_H

#include "dialects/llsa/LLSAOps.h"

namespace llsa {

struct ReadOwner {
  explicit ReadOwner(AttendBiasGradOp op);

  /// Dimensions of the result that the batch, the head and the query always
  /// index; -1: none.
  int64_t batch, head, query;
  /// Each element is the sum of a row of pairs.
  bool isRowSum;
};

} // namespace llsa

#endif // LLSA_COMPILER_TRANSFORMS_READOWNER_H

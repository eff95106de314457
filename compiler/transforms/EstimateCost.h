//===- EstimateCost.h - work and traffic of a launch ------------*- C++ -*-===//
#ifndef LLSA_COMPILER_TRANSFORMS_ESTIMATECOST_H
#define LLSA_COMPILER_TRANSFORMS_ESTIMATECOST_H

#include "dialects/llsa/LLSAOps.h"

namespace llsa {

/// Estimates for rooflines and --explain.
struct Cost {
  double flops = 0; ///< multiplications and additions, regions apart
  double bytes = 0; ///< every tensor read or written, once
};

/// The cost of a launch whose sizes are all static.
Cost estimateCost(LaunchOp launch);

/// Keys that a query of `attend` meets in source `i`, ragged ends and empty
/// index entries not subtracted.
int64_t keysOfSource(AttendOp attend, unsigned i);
int64_t keysOfSource(AttendQueryGradOp grad, unsigned i);
int64_t keysOfSource(AttendBiasGradOp grad, unsigned i);

/// The same without what an index row names again: no more than there are.
int64_t distinctKeysOfSource(AttendOp attend, unsigned i);

/// Queries of a head that a key of `grad` meets, on average.
int64_t queriesOfKey(AttendKeyGradOp grad);

/// Candidates that a query of `select` compares.
int64_t candidatesOf(SelectOp select);

} // namespace llsa

#endif // LLSA_COMPILER_TRANSFORMS_ESTIMATECOST_H

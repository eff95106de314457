//===- AttendStreams.h - segments as streams, two at a time -----*- C++ -*-===//
//
// On a GPU the tiles of an attend come as streams, so that copies run ahead
// from one loop into the next. Segments of one width that all warps share make
// one stream, those that each warp has for itself another. Where the copy
// engine feeds the shared stream, a step takes an element of each: the loads
// and the products of the two hide each other's latency, and one vote of the
// warp serves both. The very first step stands apart from its loop: there is no
// maximum yet that its exponentials could be relative to.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDSTREAMS_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDSTREAMS_H

#include "compiler/conversion/llsa-to-tile/AttendSource.h"

namespace llsa {

/// Adds the keys of all steps to the softmax's state.
using AttendUpdate = llvm::function_ref<TileBuilder::Values(
    llvm::ArrayRef<TakenStep> steps, mlir::ValueRange state)>;

/// Takes all segments; returns the state after them. `first`, if given,
/// is for the first step, which finds the state empty. With `together` a step
/// takes from a shared and a private stream where both have plain segments.
TileBuilder::Values attendStreams(KernelBuilder &k, AttendSources &sources,
                                  llvm::ArrayRef<Segment> segments,
                                  bool together, TileBuilder::Values state,
                                  AttendUpdate first, AttendUpdate update);

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDSTREAMS_H

//===- AttendStreams.h - segments as streams, two at a time -----*- C++ -*-===//
//
// On a GPU the tiles of an attend come as streams, so that copies run ahead
// from one loop into the next. Segments of one width that all warps share make
// one stream, those that each warp has for itself another. Where the copy
// engine feeds the shared stream, a step takes an element of each: the loads
// and the products of the two hide each other's latency, and one vote of the
// warp serves both. For the same reason a step may take two elements of the
// shared stream while it has more than the private one. The very first step
// stands apart from its loop: there is no maximum yet that its exponentials
// could be relative to. Steps of several sources whose keys all exist may be
// one loop, as they differ by their keys' weight alone: a loop is half of a
// kernel's code, and of the time to assemble it.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDSTREAMS_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDSTREAMS_H

#include "compiler/conversion/llsa-to-tile/AttendSource.h"

namespace llsa {

/// Adds the keys of all steps to the softmax's state.
using AttendUpdate = llvm::function_ref<TileBuilder::Values(
    llvm::ArrayRef<TakenStep> steps, mlir::ValueRange state)>;

/// What a step takes at most, of segments that may pair.
enum class StepTakes { One, OneOfEach, TwoSharedOrOneOfEach };

struct StepOptions {
  StepTakes most = StepTakes::One;
  /// Where a shared stream is taken beside a private one, its sums may be in
  /// flight at a step's end.
  bool late = false;
  /// Steps of several sources may be one loop.
  bool oneLoop = false;
};

/// Takes all segments; returns the state after them. `first`, if given,
/// is for the first step, which finds the state empty.
TileBuilder::Values attendStreams(KernelBuilder &k, AttendSources &sources,
                                  llvm::ArrayRef<Segment> segments,
                                  StepOptions options,
                                  TileBuilder::Values state, AttendUpdate first,
                                  AttendUpdate update);

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDSTREAMS_H

//===- ChooseSchedule.h - tile sizes from sizes and target ------*- C++ -*-===//
//
// A pure function, so that a decision can be tested without IR.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_SCHEDULE_CHOOSESCHEDULE_H
#define LLSA_COMPILER_SCHEDULE_CHOOSESCHEDULE_H

#include "compiler/schedule/Problem.h"
#include "compiler/schedule/TargetInfo.h"

namespace llsa {

/// `#tile.schedule` as plain numbers.
struct Schedule {
  int64_t rows =
      1; ///< queries of a tile; pool: finest pooled tokens of a work item
  int64_t cols =
      1; ///< keys that one step takes; pool and map: columns of a tile
  int64_t warps = 1;  ///< warps per CTA; 1 on the CPU
  int64_t stages = 1; ///< buffers of a load pipeline; 1 on the CPU
};

/// On the CPU the rows of a tile lie in vector lanes:
///
/// * `rows` is 16 (two AVX2 registers, one of AVX-512) without a granule or
/// when
///   it divides the granule; else what wastes least when the granule is cut
///   into tiles, the last of which may be ragged: 12 for 12, 20 for 20, 16 for
///   37. Fewer when there are fewer queries.
/// * `cols` is about 64, a multiple of every gathered source's block while that
///   stays at most 128 (else of the largest block), and no more than the
///   sources have.
/// * Pools: `rows` outputs of the finest level make one of the coarsest.
Schedule chooseSchedule(const Problem &problem, const TargetInfo &target);

} // namespace llsa

#endif // LLSA_COMPILER_SCHEDULE_CHOOSESCHEDULE_H

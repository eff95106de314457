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
  /// Queries of a tile; pool: finest pooled tokens of a work item; inverted
  /// indices: keys of a work item (GPU: of a CTA).
  int64_t rows = 1;
  int64_t cols =
      1; ///< keys that one step takes; pool and map: columns of a tile
  int64_t warps = 1;  ///< warps per CTA; 1 on the CPU
  int64_t stages = 1; ///< buffers of a load pipeline; 1 on the CPU
  /// Keys that one step takes of a source that every warp gathers for itself;
  /// 0: `cols`.
  int64_t privateCols = 0;
  /// CTAs that a multiprocessor should hold at once; 0: no matter.
  int64_t ctas = 0;
  /// Buffers of the load pipelines of private sources; 0: `stages`.
  int64_t privateStages = 0;
  /// Gradients of keys and biases: queries that a work item takes at most; 0:
  /// all.
  int64_t queries = 0;
  /// Selections: places of a list that one walk over the candidates fills; 0:
  /// all.
  int64_t list = 0;
  /// GPU: as many CTAs as fit on the card work on one item after another.
  bool persistent = false;
  /// GPU: work items from the last to the first.
  bool descending = false;
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
///
/// On a GPU a warp owns 16 rows, the height of a tensor core's tile:
///
/// * As many warps as there are tiles of one head, up to 8, share a CTA and
/// what
///   is staged in its shared memory; fewer where that would not fit.
/// * `cols` is 64, `privateCols` 16: every warp has a ring of its own for what
///   only it reads.
/// * Where threads copy, addresses take registers, too, and kernels would keep
///   values in memory. So attends have shorter steps and 12 warps to a
///   multiprocessor, of 168 registers a thread, and their gradients 8, of 255;
///   a region or a window makes steps shorter still. `tools/dev spills` shows
///   what becomes of it.
/// * Where one CTA has a multiprocessor for itself and each warp gathers blocks
///   of its own, nothing runs while it starts and ends. So it is `persistent`,
///   and copies for its next item run meanwhile, unless a region or the depth
///   leaves no registers for that.
/// * A key gradient's warp has four accumulators, so fewer warps share a
///   multiprocessor. Where there are few keys, or where one block may be chosen
///   by many, `queries` cuts the work in pieces.
/// * Gradients of queries are `descending`: the queries that the forward
///   attended last come first, which the L2 may still hold where a backward
///   follows its forward at once.
/// * A bias gradient's warp owns what it adds to, and is a CTA. Where few can
///   own a part of the tensor, `queries` cuts the work in pieces with tensors
///   of their own.
/// * A top-k list that registers do not hold is filled `list` places at a time,
///   by one walk over the candidates after the other.
/// * `stages` is as much of 3 as fits, two CTAs to a multiprocessor where their
///   registers fit, too.
Schedule chooseSchedule(const Problem &problem, const TargetInfo &target);

/// `queries` of a bias gradient whose tiles have `rows` rows, so that about
/// `wanted` work items have something to do. The tensors of the pieces take no
/// more memory than three of q's size, or 1 MiB where that is more.
int64_t chooseBiasGradQueries(const Problem &problem, int64_t rows,
                              int64_t wanted);

} // namespace llsa

#endif // LLSA_COMPILER_SCHEDULE_CHOOSESCHEDULE_H

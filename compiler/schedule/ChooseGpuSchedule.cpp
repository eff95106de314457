//===- ChooseGpuSchedule.cpp - tile sizes on a GPU ------------------------===//

#include "compiler/schedule/ChooseSchedule.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace llsa;

/// Rows and columns of a tensor core's tile.
static constexpr int64_t kTileRows = 16;
static constexpr int64_t kTileCols = 16;

static constexpr int64_t kWarps = 8;
static constexpr int64_t kWarpGroup = 4; ///< warps that wgmma takes
/// Warps of a multiprocessor that leave each thread 168 registers.
static constexpr int64_t kRoomyWarps = 12;
static constexpr int64_t kStages = 3;
static constexpr int64_t kBulkStages = 4;
static constexpr int64_t kGpuCols = 64;
static constexpr int64_t kSelectCols = 128; ///< sorted at once
static constexpr int64_t kPoolCols = 64, kPoolStages = 4, kPoolCtas = 2;
static constexpr int64_t kFewTiles = 1024; ///< of a card with 500 schedulers
static constexpr int64_t kPrivateCols = 16;
/// Longest top-k list that a warp keeps without spilling, and parts of longer
/// ones.
static constexpr int64_t kLongestList = 128, kListPart = 64;
/// Depth up to which a thread of a key gradient needs at most 255 registers;
/// up to kMaxDepthOfTwo 168 will do.
static constexpr int64_t kMaxDepthOfKeys = 128;
/// Queries that a work item of a key gradient should take at least.
static constexpr int64_t kPieceQueries = 1024;
/// Selections within coarser ones: warps of a CTA, and its shared memory.
static constexpr int64_t kGatherWarps = 2;
/// Warps of a bias gradient on a multiprocessor: of at most 255 registers a
/// thread.
static constexpr int64_t kBiasGradWarps = 8;
static constexpr int64_t kGatherBytes = 64 * 1024;
/// Keys that a CTA counts when it inverts index rows: about so many CTAs share
/// a head, each of which reads all entries.
static constexpr int64_t kInvertCtas = 16, kInvertWarps = 16;
static constexpr int64_t kFewestKeys = 128;
/// What each of its warps collects before it places them.
static constexpr int64_t kCollectedEntries = 256;
/// What the hardware keeps of shared memory for itself, per CTA.
static constexpr int64_t kReservedBytes = 1024;
/// Depth up to which a thread needs at most 128 registers, so that two CTAs of
/// 8 warps share a multiprocessor.
static constexpr int64_t kMaxDepthOfTwo = 64;
/// An attend whose CTA has a multiprocessor for itself has registers for what
/// it does ahead of its next item, up to this depth.
static constexpr int64_t kMaxDepthOfPersistent = 128;

/// The next shorter step: about half as long, of whole tiles; 0 where there is
/// none.
static int64_t shorterCols(int64_t cols) {
  return cols > kTileCols ? llvm::alignTo(cols / 2, kTileCols) : 0;
}

/// Whether a selection's candidates are pruned (TopkPruned.cpp), not sorted.
static bool isPruned(const Problem &problem) {
  constexpr int64_t kLongest = 8; // tile::TopkOp::kMostPruned
  return problem.kind == Problem::Kind::Select && problem.topk <= kLongest;
}

/// Where the warps of a selection put the candidates that may be chosen.
static int64_t scratchBytes(const Problem &problem, const Schedule &schedule) {
  constexpr int64_t kFewestCols = 64;  // tile::TopkOp::kFewestPruned
  constexpr int64_t kWarpBytes = 2048; // aligned as AllocSharedOp has it
  return isPruned(problem) && schedule.cols >= kFewestCols
             ? schedule.warps * kWarpBytes
             : 0;
}

/// Shared memory of a CTA: its private and shared rings, which take turns.
static int64_t ringBytes(const Problem &problem, const Schedule &schedule) {
  // AllocSharedOp::getAlignment
  constexpr int64_t kAlignment = 1024, kVectorAlignment = 128;
  int64_t row = problem.depth * problem.elementBytes;
  auto ring = [&](int64_t cols) -> int64_t {
    int64_t bytes = llvm::alignTo(schedule.stages * cols * row, kAlignment);
    switch (problem.kind) {
    case Problem::Kind::Select:
      return bytes;
    case Problem::Kind::KeyGrad: // queries and do, lse and delta
      return 2 * (bytes + llvm::alignTo(schedule.stages * cols * sizeof(float),
                                        kVectorAlignment));
    default: // keys and values
      return 2 * bytes;
    }
  };
  int64_t privateCols =
      schedule.privateCols ? schedule.privateCols : schedule.cols;
  int64_t bytes = ring(schedule.cols);
  if (!problem.blocks.empty())
    bytes = std::max(bytes, schedule.warps * ring(privateCols));
  if (problem.windows)
    bytes = std::max(bytes, schedule.warps * ring(schedule.cols));
  return bytes + scratchBytes(problem, schedule);
}

/// Warps of a CTA: as many as there are tiles; fewer where that makes a source
/// one that all of them share.
static int64_t mostWarps(const Problem &problem) {
  int64_t granule =
      problem.granule ? std::min(problem.granule, kTileRows) : kTileRows;
  int64_t tiles = llvm::divideCeil(problem.queries, granule);
  int64_t warps = std::min<int64_t>(kWarps, llvm::PowerOf2Ceil(tiles));
  if (problem.granule % (kTileRows * kWarps) != 0 &&
      problem.granule % (kTileRows * kWarps / 2) == 0)
    warps = std::min(warps, kWarps / 2);
  return warps;
}

/// Warps of a CTA of a selection among all keys: few where there are few tiles,
/// so that each multiprocessor has some.
static int64_t spreadWarps(const Problem &problem, int64_t rows,
                           const TargetInfo &target) {
  int64_t tiles = problem.heads * llvm::divideCeil(problem.queries, rows);
  int64_t warps = mostWarps(problem);
  while (warps > 1 && 2 * tiles <= warps * target.multiprocessors)
    warps /= 2;
  return warps;
}

/// Of the source that has most.
static int64_t mostKeys(const Problem &problem) {
  int64_t most = 1;
  for (int64_t keys : problem.keys)
    most = std::max(most, keys);
  return most;
}

static bool isGradient(const Problem &problem) {
  return problem.gradient || problem.kind == Problem::Kind::KeyGrad;
}

/// Keys of a step of an attend in 16 bits whose scores a thread has registers
/// for, beside what depends on the depth and the addresses of its copies.
/// Gradients have 255 registers, which is enough for long steps or else for the
/// shortest; regions keep what they compute of a score.
static int64_t colsWhereThreadsCopy(const Problem &problem) {
  bool isDeep = problem.depth > kMaxDepthOfTwo;
  bool isKeyGrad = problem.kind == Problem::Kind::KeyGrad;
  if (problem.region || (problem.windows && (isDeep || isKeyGrad)) ||
      (isDeep && isGradient(problem)))
    return kTileCols;
  return isGradient(problem) && !problem.windows ? kGpuCols : kGpuCols / 2;
}

/// The same in float32, where a product's operands take twice the registers, or
/// four times where products are exact: what spills costs up to three quarters
/// of the time (docs/performance.md).
static int64_t colsOfFloat32(const Problem &problem) {
  bool isForward = problem.kind == Problem::Kind::Attend && !problem.gradient;
  bool isShallow = problem.depth <= kMaxDepthOfTwo;
  return problem.kind == Problem::Kind::KeyGrad || (isForward && isShallow)
             ? kGpuCols / 2
             : kTileCols;
}

/// An attend whose shared sources go through the copy engine and wgmma, while
/// each warp gathers its own blocks: both rings are there at once.
static bool chooseBulkSchedule(Schedule &schedule, const Problem &problem,
                               const TargetInfo &target) {
  if (!target.bulkCopies || problem.kind != Problem::Kind::Attend ||
      problem.elementBytes != 2 || problem.windows)
    return false;
  int64_t warps = mostWarps(problem);
  if (warps < kWarpGroup)
    return false;
  bool isPrivate = problem.granule % (kTileRows * warps) != 0;
  bool isShallow = problem.depth <= kMaxDepthOfTwo;
  int64_t most = isShallow ? 2 : 1; // CTAs of a multiprocessor
  // A gradient's long steps want more than 128 registers.
  if (isShallow && problem.gradient && !isPrivate) {
    warps = kWarpGroup;
    most = kRoomyWarps / kWarpGroup;
  }
  int64_t key = problem.depth * problem.elementBytes * 2; // and its value
  for (int64_t ctas = most; ctas >= 1; --ctas)
    for (schedule.warps = warps; schedule.warps >= kWarpGroup;
         schedule.warps /= 2)
      for (schedule.stages = kBulkStages; schedule.stages >= 2;
           --schedule.stages) {
        schedule.cols =
            std::min<int64_t>(llvm::alignTo(mostKeys(problem), kTileCols),
                              isPrivate ? kGpuCols / 2 : kGpuCols);
        schedule.privateCols = std::min(kPrivateCols, schedule.cols);
        schedule.privateStages = isPrivate ? 2 : 0;
        int64_t bytes = schedule.stages * (schedule.cols * key + 16);
        if (isPrivate)
          bytes += schedule.warps * schedule.privateStages *
                   schedule.privateCols * key;
        if (bytes <= target.sharedBytes / ctas - kReservedBytes) {
          schedule.rows = kTileRows;
          schedule.ctas = ctas > 1 ? ctas : 0;
          schedule.persistent = ctas == 1 && isPrivate && !problem.gradient &&
                                !problem.region &&
                                problem.depth <= kMaxDepthOfPersistent;
          return true;
        }
      }
  schedule = Schedule();
  return false;
}

static void chooseMatrixSchedule(Schedule &schedule, const Problem &problem,
                                 const TargetInfo &target) {
  bool isAttend = problem.kind != Problem::Kind::Select;
  bool isShort = isAttend && problem.elementBytes == 2;
  schedule.rows = kTileRows;
  // Few tiles: half as high, so that there are twice as many. Where candidates
  // are pruned, too: then registers are left for warps that hide each other's
  // latency.
  int64_t high = problem.heads * llvm::divideCeil(problem.queries, kTileRows);
  if (!isAttend && (isPruned(problem) || high < kFewTiles))
    schedule.rows = kTileRows / 2;
  bool threadsCopy = !target.bulkCopies || problem.windows;
  int64_t cols = isAttend ? kGpuCols : kSelectCols;
  if (isAttend && !isShort)
    cols = colsOfFloat32(problem);
  if (threadsCopy) {
    if (isShort)
      cols = colsWhereThreadsCopy(problem);
    if (!isAttend) // as many scores for a thread to sort, whatever the height
      cols = kSelectCols * kTileRows / 2 / schedule.rows;
  }
  schedule.cols =
      std::min<int64_t>(llvm::alignTo(mostKeys(problem), kTileCols), cols);
  if (isAttend)
    schedule.privateCols = std::min(kPrivateCols, schedule.cols);

  int64_t granule =
      problem.granule ? std::min(problem.granule, kTileRows) : kTileRows;
  int64_t tiles = llvm::divideCeil(problem.queries, granule);
  int64_t warps = isAttend ? mostWarps(problem)
                           : spreadWarps(problem, schedule.rows, target);
  int64_t ctas = problem.depth <= kMaxDepthOfTwo ? 2 : 1;
  if (isPruned(problem)) {
    warps = std::min(warps, kWarpGroup);
    ctas = kRoomyWarps / kWarpGroup;
  }
  int64_t fewestWarps = isAttend ? kWarps / 2 : (warps + 1) / 2;
  // Where threads copy, 128 registers a thread do not do.
  if (isShort && ctas == 2 && threadsCopy) {
    warps = std::min(warps, kWarpGroup);
    ctas = isGradient(problem) ? 2 : kRoomyWarps / kWarpGroup;
  }
  // Two CTAs first, many warps before many stages, wide steps before both.
  for (; ctas >= 1; --ctas)
    for (int64_t cols = schedule.cols; cols > 0; cols = shorterCols(cols)) {
      schedule.cols = cols;
      schedule.privateCols = std::min(schedule.privateCols, cols);
      for (schedule.warps = warps; schedule.warps >= 1; schedule.warps /= 2)
        for (schedule.stages = kStages; schedule.stages >= 1; --schedule.stages)
          if (ringBytes(problem, schedule) <=
                  target.sharedBytes / ctas - kReservedBytes &&
              (schedule.stages > 1 || cols == kTileCols) &&
              (schedule.warps >= fewestWarps || cols == kTileCols ||
               tiles < kWarps)) {
            if ((isShort || isPruned(problem)) && ctas > 1)
              schedule.ctas = ctas;
            return;
          }
    }
  schedule.cols = kTileCols;
  schedule.privateCols = std::min(schedule.privateCols, schedule.cols);
  schedule.warps = schedule.stages = 1;
}

/// Queries of a piece of an index row's, if that is how the gradients of a
/// gathered source's keys are summed: its queries are read once for all blocks
/// that it names, and each piece leaves a sum for each of these keys. 0 where
/// these were too many, where rows have few queries, or cannot be cut evenly.
static int64_t rowPiece(const Problem &problem, const Schedule &schedule) {
  constexpr int64_t kFewestSteps = 4, kMostBlocks = 16, kKeysToQueries = 2;
  int64_t queries = std::min(problem.rowQueries, kPieceQueries);
  if (problem.rowBlocks == 0 || problem.rowBlocks > kMostBlocks ||
      queries < kFewestSteps * schedule.cols || queries % schedule.cols != 0 ||
      problem.rowQueries % queries != 0 ||
      problem.rowBlocks * problem.granule * kKeysToQueries > queries)
    return 0;
  return queries;
}

/// Whether two warp groups share a dense source's queries, where there are keys
/// for both: one CTA to a multiprocessor, so that a thread has the registers
/// for steps of many queries, as wide products are the faster ones.
static bool isWideKeyGrad(const Problem &problem, const TargetInfo &target) {
  constexpr int64_t kKeys = 2 * kWarpGroup * kTileRows;
  constexpr int64_t kFewestCtas = 8; // of a head, if the last one is half idle
  return target.bulkCopies && problem.blocks.empty() && !problem.region &&
         problem.depth <= kMaxDepthOfKeys &&
         (problem.queries % kKeys == 0 ||
          problem.queries >= kFewestCtas * kKeys);
}

/// The gradients of keys: four products a step, two of whose sums, keys and
/// values stay in registers. Four warps share a dense source's queries, or an
/// index row's; those of lists have nothing in common, and so are CTAs of their
/// own.
static bool chooseKeyGradSchedule(Schedule &schedule, const Problem &problem,
                                  const TargetInfo &target) {
  if (problem.elementBytes != 2 || problem.windows)
    return false;
  schedule.rows = kTileRows;
  bool isShallow = problem.depth <= kMaxDepthOfTwo;
  bool hasRoom = isShallow ? target.bulkCopies || !problem.region
                           : target.bulkCopies && !problem.region &&
                                 problem.depth <= kMaxDepthOfKeys;
  schedule.cols = hasRoom ? 2 * kTileCols : kTileCols;
  schedule.privateCols = kTileCols;
  bool hasLists = !problem.blocks.empty();
  if (int64_t queries = rowPiece(problem, schedule)) {
    schedule.queries = queries;
    hasLists = false;
  }
  schedule.warps = hasLists ? 1 : std::min(mostWarps(problem), kWarpGroup);
  bool isWide = isWideKeyGrad(problem, target);
  if (isWide) {
    schedule.warps = 2 * kWarpGroup;
    if (isShallow)
      schedule.cols *= 2;
  }
  int64_t cols = hasLists ? schedule.privateCols : schedule.cols;
  // A query and its do, lse and delta; two barriers.
  int64_t query = problem.depth * problem.elementBytes * 2 + 8;
  int64_t slot = cols * query + 16;
  // A quarter of a multiprocessor has registers for three warps of 168 a thread
  // or two of 255; without a copy engine addresses take some, too.
  int64_t most = target.bulkCopies ? 12 : 8;
  int64_t warps = isWide                             ? schedule.warps
                  : isShallow                        ? most
                  : problem.depth <= kMaxDepthOfKeys ? 8
                                                     : 4;
  for (schedule.ctas = std::max<int64_t>(1, warps / schedule.warps);
       schedule.ctas >= 1; --schedule.ctas)
    for (schedule.stages = kBulkStages; schedule.stages > 1; --schedule.stages)
      if (schedule.stages * slot <=
          target.sharedBytes / schedule.ctas - kReservedBytes)
        return true;
  schedule = Schedule();
  return false;
}

/// Queries of a piece: of a dense source, as many as give every multiprocessor
/// something to do at once; of a list no more than a warp's share of all, lest
/// one that many chose holds up the card.
static int64_t pieceQueries(const Problem &problem, const Schedule &schedule,
                            const TargetInfo &target) {
  if (problem.windows || problem.streamed <= kPieceQueries)
    return 0;
  int64_t slots = target.multiprocessors * std::max<int64_t>(1, schedule.ctas);
  if (!problem.blocks.empty()) {
    int64_t lists =
        problem.heads * llvm::divideCeil(problem.queries, problem.granule);
    int64_t share = lists * problem.keys[0] / (slots * schedule.warps);
    return share < kPieceQueries ? kPieceQueries / 2 : kPieceQueries;
  }
  int64_t tiles = llvm::divideCeil(problem.queries, schedule.rows);
  int64_t ctas = problem.heads * llvm::divideCeil(tiles, schedule.warps);
  int64_t pieces = slots / ctas;
  if (pieces <= 1)
    return 0;
  int64_t queries = llvm::divideCeil(problem.streamed, pieces);
  return std::max(kPieceQueries,
                  int64_t(llvm::alignTo(queries, schedule.cols)));
}

/// A bias gradient that adds in memory: each warp is a CTA of its own. It waits
/// for memory most of the time, so steps are short, which leaves registers for
/// several warps to a scheduler.
static void chooseBiasGradSchedule(Schedule &schedule, const Problem &problem,
                                   const TargetInfo &target) {
  schedule.rows = kTileRows;
  schedule.cols = schedule.privateCols = kTileCols;
  schedule.stages = 2;
  if (ringBytes(problem, schedule) + kReservedBytes >
      target.sharedBytes / kBiasGradWarps)
    schedule.stages = 1;
  schedule.queries = chooseBiasGradQueries(
      problem, schedule.rows, kBiasGradWarps * target.multiprocessors);
}

/// A selection within a coarser one: few candidates for each index row's
/// queries. Tiles are half as high as a tensor core's, since sorting is most of
/// the work: so each is half as long. Warps share the candidates where they
/// have the same, and many CTAs hide each other's latency better than deep
/// pipelines would.
static void chooseGatherSchedule(Schedule &schedule, const Problem &problem,
                                 const TargetInfo &target) {
  schedule.rows = kTileRows / 2;
  int64_t tiles = problem.granule / schedule.rows;
  bool isShared = problem.granule % schedule.rows == 0;
  schedule.warps =
      isShared ? std::min<int64_t>(tiles & -tiles, kGatherWarps) : kGatherWarps;
  int64_t rings = isShared ? 1 : schedule.warps;
  schedule.cols = std::min<int64_t>(llvm::alignTo(mostKeys(problem), kTileCols),
                                    kSelectCols);
  int64_t key = problem.depth * problem.elementBytes;
  while (schedule.cols > kTileCols &&
         rings * schedule.cols * key > kGatherBytes)
    schedule.cols = shorterCols(schedule.cols);
  while (schedule.warps > 1 && rings * schedule.cols * key > kGatherBytes) {
    schedule.warps /= 2;
    rings = isShared ? 1 : schedule.warps;
  }
  int64_t bytes = rings * schedule.cols * key + kReservedBytes;
  if (mostKeys(problem) > schedule.cols) // else it lies where the keys were
    bytes += scratchBytes(problem, schedule);
  schedule.ctas = std::min(target.sharedBytes / bytes,
                           target.sortingWarps / schedule.warps);
}

/// Deep tokens in parts: fewer registers, and more work items. Several tiles of
/// them at a time: as much is on its way as memory wants.
static void choosePoolSchedule(Schedule &schedule, const Problem &problem,
                               const TargetInfo &target) {
  for (int64_t level = 1; level < problem.levels; ++level)
    schedule.rows *= problem.block;
  schedule.warps = kWarps;
  schedule.cols = problem.depth % kPoolCols == 0 ? kPoolCols : problem.depth;
  schedule.stages = kPoolStages;
  // (For others the assembler loads more at once, and would spill.)
  if (target.bulkCopies && schedule.cols <= kPoolCols)
    schedule.ctas = kPoolCtas;
}

namespace llsa {

Schedule chooseGpuSchedule(const Problem &problem, const TargetInfo &target) {
  Schedule schedule;
  switch (problem.kind) {
  case Problem::Kind::Attend:
  case Problem::Kind::Select:
    if (problem.kind == Problem::Kind::Select && !problem.blocks.empty())
      chooseGatherSchedule(schedule, problem, target);
    else if (!chooseBulkSchedule(schedule, problem, target))
      chooseMatrixSchedule(schedule, problem, target);
    if (problem.topk > kLongestList)
      schedule.list = kListPart;
    schedule.descending = problem.gradient;
    break;
  case Problem::Kind::KeyGrad:
    if (!chooseKeyGradSchedule(schedule, problem, target))
      chooseMatrixSchedule(schedule, problem, target);
    if (schedule.queries == 0)
      schedule.queries = pieceQueries(problem, schedule, target);
    break;
  case Problem::Kind::BiasGrad:
    chooseBiasGradSchedule(schedule, problem, target);
    break;
  case Problem::Kind::Pool:
    choosePoolSchedule(schedule, problem, target);
    break;
  case Problem::Kind::Invert:
    // As many as a CTA has counters for: one for each key and warp, and once.
    schedule.warps = kInvertWarps;
    schedule.rows = std::clamp<int64_t>(
        llvm::alignTo(llvm::divideCeil(problem.queries, kInvertCtas), 32),
        kFewestKeys,
        llvm::alignDown(((target.sharedBytes - kReservedBytes) / 4 -
                         kInvertWarps * kCollectedEntries) /
                            (kInvertWarps + 1),
                        32));
    break;
  case Problem::Kind::Map:
    schedule.rows = kTileRows;
    schedule.cols = problem.depth;
    schedule.warps = kWarps;
    break;
  }
  return schedule;
}

} // namespace llsa

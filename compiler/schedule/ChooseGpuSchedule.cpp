//===- ChooseGpuSchedule.cpp - tile sizes on a GPU ------------------------===//

#include "compiler/schedule/ChooseSchedule.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace llsa;

/// Rows and columns of a tensor core's tile.
static constexpr int64_t kTileRows = 16;
static constexpr int64_t kTileCols = 16;

static constexpr int64_t kWarps = 8;
static constexpr int64_t kStages = 3;
static constexpr int64_t kCols = 64;
static constexpr int64_t kPrivateCols = 16;
/// What the hardware keeps of shared memory for itself, per CTA.
static constexpr int64_t kReservedBytes = 1024;
/// Depth up to which a thread needs at most 128 registers, so that two CTAs of
/// 8 warps share a multiprocessor.
static constexpr int64_t kMaxDepthOfTwo = 64;

/// Shared memory of a CTA: its private and shared rings, which take turns.
static int64_t ringBytes(const Problem &problem, const Schedule &schedule) {
  bool isAttend = problem.kind == Problem::Kind::Attend;
  int64_t row = problem.depth * problem.elementBytes * (isAttend ? 2 : 1);
  int64_t privateCols = schedule.privateCols ? schedule.privateCols : schedule.cols;
  int64_t shared = schedule.cols * row;
  int64_t own = problem.blocks.empty() ? 0 : schedule.warps * privateCols * row;
  return schedule.stages * std::max(shared, own);
}

static void chooseMatrixSchedule(Schedule &schedule, const Problem &problem,
                                 const TargetInfo &target) {
  int64_t most = 1;
  for (int64_t keys : problem.keys)
    most = std::max(most, keys);
  bool isAttend = problem.kind == Problem::Kind::Attend;
  schedule.rows = kTileRows;
  schedule.cols = std::min<int64_t>(llvm::alignTo(most, kTileCols), kCols);
  if (isAttend)
    schedule.privateCols = std::min(kPrivateCols, schedule.cols);

  int64_t granule = problem.granule ? std::min(problem.granule, kTileRows) : kTileRows;
  int64_t tiles = llvm::divideCeil(problem.queries, granule);
  int64_t ctas = problem.depth <= kMaxDepthOfTwo ? 2 : 1;
  // Two CTAs first, many warps before many stages, wide steps before both.
  for (; ctas >= 1; --ctas)
    for (int64_t cols = schedule.cols; cols >= kTileCols; cols /= 2) {
      schedule.cols = cols;
      schedule.privateCols = std::min(schedule.privateCols, cols);
      for (schedule.warps = std::min<int64_t>(kWarps, llvm::PowerOf2Ceil(tiles));
           schedule.warps >= 1; schedule.warps /= 2)
        for (schedule.stages = kStages; schedule.stages >= 1; --schedule.stages)
          if (ringBytes(problem, schedule) <=
                  target.sharedBytes / ctas - kReservedBytes &&
              (schedule.stages > 1 || cols == kTileCols) &&
              (schedule.warps * 2 >= kWarps || cols == kTileCols || tiles < kWarps)) {
            if (isAttend && ctas == 2 && problem.elementBytes == 2)
              schedule.ctas = ctas;
            return;
          }
    }
  schedule.cols = kTileCols;
  schedule.privateCols = std::min(schedule.privateCols, schedule.cols);
  schedule.warps = schedule.stages = 1;
}

namespace llsa {

Schedule chooseGpuSchedule(const Problem &problem, const TargetInfo &target) {
  Schedule schedule;
  switch (problem.kind) {
  case Problem::Kind::Attend:
  case Problem::Kind::Select:
    chooseMatrixSchedule(schedule, problem, target);
    break;
  case Problem::Kind::Pool:
    for (int64_t level = 1; level < problem.levels; ++level)
      schedule.rows *= problem.block;
    schedule.cols = problem.depth;
    schedule.warps = kWarps;
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

//===- ChooseSchedule.cpp - tile sizes from sizes and target --------------===//

#include "compiler/schedule/ChooseSchedule.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <numeric>
#include <tuple>

using namespace llsa;

namespace llsa {
/// ChooseGpuSchedule.cpp
Schedule chooseGpuSchedule(const Problem &problem, const TargetInfo &target);
} // namespace llsa

static constexpr int64_t kRows = 16;
static constexpr int64_t kMaxRows = 32;
static constexpr int64_t kCols = 64;
/// Where every tile streams all keys through the cache, a tile of more rows
/// streams them less often.
static constexpr int64_t kStreamingRows = 64;
static constexpr int64_t kCachedBytes = 1 << 20;
static constexpr int64_t kMaxCols = 128;
/// Work items of a bias gradient: as many as threads may share.
static constexpr int64_t kBiasGradItems = 32;
/// Memory that they may take in any case.
static constexpr int64_t kFreeBytes = 1 << 20;

/// Time per query when runs of `granule` queries are cut into tiles of `rows`.
/// A tile costs its lanes, those that do nothing included (code generation
/// widens a vector to the next power of two), and the keys' loads and
/// broadcasts, worth about four lanes, that its rows share.
static double costOfRows(int64_t rows, int64_t granule,
                         const TargetInfo &target) {
  int64_t lanes = std::max<int64_t>(llvm::PowerOf2Ceil(rows), target.lanes());
  double tiles = static_cast<double>(llvm::divideCeil(granule, rows));
  return tiles * (lanes + 4) / granule;
}

static int64_t chooseRows(const Problem &problem, const TargetInfo &target) {
  int64_t rows = kRows, granule = problem.granule;
  if (problem.kind != Problem::Kind::Select && granule == 0)
    for (int64_t keys : problem.keys)
      if (keys * problem.depth * 2 * int64_t(sizeof(float)) > kCachedBytes)
        rows = kStreamingRows;
  if (granule > 0 && granule % kRows != 0) {
    // More than 16 rows only where one tile is the whole granule. Equal costs:
    // whole tiles before ragged ones, then larger ones.
    auto rank = [&](int64_t r) {
      return std::make_tuple(costOfRows(r, granule, target), granule % r != 0,
                             -r);
    };
    for (int64_t r = 1; r <= std::min(granule, kMaxRows); ++r)
      if ((r <= kRows || r == granule) &&
          (rows > granule || rank(r) < rank(rows)))
        rows = r;
  }
  // One tile that holds all queries may be as small as they are few.
  return std::min<int64_t>(rows, llvm::PowerOf2Ceil(problem.queries));
}

static int64_t chooseCols(const Problem &problem) {
  int64_t unit = 1, largest = 1;
  for (int64_t block : problem.blocks) {
    unit = std::min(std::lcm(unit, block), kMaxCols + 1);
    largest = std::max(largest, block);
  }
  if (unit > kMaxCols)
    unit = largest;
  // Steps need not be wider than the widest source.
  int64_t most = 1;
  for (int64_t keys : problem.keys)
    most = std::max(most, keys);
  int64_t wanted = llvm::alignTo(std::min(most, kCols), 8);
  return std::max(unit, wanted / unit * unit);
}

static Schedule chooseCpuSchedule(const Problem &problem,
                                  const TargetInfo &target) {
  Schedule schedule;
  switch (problem.kind) {
  case Problem::Kind::Attend:
  case Problem::Kind::Select:
  case Problem::Kind::KeyGrad:
    schedule.rows = chooseRows(problem, target);
    schedule.cols = chooseCols(problem);
    break;
  case Problem::Kind::BiasGrad:
    schedule.rows = chooseRows(problem, target);
    schedule.cols = chooseCols(problem);
    schedule.queries =
        chooseBiasGradQueries(problem, schedule.rows, kBiasGradItems);
    break;
  case Problem::Kind::Pool:
    for (int64_t level = 1; level < problem.levels; ++level)
      schedule.rows *= problem.block;
    schedule.cols = problem.depth;
    break;
  case Problem::Kind::Invert:
    schedule.rows = problem.queries;
    break;
  case Problem::Kind::Map:
    schedule.rows =
        std::min<int64_t>(kRows, llvm::PowerOf2Ceil(problem.queries));
    schedule.cols = problem.depth;
    break;
  }
  return schedule;
}

int64_t llsa::chooseBiasGradQueries(const Problem &problem, int64_t rows,
                                    int64_t wanted) {
  int64_t granule = problem.granule;
  int64_t tiles = llvm::divideCeil(problem.queries, rows);
  if (granule > 0 && granule % rows != 0 && granule < problem.queries)
    tiles = llvm::divideCeil(problem.queries, granule) *
            llvm::divideCeil(granule, rows);
  int64_t items = problem.owners * (problem.ownsQueries ? tiles : 1);
  int64_t tilesOfItem =
      problem.heads / problem.owners * (problem.ownsQueries ? 1 : tiles);
  int64_t bytes = 3 * problem.heads * problem.queries * problem.depth *
                  problem.elementBytes;
  int64_t room =
      std::max(bytes, kFreeBytes) / (problem.elements * int64_t(sizeof(float)));
  int64_t pieces = std::min({tilesOfItem, wanted / items, room});
  if (pieces <= 1)
    return 0;
  return llvm::divideCeil(tilesOfItem, pieces) * rows;
}

Schedule llsa::chooseSchedule(const Problem &problem,
                              const TargetInfo &target) {
  return target.isGpu ? chooseGpuSchedule(problem, target)
                      : chooseCpuSchedule(problem, target);
}

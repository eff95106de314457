//===- Uniformity.h - what all warps of a CTA agree on ----------*- C++ -*-===//
//
// The warps of a CTA have consecutive numbers in the last dimension of their
// kernel's work items, from a multiple of the number of warps on; the other
// dimensions are the same for all. So an index is, over the warps of one CTA,
//
//   unit * n + r,   0 <= r < spread,   n the same for all
//
// and equal for all where spread is 1. Division makes it so: tile t of 16 rows
// starts at 16 t; over 8 warps from a multiple of 8 on that is 128 n + r with
// r < 113, and 16 t / 256, the index row of a coarse level, is one number.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_STAGING_UNIFORMITY_H
#define LLSA_COMPILER_STAGING_UNIFORMITY_H

#include "dialects/tile/TileOps.h"
#include "llvm/ADT/DenseMap.h"
#include <optional>

namespace llsa {

class Uniformity {
public:
  explicit Uniformity(tile::KernelOp kernel);

  /// All warps of a CTA have the same value. `value` is an index, a tile of
  /// block rows, memory, or null (which is uniform).
  bool isUniform(mlir::Value value);
  bool areUniform(mlir::ValueRange values);
  /// All warps reach `op` together, equally often.
  bool isReachedTogether(mlir::Operation *op);

private:
  /// unit * n + r; `most` bounds the value where known.
  struct Range {
    int64_t unit, spread;
    std::optional<int64_t> most;
  };
  /// Null: nothing is known.
  std::optional<Range> rangeOf(mlir::Value value);
  std::optional<Range> compute(mlir::Value value);

  tile::KernelOp kernel;
  int64_t warps;
  llvm::DenseMap<mlir::Value, std::optional<Range>> known;
};

} // namespace llsa

#endif // LLSA_COMPILER_STAGING_UNIFORMITY_H

//===- KeyGradSums.h - sums of pieces of queries, in memory -----*- C++ -*-===//
//
// A kernel of an attend_key_grad leaves what a piece of the queries gives to
// keys and values in memory, and another one adds that up. The order of the
// additions is that of the pieces.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADSUMS_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADSUMS_H

#include "compiler/conversion/llsa-to-tile/KeyGradTile.h"

namespace llsa {

/// Buffers of the host, [B, H, rows, D].
struct KeyGradSums {
  using State = KeyGradTile::State; ///< dk before scaling, dv

  mlir::Value keys, values;

  /// Where a piece's sums begin, and how many of the tile's rows count (null:
  /// all).
  struct Piece {
    mlir::Value head, row, rows;
  };
  /// Pieces whose loads are in flight together.
  static constexpr int64_t kTogether = 4;

  void store(KernelBuilder &k, const RowTile &tile, mlir::Value head,
             mlir::Value row, mlir::ValueRange state) const;
  /// Adds the sums of pieces of `size`, in their order.
  State add(KernelBuilder &k, mlir::Value batch, TileSize size,
            llvm::ArrayRef<Piece> pieces, mlir::ValueRange state) const;
  /// The same for `count` of them.
  State addRun(KernelBuilder &k, mlir::Value batch, TileSize size,
               int64_t count, llvm::function_ref<Piece(mlir::Value i)> pieceAt,
               mlir::ValueRange state) const;
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADSUMS_H

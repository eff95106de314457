//===- TileLayout.h - a tile in the registers of a warp ---------*- C++ -*-===//
//
// Fragments
// =========
//
// A tensor core's accumulator of 16x8 elements lies in a warp like this: lane l
// has g = l / 4 and t = l % 4, and holds the elements (g, 2t), (g, 2t + 1),
// (g + 8, 2t) and (g + 8, 2t + 1). Larger tiles repeat that. So
//
//   * rows: a tile of R rows has ceil(R / 8) *halves*; a lane holds row 8h + g
//     of half h;
//   * columns: a lane holds `LaneGrid::columns` (V) neighbours out of each
//     group of 4V: column 4V * (c / V) + V * t + c % V for c = 0, 1, ... .
//
// V is 2 for tensor cores. Kernels without them take larger ones, for loads of
// 16 bytes, and *eight* lanes to a row where its columns suffice: then lane l
// has g = l / 8 and t = l % 8, a half has 4 rows and a group of columns 8V, so
// that a load takes whole lines of memory. The left operand of an mma of 16-bit
// elements is the same fragment with neighbours packed in pairs, so a product's
// result becomes the next product's operand with no exchange between lanes.
//
// A dimension of size 1 is *replicated*: all lanes of a row hold an Rx1 tile's
// element, all lanes of a column a 1xC tile's. An Rx4 tile (partial results,
// one per lane of a row) has column t in lane t.
//
// Elements of 16 bits lie in pairs, vector<2xT>, where columns come in pairs.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_TILETONVVM_TILELAYOUT_H
#define LLSA_COMPILER_CONVERSION_TILETONVVM_TILELAYOUT_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/MathExtras.h"

namespace llsa::gpu {

/// How all tiles of a kernel lie in the lanes of a warp.
struct LaneGrid {
  int64_t columns = 2;  ///< neighbours that a lane holds: V
  int64_t rowLanes = 4; ///< that share a row

  int64_t rows() const { return 32 / rowLanes; } ///< of a half
};

struct TileLayout {
  int64_t rows, cols;
  LaneGrid grid;

  TileLayout(mlir::RankedTensorType tile, LaneGrid grid)
      : rows(tile.getDimSize(0)), cols(tile.getDimSize(1)), grid(grid) {}

  bool isOneRow() const { return rows == 1; }
  bool isOneColumn() const { return cols == 1; }
  /// One column per lane of a row.
  bool isPartial() const { return rows > 1 && cols == grid.rowLanes; }

  /// Rows that a lane holds.
  int64_t halves() const {
    return isOneRow() ? 1 : llvm::divideCeil(rows, grid.rows());
  }
  /// Columns that a lane holds.
  int64_t columns() const {
    return isOneColumn() || isPartial()
               ? 1
               : grid.columns *
                     llvm::divideCeil(cols, grid.rowLanes * grid.columns);
  }
  /// Elements that a lane holds, row by row.
  int64_t elements() const { return halves() * columns(); }
  int64_t indexOf(int64_t half, int64_t column) const {
    return half * columns() + column;
  }

  /// Column number `c` of a lane is `columnBase(c) + grid.columns * t` (for a
  /// partial tile t).
  int64_t columnBase(int64_t c) const {
    return isOneColumn() || isPartial()
               ? 0
               : grid.rowLanes * grid.columns * (c / grid.columns) +
                     c % grid.columns;
  }
  /// Every lane's column number `c` exists.
  bool columnExists(int64_t c) const {
    return isOneColumn() || isPartial() ||
           columnBase(c) + (grid.rowLanes - 1) * grid.columns < cols;
  }
  /// Every lane's row of half `h` exists.
  bool rowExists(int64_t h) const {
    return isOneRow() || (h + 1) * grid.rows() <= rows;
  }

  /// Elements of this type lie in pairs.
  bool isPaired(mlir::Type element) const {
    return !isOneColumn() && !isPartial() &&
           element.getIntOrFloatBitWidth() == 16;
  }
};

} // namespace llsa::gpu

#endif // LLSA_COMPILER_CONVERSION_TILETONVVM_TILELAYOUT_H

//===- TileBuilder.h - short names for what tile programs say ---*- C++ -*-===//
//
// An OpBuilder with the vocabulary of the tile dialect. Operands of different
// tile sizes (1x1, 1xC, Rx1, RxC) are broadcast to each other, so that a value
// stays as small as it can for as long as it can. Constants are made once, at
// the kernel's entry; index arithmetic on constants is folded.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_TILEBUILDER_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_TILEBUILDER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace llsa {

/// Rows and columns of a tile.
struct TileSize {
  int64_t rows = 1, cols = 1;
  bool operator==(const TileSize &other) const {
    return rows == other.rows && cols == other.cols;
  }
};

inline mlir::RankedTensorType tileTypeOf(mlir::Value tile) {
  return llvm::cast<mlir::RankedTensorType>(tile.getType());
}
inline TileSize sizeOf(mlir::Value tile) {
  return {tileTypeOf(tile).getDimSize(0), tileTypeOf(tile).getDimSize(1)};
}
/// The size that all of `tiles` can be broadcast to.
TileSize commonSize(mlir::ValueRange tiles);

class TileBuilder {
public:
  /// Builds at the end of `entry`, which must outlive the builder.
  TileBuilder(mlir::Block *entry, mlir::Location loc);

  mlir::OpBuilder b;
  mlir::Location loc;

  // Index arithmetic (non-negative for div and rem).
  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, int64_t factor);
  mlir::Value div(mlir::Value x, int64_t divisor);
  mlir::Value rem(mlir::Value x, int64_t divisor);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value max(mlir::Value x, mlir::Value y);
  mlir::Value isLess(mlir::Value x, mlir::Value y); ///< i1

  // Constants.
  mlir::Value constant(mlir::TypedAttr value);
  mlir::Value splat(double value, TileSize size);     ///< f32
  mlir::Value splatInt(int64_t value, TileSize size); ///< i32
  /// A tile of one element repeated; `value` is a float or integer attribute.
  mlir::Value splat(mlir::TypedAttr value, TileSize size);

  // Tiles.
  mlir::RankedTensorType tileType(TileSize size, mlir::Type element);
  mlir::Value broadcast(mlir::Value tile, TileSize size);
  /// An elementwise op of two tiles, broadcast to each other.
  template <typename Op> mlir::Value apply(mlir::Value x, mlir::Value y) {
    TileSize size = commonSize({x, y});
    return Op::create(b, loc, broadcast(x, size), broadcast(y, size));
  }
  template <typename Op> mlir::Value apply(mlir::Value x) {
    return Op::create(b, loc, x);
  }
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z);
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  /// Both of two truth tiles; null is true.
  mlir::Value both(mlir::Value x, mlir::Value y);
  /// Comparisons of i32 tiles and of f32 tiles.
  mlir::Value equal(mlir::Value x, mlir::Value y);
  mlir::Value lessEqual(mlir::Value x, mlir::Value y);
  mlir::Value less(mlir::Value x, mlir::Value y);
  mlir::Value equalFloat(mlir::Value x, mlir::Value y);
  mlir::Value greaterFloat(mlir::Value x, mlir::Value y);
  /// An index repeated; one of rows and cols is 1.
  mlir::Value repeated(mlir::Value index, TileSize size);
  mlir::Value range(mlir::Value start, TileSize size, int64_t step = 1);
  mlir::Value toF32(mlir::Value tile);
  mlir::Value fromF32(mlir::Value tile, mlir::Type element);
  mlir::Value sumCols(mlir::Value tile);
  /// Four partial sums per row, for sumCols to finish.
  mlir::Value partialSums(mlir::Value tile);
  mlir::Value maxCols(mlir::Value tile);
  mlir::Value sumRows(mlir::Value tile);
  mlir::Value dot(mlir::Value x, mlir::Value y, mlir::Value acc,
                  bool transposed, bool skipNegativeZero = false);
  /// A dot whose result is compared, or subtracted from what is nearly equal.
  mlir::Value exactDot(mlir::Value x, mlir::Value y, mlir::Value acc,
                       bool transposed);

  // Memory. `rows` may be null: all exist. Tiles' rows run along dimension
  // `rowDim`, by default the last but one.
  mlir::Value load(mlir::Value memory, mlir::ValueRange indices, TileSize size,
                   mlir::Value rows = {}, int64_t rowDim = -1);
  void store(mlir::Value tile, mlir::Value memory, mlir::ValueRange indices,
             mlir::Value rows = {}, int64_t rowDim = -1);
  /// A number (i32) of memory, as an index.
  mlir::Value loadIndex(mlir::Value memory, mlir::ValueRange indices);
  mlir::Value blockRows(mlir::Value memory, mlir::ValueRange indices,
                        int64_t cols, int64_t block, int64_t limit,
                        mlir::Value part = {});
  /// Rows of width `cols` from column 0 on.
  mlir::Value gather(mlir::Value memory, mlir::Value batch, mlir::Value head,
                     mlir::Value rows, int64_t cols);

  // Loops.
  using Values = llvm::SmallVector<mlir::Value>;
  using LoopBody =
      llvm::function_ref<Values(mlir::Value index, mlir::ValueRange carried)>;
  Values loop(mlir::Value from, mlir::Value to, int64_t step,
              mlir::ValueRange init, LoopBody body);
  /// 0 .. count-1, written without a loop when there is one step or none.
  Values repeat(int64_t count, mlir::ValueRange init, LoopBody body);

protected:
  mlir::Block *entry;

private:
  mlir::Operation *lastConstant = nullptr;
  llvm::DenseMap<mlir::Attribute, mlir::Value> constants;
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_TILEBUILDER_H

//===- Lowering.h - one function per kind of launch -------------*- C++ -*-===//
//
// Each takes a launch that the pass has checked: static sizes, a schedule, and
// a buffer for every tensor that is read. The results that somebody reads have
// buffers as well (HostBuilder::bufferOf). On failure the op has a diagnostic.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_LOWERING_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_LOWERING_H

#include "compiler/conversion/llsa-to-tile/KernelBuilder.h"
#include "compiler/conversion/llsa-to-tile/ScalarRanges.h"
#include "compiler/transforms/LaunchKind.h"
#include "dialects/llsa/LLSAOps.h"

namespace llsa {

/// What the lowerings share beside the op itself.
struct LaunchContext {
  HostBuilder &host;
  LaunchOp launch;
  tile::ScheduleAttr schedule;
  bool widenDots;
  bool lazyRescale;
  bool streams;
};

mlir::LogicalResult lowerPool(const LaunchContext &context,
                              llvm::ArrayRef<PoolOp> pools);
mlir::LogicalResult lowerSelect(const LaunchContext &context, SelectOp op);
mlir::LogicalResult lowerAttend(const LaunchContext &context, AttendOp op);
mlir::LogicalResult lowerAttendQueryGrad(const LaunchContext &context,
                                         AttendQueryGradOp op);
mlir::LogicalResult lowerAttendBiasGrad(const LaunchContext &context,
                                        AttendBiasGradOp op);
/// `epilogue`: elementwise ops and unpools of the keys' shape, in order.
mlir::LogicalResult
lowerAttendKeyGrad(const LaunchContext &context, AttendKeyGradOp op,
                   llvm::ArrayRef<mlir::Operation *> epilogue);
mlir::LogicalResult lowerInvertIndices(const LaunchContext &context,
                                       InvertIndicesOp op);
mlir::LogicalResult lowerLinearAttend(const LaunchContext &context,
                                      LinearAttendOp op);
mlir::LogicalResult lowerLinearAttendGrad(const LaunchContext &context,
                                          LinearAttendGradOp op);
/// Elementwise ops and unpools.
mlir::LogicalResult lowerElementwise(const LaunchContext &context,
                                     llvm::ArrayRef<mlir::Operation *> ops);
/// A kernel that copies `source` to `target`, both buffers of the host.
void lowerCopy(HostBuilder &host, mlir::Value source, mlir::Value target,
               mlir::Location loc);

/// A kernel that sets all of `buffer` (f32, of the host) to 0.
void lowerClear(const LaunchContext &context, llvm::StringRef name,
                mlir::Value buffer);
/// A kernel that adds up, in order, the tensors that `pieces` has one of for
/// each index of its first dimension. Both are buffers of the host, of f32.
void lowerSumOfPieces(const LaunchContext &context, llvm::StringRef name,
                      mlir::Value pieces, mlir::Value target);

/// The tile of rows `tile` (of `grid`) of elementwise ops and unpools, at the
/// end of a kernel that made `tiles`; what is wanted of them is stored.
mlir::LogicalResult
emitEpilogue(KernelBuilder &k, llvm::ArrayRef<mlir::Operation *> ops,
             const RowTile &tile, const RowGrid &grid,
             llvm::DenseMap<mlir::Value, mlir::Value> &tiles, bool canGather);

/// A tile of rows of an unpool of the gradient in `memory`. It does not reach
/// over a multiple of `run`. `canGather`: the target has gathers that no dot
/// consumes.
mlir::Value emitUnpool(KernelBuilder &k, UnpoolOp op, mlir::Value memory,
                       const RowTile &tile, int64_t rows, int64_t run,
                       bool canGather);

/// True for the arith and math ops that work element by element.
bool isElementwise(mlir::Operation *op);
/// `op` on tiles: the same op, in float32 where its operands are narrower, its
/// results rounded to their types, index as wide as `ranges` says. Operands
/// have one size.
llvm::SmallVector<mlir::Value> emitElementwise(TileBuilder &t,
                                               ScalarRanges &ranges,
                                               mlir::Operation *op,
                                               mlir::ValueRange operands);
/// The element, as a 1x1 tile, of a scalar computed from constants or of a
/// tensor that repeats one. Null when `value` is neither; nothing is said then.
mlir::Value emitUniform(TileBuilder &t, ScalarRanges &ranges,
                        mlir::Value value);
/// True where emitUniform gives a tile for a tensor.
bool isUniformTensor(mlir::Value tensor);

/// What a `score`, `mask` or gradient's region yields, on tiles; `args` are its
/// arguments, whose ranges are declared. Empty on failure. See ScoreRegion.cpp.
llvm::SmallVector<mlir::Value>
emitScoreRegion(KernelBuilder &kernel, ScalarRanges &ranges,
                mlir::Region &region, llvm::ArrayRef<mlir::Value> args);
/// A tile of indices as tile.lookup and tile.scatter_add take them, which are
/// i32 and clamped there to `extent`.
mlir::Value narrowIndex(KernelBuilder &k, mlir::Value index, int64_t extent);

/// An operand of a dot as the target wants it.
inline mlir::Value dotOperand(TileBuilder &t, mlir::Value tile,
                              bool widenDots) {
  return widenDots ? t.toF32(tile) : tile;
}
/// The key head that a query head reads.
inline mlir::Value keyHead(TileBuilder &t, mlir::Value head, mlir::Value query,
                           mlir::Value keys) {
  auto heads = [](mlir::Value x) {
    return llvm::cast<mlir::ShapedType>(x.getType()).getDimSize(kHead);
  };
  return heads(keys) == 1 ? t.index(0)
                          : t.div(head, heads(query) / heads(keys));
}
/// Columns of the tile for a last, shorter step: few enough not to waste work,
/// a multiple of what a tensor core takes.
inline int64_t tailCols(int64_t remaining, int64_t cols) {
  return std::min<int64_t>(cols, (remaining + 15) / 16 * 16);
}

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_LOWERING_H

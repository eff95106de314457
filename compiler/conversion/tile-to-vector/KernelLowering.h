//===- KernelLowering.h - one tile kernel to vector code --------*- C++ -*-===//
//
// Tiles on a CPU
// ==============
//
// A tile has two dimensions and a vector register one, so a tile lies in
// registers or memory in one of two layouts:
//
//   Layout::Rows   lanes are rows: a tile of R rows and C columns is C vectors
//                  of R lanes, in memory `memref<CxR>`
//   Layout::Cols   lanes are columns: R vectors of C lanes, `memref<RxC>`, the
//                  layout that memory has
//
// Attention wants rows (queries) in lanes. Scores are `S[:, n] = sum_d
// Q[:, d] * K[n, d]`: a vector over queries times a scalar of K, so K is read
// as it lies in memory and nothing is transposed but Q, once. The softmax then
// has no reduction across lanes at all: maximum and sum run over columns, one
// vector at a time. `P V` has the same form, and the accumulator keeps the
// layout. So the left operand, the accumulator and the result of a dot are in
// Layout::Rows, its right operand in Layout::Cols; `transpose` is the other
// layout of the same memory. What only streams through (pooling, elementwise
// kernels) stays in Layout::Cols.
//
// When is a tile computed?
// ========================
//
// * A tile of one column (`Rx1`: a maximum, a sum) is one vector, an SSA value,
//   computed where its op stands; beyond 32 rows it is a buffer.
// * Results of dot, topk and lookup, and what loops carry, are buffers on the
//   stack.
// * Everything else (elementwise ops, loads, broadcasts) is *lazy*: no code is
//   made until a consumer asks, which then evaluates the whole expression
//   vector by vector in its own loop. So a chain of elementwise ops costs one
//   pass, and `load + extf` feeds a dot through one copy. A lazy tile that a
//   reduction consumes and somebody else needs too is stored in the
//   reduction's loop.
// * A lazy tile used in a nested region is materialised where its op stands,
//   in the layouts that its users want; so it is not computed once per
//   iteration.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_TILE_TO_VECTOR_KERNELLOWERING_H
#define LLSA_COMPILER_CONVERSION_TILE_TO_VECTOR_KERNELLOWERING_H

#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseSet.h"

namespace llsa::tile {

/// Which dimension of a tile lies in the lanes of its vectors.
enum class Layout { Rows = 0, Cols = 1 };
inline Layout flip(Layout layout) {
  return layout == Layout::Rows ? Layout::Cols : Layout::Rows;
}

/// The vector registers of the CPU.
struct VectorTarget {
  int64_t bytes = 32;
  int64_t registers = 16;
};

/// One vector of a tile: `width` lanes from `start` on, of line `line` (the
/// column in Layout::Rows, the row in Layout::Cols).
struct Slice {
  Layout layout;
  mlir::Value line;
  mlir::Value start;
  int64_t width;
};

class KernelLowering {
public:
  KernelLowering(KernelOp kernel, const VectorTarget &target);

  /// Makes the function in front of the kernel; the kernel stays.
  mlir::FailureOr<mlir::func::FuncOp> run();

private:
  using Value = mlir::Value;
  using Memo = llvm::DenseMap<Value, Value>;

  // Control.cpp: regions, in program order.
  mlir::LogicalResult lowerBlock(mlir::Block &block);
  mlir::LogicalResult lowerOp(mlir::Operation &op);
  mlir::LogicalResult lowerFor(mlir::Operation &op);
  mlir::LogicalResult lowerIf(mlir::Operation &op);
  mlir::LogicalResult lowerScalar(mlir::Operation &op);
  bool mayUpdateInPlace(mlir::BlockArgument argument, Value yielded);
  Value carriedBuffer(Value init, Layout layout);

  // Evaluate.cpp: lazy tiles, one vector at a time.
  bool isLazy(Value tile);
  /// Free to evaluate anywhere: constants, splats, ranges, repeated vectors.
  bool isCheap(Value tile);
  /// The layout in which a lazy tile's leaves already lie.
  Layout naturalLayout(Value tile);
  /// Makes everything that evaluate() needs in this layout.
  void prepare(Value tile, Layout layout);
  Value evaluate(Value tile, const Slice &slice, Memo &memo);
  Value evaluateBroadcast(BroadcastOp op, const Slice &slice, Memo &memo);
  Value evaluateElementwise(mlir::Operation *op, const Slice &slice,
                            Memo &memo);
  /// The scalar that all elements of a constant or splat have, or null.
  Value uniformScalar(Value tile);

  // Materialize.cpp: buffers.
  /// The buffer of a tile in a layout, filled now if there is none yet.
  Value materialize(Value tile, Layout layout);
  /// Evaluates a tile into a given buffer of that layout.
  void evaluateInto(Value tile, Layout layout, Value buffer);
  /// Whether a tile is one vector, an SSA value, rather than a buffer.
  bool isVector(Value tile);
  /// The one vector of such a tile.
  Value vectorOf(Value tile);
  void transposeInto(Value from, Value to);
  /// Reads and writes buffers; truth values are kept as bytes, since a vector
  /// of i1 would be packed into bits that a scalar load does not find.
  void storeLanes(Value vector, Value buffer, Value line, Value lane);
  Value loadLanes(Value buffer, Value line, Value lane, int64_t width,
                  mlir::Type element);
  Value loadScalar(Value buffer, Value line, Value lane, mlir::Type element);
  Value allocate(mlir::Type element, int64_t lines, int64_t lanes);
  Value allocateFor(Value tile, Layout layout);
  /// The layouts in which users want a tile, through lazy users.
  llvm::SmallVector<Layout> wantedLayouts(Value tile);
  bool usedInNestedRegion(Value tile);
  void materializeForNestedUses(Value tile);

  // Memory.cpp
  mlir::LogicalResult lowerBlockRows(BlockRowsOp op);
  mlir::LogicalResult lowerStore(StoreOp op);
  mlir::LogicalResult lowerLookup(LookupOp op);
  mlir::LogicalResult lowerScatterAdd(ScatterAddOp op);
  /// The place in `memory` that row r and column c of index tiles, each in
  /// Layout::Rows, name; clamped to the memory.
  llvm::SmallVector<Value> placeOf(Value memory, llvm::ArrayRef<Value> tiles,
                                   Value r, Value c);
  Value evaluateLoad(LoadOp op, const Slice &slice);
  Value evaluateGather(GatherOp op, const Slice &slice);
  Value loadVector(Value memory, llvm::ArrayRef<Value> indices, int64_t width,
                   Value valid);

  // InvertRows.cpp
  mlir::LogicalResult lowerInvertRows(InvertRowsOp op);

  // Prefetch.cpp: memory that the next step will want.
  void nameNextRows(BlockRowsOp op);
  void prefetchNext(DotOp op, Value firstColumn, int64_t columns);

  // Dot.cpp, Reduce.cpp, Topk.cpp
  mlir::LogicalResult lowerDot(DotOp op);
  void dotColumns(DotOp op, Value a, Value b, Value result, Value firstColumn,
                  int64_t columns, Value firstLane, int64_t lanes);
  mlir::LogicalResult lowerReduce(ReduceOp op);
  void reduceOverCols(ReduceOp op);
  void reduceOverRows(ReduceOp op);
  mlir::LogicalResult lowerTopk(TopkOp op);

  // Small helpers.
  Value index(int64_t value);
  Value mapped(Value value) { return mapping.lookupOrDefault(value); }
  llvm::SmallVector<Value> mapped(mlir::ValueRange values);
  Value splat(Value scalar, int64_t lanes);
  Value zero(mlir::Type type);
  int64_t rowsOf(Value tile);
  int64_t colsOf(Value tile);
  mlir::Type elementOf(Value tile);
  int64_t linesOf(Value tile, Layout layout);
  int64_t lanesOf(Value tile, Layout layout);
  /// Lanes that one step of a loop over a line takes.
  int64_t chunkOf(Value tile, Layout layout);
  using Body = llvm::function_ref<void(Value)>;
  using CarriedBody =
      llvm::function_ref<llvm::SmallVector<Value>(Value, mlir::ValueRange)>;
  void loop(Value first, Value last, int64_t step, Body body);
  llvm::SmallVector<Value> loop(Value first, Value last, int64_t step,
                                mlir::ValueRange carried, CarriedBody body);
  /// Calls body for each chunk of each line of a tile.
  void forEachSlice(Value tile, Layout layout,
                    llvm::function_ref<void(const Slice &)> body);

  KernelOp kernel;
  VectorTarget target;
  mlir::OpBuilder builder;
  mlir::Location loc;
  mlir::Operation *entry = nullptr; ///< allocations go in front of it
  int64_t stackBytes = 0;
  llvm::SmallVector<Value> workItem;

  mlir::IRMapping mapping;                 ///< values that are not tiles
  llvm::DenseMap<Value, Value> vectors;    ///< Rx1 tiles
  llvm::DenseMap<Value, Value> buffers[2]; ///< by Layout
  llvm::DenseMap<Value, Value>
      destinations; ///< where a tile should be computed
  llvm::DenseMap<Value, Value>
      nextBlocks;                ///< of block_rows: the next step's entries
  llvm::DenseSet<Value> written; ///< buffers of the kernel that it stores to
};

} // namespace llsa::tile

#endif // LLSA_COMPILER_CONVERSION_TILE_TO_VECTOR_KERNELLOWERING_H

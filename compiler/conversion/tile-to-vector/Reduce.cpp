//===- Reduce.cpp - sums and maxima ---------------------------------------===//

#include "compiler/conversion/tile-to-vector/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace llsa::tile;

LogicalResult KernelLowering::lowerReduce(ReduceOp op) {
  if (op.getAxis() == Axis::Cols && colsOf(op.getResult()) != 1)
    return op.emitOpError(
        "gives partial results, which have no lowering for the CPU target");
  if (op.getAxis() == Axis::Cols)
    reduceOverCols(op);
  else
    reduceOverRows(op);
  return success();
}

static Value combine(OpBuilder &b, Location loc, ReductionKind kind, Value x,
                     Value y) {
  if (kind == ReductionKind::Add)
    return arith::AddFOp::create(b, loc, x, y);
  return arith::MaximumFOp::create(b, loc, x, y);
}

static Value neutral(OpBuilder &b, Location loc, ReductionKind kind,
                     VectorType type) {
  float value = kind == ReductionKind::Add
                    ? 0.0f
                    : -std::numeric_limits<float>::infinity();
  return arith::ConstantOp::create(
      b, loc,
      DenseElementsAttr::get(type, b.getF32FloatAttr(value).getValue()));
}

/// Rows in lanes: one vector per column, combined in up to four chains so that
/// the loop does not wait for the latency of one.
void KernelLowering::reduceOverCols(ReduceOp op) {
  Value tile = op.getTile(), result = op.getResult();
  int64_t rows = rowsOf(tile), cols = colsOf(tile),
          lanes = chunkOf(tile, Layout::Rows);
  auto type = VectorType::get(lanes, builder.getF32Type());
  int64_t chains = cols % 4 == 0 ? 4 : 1;

  // Somebody else needs the tile too: keep it.
  Value kept;
  if (isLazy(tile) && !isCheap(tile) && !tile.hasOneUse())
    kept = allocateFor(tile, Layout::Rows);
  prepare(tile, Layout::Rows);
  auto reduceLanes = [&](Value start) -> Value {
    SmallVector<Value> partial(chains,
                               neutral(builder, loc, op.getKind(), type));
    partial =
        loop(index(0), index(cols), chains, partial,
             [&](Value c, ValueRange carried) {
               SmallVector<Value> next;
               for (int64_t j = 0; j < chains; ++j) {
                 Value column =
                     arith::AddIOp::create(builder, loc, c, index(j));
                 Memo memo;
                 Value value =
                     evaluate(tile, {Layout::Rows, column, start, lanes}, memo);
                 if (kept)
                   storeLanes(value, kept, column, start);
                 next.push_back(
                     combine(builder, loc, op.getKind(), carried[j], value));
               }
               return next;
             });
    while (partial.size() > 1) {
      SmallVector<Value> half;
      for (size_t i = 0; i < partial.size(); i += 2)
        half.push_back(
            combine(builder, loc, op.getKind(), partial[i], partial[i + 1]));
      partial = half;
    }
    return partial[0];
  };
  if (isVector(result)) {
    vectors[result] = reduceLanes(index(0));
  } else {
    Value buffer = allocateFor(result, Layout::Rows);
    loop(index(0), index(rows), lanes, [&](Value start) {
      storeLanes(reduceLanes(start), buffer, index(0), start);
    });
    buffers[int(Layout::Rows)][result] = buffer;
  }
  if (kept)
    buffers[int(Layout::Rows)][tile] = kept;
}

/// Columns in lanes: line by line.
void KernelLowering::reduceOverRows(ReduceOp op) {
  Value tile = op.getTile(), result = op.getResult();
  int64_t chunk = chunkOf(tile, Layout::Cols);
  auto type = VectorType::get(chunk, builder.getF32Type());
  prepare(tile, Layout::Cols);
  Value buffer = allocateFor(result, Layout::Cols);
  loop(index(0), index(colsOf(tile)), chunk, [&](Value start) {
    SmallVector<Value> sum{neutral(builder, loc, op.getKind(), type)};
    sum = loop(
        index(0), index(rowsOf(tile)), 1, sum,
        [&](Value r, ValueRange carried) -> SmallVector<Value> {
          Memo memo;
          Value value = evaluate(tile, {Layout::Cols, r, start, chunk}, memo);
          return {combine(builder, loc, op.getKind(), carried[0], value)};
        });
    vector::StoreOp::create(builder, loc, sum[0], buffer,
                            ValueRange{index(0), start});
  });
  buffers[int(Layout::Cols)][result] = buffer;
}

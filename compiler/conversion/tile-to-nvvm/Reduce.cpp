//===- Reduce.cpp - reductions over rows and columns ----------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace llsa::gpu;
using namespace llsa::tile;

/// A lane combines what it holds, then the lanes of a row (or column) exchange
/// their results, so that all of them hold the same.
void KernelLowering::lowerReduce(ReduceOp op) {
  TileLayout from = layoutOf(op.getTile()), to = layoutOf(op.getResult());
  bool isMax = op.getKind() == ReductionKind::Max;
  auto combine = [&](Value x, Value y) -> Value {
    if (isMax)
      return arith::MaximumFOp::create(builder, loc, x, y);
    return arith::AddFOp::create(builder, loc, x, y);
  };
  Value identity = arith::ConstantOp::create(
      builder, loc, builder.getF32FloatAttr(isMax ? -INFINITY : 0.0));
  // In pairs, so that few operations wait for each other.
  auto combineAll = [&](Values values) -> Value {
    if (values.empty())
      llvm_unreachable("a tile has elements");
    while (values.size() > 1) {
      Values halved;
      for (size_t i = 0; i < values.size(); i += 2)
        halved.push_back(i + 1 < values.size()
                             ? combine(values[i], values[i + 1])
                             : values[i]);
      values = std::move(halved);
    }
    return values.front();
  };
  Values elements = elementsFor(*op, op.getTile());
  Values results;
  bool overCols = op.getAxis() == Axis::Cols;
  // Among `lanes` lanes, each `apart` from the next.
  auto exchange = [&](Value x, int64_t apart, int64_t lanes) {
    for (int64_t mask = apart; mask < apart * lanes; mask *= 2)
      x = combine(x, nvvm.shuffleXor(loc, x, mask));
    return x;
  };
  if (overCols) {
    for (int64_t h = 0; h < from.halves(); ++h) {
      Values row;
      for (int64_t c = 0; c < from.columns(); ++c)
        row.push_back(select(columnExists(from, c),
                             elements[from.indexOf(h, c)], identity));
      Value result = combineAll(std::move(row));
      if (!to.isPartial() && !from.isOneColumn())
        result = exchange(result, 1, grid.rowLanes);
      results.push_back(result);
    }
  } else {
    for (int64_t c = 0; c < from.columns(); ++c) {
      Values column;
      for (int64_t h = 0; h < from.halves(); ++h)
        column.push_back(
            select(rowExists(from, h), elements[from.indexOf(h, c)], identity));
      Value result = combineAll(std::move(column));
      if (!from.isOneRow())
        result = exchange(result, grid.rowLanes, grid.rows());
      results.push_back(result);
    }
  }
  setElements(op.getResult(), results);
}

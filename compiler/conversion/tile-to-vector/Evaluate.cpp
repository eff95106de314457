//===- Evaluate.cpp - lazy tiles, one vector at a time --------------------===//

#include "compiler/conversion/tile-to-vector/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace llsa::tile;

/// Elementwise ops of arith and math: the same op on vectors.
static bool isElementwise(Operation *op) {
  return op->getNumResults() == 1 && OpTrait::hasElementwiseMappableTraits(op);
}

bool KernelLowering::isLazy(Value tile) {
  Operation *op = tile.getDefiningOp();
  return op && isa<RankedTensorType>(tile.getType()) &&
         !vectors.contains(tile) && !buffers[0].contains(tile) &&
         !buffers[1].contains(tile) &&
         (isElementwise(op) ||
          isa<LoadOp, GatherOp, BroadcastOp, TransposeOp, RangeOp,
              arith::ConstantOp, tensor::SplatOp>(op));
}

Value KernelLowering::uniformScalar(Value tile) {
  Operation *op = tile.getDefiningOp();
  if (auto splat = dyn_cast_or_null<tensor::SplatOp>(op))
    return mapped(splat.getInput());
  if (auto broadcast = dyn_cast_or_null<BroadcastOp>(op))
    return uniformScalar(broadcast.getTile());
  DenseElementsAttr constant;
  if (op && matchPattern(tile, m_Constant(&constant)) && constant.isSplat())
    return arith::ConstantOp::create(
        builder, loc, cast<TypedAttr>(constant.getSplatValue<Attribute>()));
  return {};
}

bool KernelLowering::isCheap(Value tile) {
  Operation *op = tile.getDefiningOp();
  if (!op)
    return false;
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return vectors.contains(broadcast.getTile()) ||
           isCheap(broadcast.getTile());
  return isa<arith::ConstantOp, tensor::SplatOp, RangeOp>(op);
}

Layout KernelLowering::naturalLayout(Value tile) {
  if (vectors.contains(tile) || buffers[int(Layout::Rows)].contains(tile))
    return Layout::Rows;
  if (buffers[int(Layout::Cols)].contains(tile))
    return Layout::Cols;
  auto result = dyn_cast<OpResult>(tile);
  if (!result) // carried by a loop that is being lowered: nothing speaks for
               // rows
    return Layout::Cols;
  Operation *op = result.getOwner();
  if (isa<DotOp, TopkOp, LookupOp>(op))
    return Layout::Rows;
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return reduce.getAxis() == Axis::Cols ? Layout::Rows : Layout::Cols;
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return flip(naturalLayout(transpose.getTile()));
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return colsOf(broadcast.getTile()) == 1 && rowsOf(broadcast.getTile()) > 1
               ? Layout::Rows
               : Layout::Cols;
  if (isa<RangeOp>(op))
    return colsOf(tile) == 1 && rowsOf(tile) > 1 ? Layout::Rows : Layout::Cols;
  if (op->getNumRegions() == 1 && !isa<KernelOp>(op)) // a loop: what it yields
    return naturalLayout(op->getRegion(0).front().getTerminator()->getOperand(
        result.getResultNumber()));
  if (isElementwise(op))
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()) &&
          naturalLayout(operand) == Layout::Rows)
        return Layout::Rows;
  return Layout::Cols;
}

void KernelLowering::prepare(Value tile, Layout layout) {
  if (buffers[int(layout)].contains(tile) || uniformScalar(tile))
    return;
  if (vectors.contains(tile)) {
    if (layout == Layout::Cols || chunkOf(tile, layout) != rowsOf(tile))
      materialize(tile, layout);
    return;
  }
  if (!isLazy(tile)) {
    materialize(tile, layout);
    return;
  }
  Operation *op = tile.getDefiningOp();
  if (isa<RangeOp>(op)) {
    // A range runs along its own axis only.
    bool alongRows = colsOf(tile) == 1 && rowsOf(tile) > 1;
    if (alongRows != (layout == Layout::Rows) &&
        rowsOf(tile) * colsOf(tile) > 1)
      materialize(tile, layout);
    return;
  }
  if (isa<LoadOp, GatherOp>(op)) {
    // One element lies both ways.
    if (layout == Layout::Rows && rowsOf(tile) * colsOf(tile) > 1)
      materialize(tile, layout);
    else if (auto gather = dyn_cast<GatherOp>(op))
      materialize(gather.getRows(), Layout::Cols);
    return;
  }
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return prepare(transpose.getTile(), flip(layout));
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    Value from = broadcast.getTile();
    bool column = colsOf(from) == 1 && colsOf(tile) != 1;
    bool row = rowsOf(from) == 1 && rowsOf(tile) != 1;
    if (layout == Layout::Rows && row && !column) {
      // Read as scalars, one per column.
      if (!isa_and_nonnull<RangeOp>(from.getDefiningOp()))
        materialize(from, Layout::Cols);
      return;
    }
    if (layout == Layout::Cols && column && !row) {
      materialize(from, Layout::Rows);
      return;
    }
    return prepare(from, layout);
  }
  if (isElementwise(op)) {
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()))
        prepare(operand, layout);
    return;
  }
  // A constant that is not a splat.
  materialize(tile, layout);
}

Value KernelLowering::evaluate(Value tile, const Slice &slice, Memo &memo) {
  if (Value done = memo.lookup(tile))
    return done;
  auto remember = [&](Value value) { return memo[tile] = value; };
  if (auto found = buffers[int(slice.layout)].find(tile);
      found != buffers[int(slice.layout)].end())
    return remember(loadLanes(found->second, slice.line, slice.start,
                              slice.width, elementOf(tile)));
  if (auto found = vectors.find(tile); found != vectors.end())
    return remember(found->second);
  if (Value scalar = uniformScalar(tile))
    return remember(splat(scalar, slice.width));
  Operation *op = tile.getDefiningOp();
  if (auto range = dyn_cast<RangeOp>(op)) {
    // start + (first lane + iota) * step
    Type i32 = builder.getI32Type();
    Value first =
        arith::IndexCastOp::create(builder, loc, i32, mapped(range.getStart()));
    Value lane = arith::IndexCastOp::create(builder, loc, i32, slice.start);
    SmallVector<int32_t> numbers;
    for (int64_t i = 0; i < slice.width; ++i)
      numbers.push_back(i * range.getStep());
    Value step =
        arith::ConstantIntOp::create(builder, loc, i32, range.getStep());
    first = arith::AddIOp::create(
        builder, loc, first, arith::MulIOp::create(builder, loc, lane, step));
    Value iota = arith::ConstantOp::create(builder, loc,
                                           builder.getI32VectorAttr(numbers));
    return remember(
        arith::AddIOp::create(builder, loc, splat(first, slice.width), iota));
  }
  if (auto load = dyn_cast<LoadOp>(op))
    return remember(evaluateLoad(load, slice));
  if (auto gather = dyn_cast<GatherOp>(op))
    return remember(evaluateGather(gather, slice));
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return remember(evaluateBroadcast(broadcast, slice, memo));
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    Memo other;
    return remember(evaluate(
        transpose.getTile(),
        {flip(slice.layout), slice.line, slice.start, slice.width}, other));
  }
  return remember(evaluateElementwise(op, slice, memo));
}

Value KernelLowering::evaluateBroadcast(BroadcastOp op, const Slice &slice,
                                        Memo &memo) {
  Value from = op.getTile(), tile = op.getResult();
  bool column = colsOf(from) == 1 && colsOf(tile) != 1;
  bool row = rowsOf(from) == 1 && rowsOf(tile) != 1;
  if (rowsOf(from) * colsOf(from) == 1) { // one element for all
    Memo one;
    Value element = evaluate(from, {slice.layout, index(0), index(0), 1}, one);
    return splat(vector::ExtractOp::create(builder, loc, element, 0),
                 slice.width);
  }
  if (slice.layout == Layout::Rows && row && !column) {
    Value scalar;
    if (auto range = dyn_cast_or_null<RangeOp>(from.getDefiningOp())) {
      Value offset = arith::MulIOp::create(builder, loc, slice.line,
                                           index(range.getStep()));
      scalar =
          arith::AddIOp::create(builder, loc, mapped(range.getStart()), offset);
      scalar = arith::IndexCastOp::create(builder, loc, builder.getI32Type(),
                                          scalar);
    } else {
      scalar = loadScalar(buffers[int(Layout::Cols)].lookup(from), index(0),
                          slice.line, elementOf(from));
    }
    return splat(scalar, slice.width);
  }
  if (slice.layout == Layout::Cols && column && !row) {
    Value scalar = loadScalar(buffers[int(Layout::Rows)].lookup(from), index(0),
                              slice.line, elementOf(from));
    return splat(scalar, slice.width);
  }
  // The operand's vector serves every line. It may be narrower than a chunk's
  // position suggests only along a repeated dimension, which is not a lane's.
  Memo other;
  return evaluate(from, {slice.layout, index(0), slice.start, slice.width},
                  other);
}

Value KernelLowering::evaluateElementwise(Operation *op, const Slice &slice,
                                          Memo &memo) {
  OperationState state(loc, op->getName());
  for (Value operand : op->getOperands()) {
    if (isa<RankedTensorType>(operand.getType()))
      state.operands.push_back(evaluate(operand, slice, memo));
    else // e.g. the one condition of a select of whole tiles
      state.operands.push_back(mapped(operand));
  }
  state.addAttributes(op->getAttrs());
  Value result = op->getResult(0);
  state.addTypes(VectorType::get(slice.width, elementOf(result)));
  Operation *copy = builder.create(state);
  // A product and a sum may become one fma: the exact value is not changed by
  // rounding once less. All code for one kernel is made here, so the result
  // does not depend on anything else.
  if (isa<arith::MulFOp, arith::AddFOp, arith::SubFOp>(copy))
    copy->setAttr("fastmath",
                  arith::FastMathFlagsAttr::get(
                      builder.getContext(), arith::FastMathFlags::contract));
  return copy->getResult(0);
}

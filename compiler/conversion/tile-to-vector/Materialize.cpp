//===- Materialize.cpp - tiles in buffers on the stack --------------------===//

#include "compiler/conversion/tile-to-vector/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace llsa::tile;

Value KernelLowering::allocate(Type element, int64_t lines, int64_t lanes) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(entry);
  if (element.isInteger(1))
    element = builder.getI8Type();
  int64_t bytes = std::max<int64_t>(1, element.getIntOrFloatBitWidth() / 8);
  stackBytes += llvm::alignTo(lines * lanes * bytes, 64);
  return memref::AllocaOp::create(builder, loc,
                                  MemRefType::get({lines, lanes}, element),
                                  builder.getI64IntegerAttr(64));
}

void KernelLowering::storeLanes(Value vector, Value buffer, Value line,
                                Value lane) {
  auto type = cast<VectorType>(vector.getType());
  if (type.getElementType().isInteger(1))
    vector = arith::ExtUIOp::create(builder, loc,
                                    type.clone(builder.getI8Type()), vector);
  vector::StoreOp::create(builder, loc, vector, buffer, ValueRange{line, lane});
}

Value KernelLowering::loadLanes(Value buffer, Value line, Value lane,
                                int64_t width, Type element) {
  Type stored = cast<MemRefType>(buffer.getType()).getElementType();
  Value vector =
      vector::LoadOp::create(builder, loc, VectorType::get(width, stored),
                             buffer, ValueRange{line, lane});
  if (stored == element)
    return vector;
  return arith::TruncIOp::create(builder, loc, VectorType::get(width, element),
                                 vector);
}

Value KernelLowering::loadScalar(Value buffer, Value line, Value lane,
                                 Type element) {
  Value scalar =
      memref::LoadOp::create(builder, loc, buffer, ValueRange{line, lane});
  if (scalar.getType() == element)
    return scalar;
  return arith::TruncIOp::create(builder, loc, element, scalar);
}

Value KernelLowering::allocateFor(Value tile, Layout layout) {
  return allocate(elementOf(tile), linesOf(tile, layout),
                  lanesOf(tile, layout));
}

Value KernelLowering::materialize(Value tile, Layout layout) {
  auto &map = buffers[int(layout)];
  if (Value buffer = map.lookup(tile))
    return buffer;
  // The other layout of a transposed tile is the same memory.
  if (auto transpose = tile.getDefiningOp<TransposeOp>()) {
    Value buffer = materialize(transpose.getTile(), flip(layout));
    return map[tile] = buffer;
  }
  Value buffer = destinations.lookup(tile);
  if (!buffer ||
      cast<MemRefType>(buffer.getType()).getDimSize(0) != linesOf(tile, layout))
    buffer = allocateFor(tile, layout);
  evaluateInto(tile, layout, buffer);
  return map[tile] = buffer;
}

void KernelLowering::evaluateInto(Value tile, Layout layout, Value buffer) {
  DenseElementsAttr constant;
  if (matchPattern(tile, m_Constant(&constant)) && !constant.isSplat()) {
    int64_t cols = colsOf(tile);
    for (auto [i, element] : llvm::enumerate(constant.getValues<Attribute>())) {
      Value r = index(i / cols), c = index(i % cols);
      Value scalar =
          arith::ConstantOp::create(builder, loc, cast<TypedAttr>(element));
      if (scalar.getType().isInteger(1))
        scalar =
            arith::ExtUIOp::create(builder, loc, builder.getI8Type(), scalar);
      memref::StoreOp::create(builder, loc, scalar, buffer,
                              layout == Layout::Rows ? ValueRange{c, r}
                                                     : ValueRange{r, c});
    }
    return;
  }
  // What is done in the other layout only is turned around, whatever its size.
  if (Value other = buffers[int(flip(layout))].lookup(tile);
      other && !buffers[int(layout)].contains(tile) &&
      !vectors.contains(tile)) {
    transposeInto(other, buffer);
    return;
  }
  // Leaves that lie the other way are computed there, then turned around.
  bool here = buffers[int(layout)].contains(tile) || uniformScalar(tile);
  if (!here && !vectors.contains(tile) && rowsOf(tile) * colsOf(tile) > 1 &&
      naturalLayout(tile) != layout) {
    transposeInto(materialize(tile, flip(layout)), buffer);
    return;
  }
  if (vectors.contains(tile) && layout == Layout::Cols) {
    // Rx1 in Layout::Cols is R lines of one lane: the vector, lane by lane.
    Value rows = materialize(tile, Layout::Rows);
    transposeInto(rows, buffer);
    return;
  }
  if (Value vector = vectors.lookup(tile)) {
    storeLanes(vector, buffer, index(0), index(0));
    return;
  }
  prepare(tile, layout);
  forEachSlice(tile, layout, [&](const Slice &slice) {
    Memo memo;
    Value value = evaluate(tile, slice, memo);
    storeLanes(value, buffer, slice.line, slice.start);
  });
}

void KernelLowering::transposeInto(Value from, Value to) {
  auto type = cast<MemRefType>(from.getType());
  loop(index(0), index(type.getDimSize(0)), 1, [&](Value line) {
    loop(index(0), index(type.getDimSize(1)), 1, [&](Value lane) {
      Value scalar =
          memref::LoadOp::create(builder, loc, from, ValueRange{line, lane});
      memref::StoreOp::create(builder, loc, scalar, to, ValueRange{lane, line});
    });
  });
}

bool KernelLowering::isVector(Value tile) {
  return colsOf(tile) == 1 && rowsOf(tile) <= 32;
}

Value KernelLowering::vectorOf(Value tile) {
  if (Value done = vectors.lookup(tile))
    return done;
  Slice slice{Layout::Rows, index(0), index(0), rowsOf(tile)};
  prepare(tile, Layout::Rows);
  slice.line = index(0);
  slice.start = index(0);
  Memo memo;
  Value value = evaluate(tile, slice, memo);
  return vectors[tile] = value;
}

SmallVector<Layout> KernelLowering::wantedLayouts(Value tile) {
  SmallVector<Layout> wanted;
  auto want = [&](Layout layout) {
    if (!llvm::is_contained(wanted, layout))
      wanted.push_back(layout);
  };
  for (OpOperand &use : tile.getUses()) {
    Operation *user = use.getOwner();
    if (auto dot = dyn_cast<DotOp>(user)) {
      want(use.getOperandNumber() == 1 ? Layout::Cols : Layout::Rows);
    } else if (auto reduce = dyn_cast<ReduceOp>(user)) {
      want(reduce.getAxis() == Axis::Cols ? Layout::Rows : Layout::Cols);
    } else if (isa<TransposeOp>(user)) {
      for (Layout layout : wantedLayouts(user->getResult(0)))
        want(flip(layout));
    } else if (isa<GatherOp>(user)) {
      want(Layout::Cols);
    } else if (isa<ScatterAddOp>(user)) {
      want(Layout::Rows);
    } else if (isa<TopkOp>(user)) {
      want(use.getOperandNumber() == 3 ? Layout::Cols : Layout::Rows);
    } else if (isa<BroadcastOp>(user)) {
      // A row repeated over rows is read as scalars, from Layout::Cols.
      want(rowsOf(tile) == 1 ? Layout::Cols : Layout::Rows);
    } else if (user->getNumResults() == 1 &&
               isa<RankedTensorType>(user->getResult(0).getType()) &&
               user->getNumRegions() == 0) {
      for (Layout layout : wantedLayouts(user->getResult(0)))
        want(layout);
    } else {
      want(naturalLayout(tile));
    }
  }
  return wanted;
}

bool KernelLowering::usedInNestedRegion(Value tile) {
  Block *block = tile.getParentBlock();
  return llvm::any_of(tile.getUsers(), [&](Operation *user) {
    if (user->getBlock() != block)
      return true;
    // A lazy user moves the use to where that one is needed.
    return user->getNumResults() == 1 && isLazy(user->getResult(0)) &&
           usedInNestedRegion(user->getResult(0)) &&
           !isCheap(user->getResult(0));
  });
}

void KernelLowering::materializeForNestedUses(Value tile) {
  if (!isLazy(tile) || isCheap(tile))
    return;
  // Only where the use itself is nested: a lazy user in this block will be
  // materialised when its own turn comes.
  Block *block = tile.getParentBlock();
  if (llvm::all_of(tile.getUsers(),
                   [&](Operation *user) { return user->getBlock() == block; }))
    return;
  for (Layout layout : wantedLayouts(tile))
    materialize(tile, layout);
}

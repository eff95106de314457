//===- KernelLowering.cpp - the function around a kernel, and helpers -----===//

#include "compiler/conversion/tile-to-vector/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace llsa::tile;

KernelLowering::KernelLowering(KernelOp kernel, const VectorTarget &target)
    : kernel(kernel), target(target), builder(kernel), loc(kernel.getLoc()) {}

FailureOr<func::FuncOp> KernelLowering::run() {
  SmallVector<Type> types(kernel.getFunctionType().getInputs());
  types.append(2, builder.getIndexType());
  auto function = func::FuncOp::create(builder, loc, kernel.getSymName(),
                                       builder.getFunctionType(types, {}));
  // The new function takes the kernel's name; the caller erases the kernel.
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  mapping.map(
      kernel.getBody().getArguments(),
      body->getArguments().take_front(kernel.getBody().getNumArguments()));
  kernel.walk([&](StoreOp store) { written.insert(store.getDestination()); });

  // One loop over all work items; its counter is split into the item's
  // indices, the last one running fastest.
  Value first = body->getArgument(types.size() - 2),
        last = body->getArgument(types.size() - 1);
  auto items = scf::ForOp::create(builder, loc, first, last, index(1));
  entry = items;
  func::ReturnOp::create(builder, loc);
  builder.setInsertionPointToStart(items.getBody());
  Value rest = items.getInductionVar();
  workItem.resize(kernel.getItems().size());
  for (int64_t d = workItem.size() - 1; d > 0; --d) {
    Value size = index(kernel.getItems()[d]);
    workItem[d] = arith::RemUIOp::create(builder, loc, rest, size);
    rest = arith::DivUIOp::create(builder, loc, rest, size);
  }
  if (!workItem.empty())
    workItem[0] = rest;

  if (failed(lowerBlock(kernel.getBody().front()))) {
    function.erase();
    return failure();
  }
  function->setAttr("llsa.stack_bytes", builder.getI64IntegerAttr(stackBytes));
  return function;
}

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

Value KernelLowering::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

SmallVector<Value> KernelLowering::mapped(ValueRange values) {
  return llvm::map_to_vector(values,
                             [&](Value value) { return mapped(value); });
}

Value KernelLowering::splat(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(
      builder, loc, VectorType::get(lanes, scalar.getType()), scalar);
}

Value KernelLowering::zero(Type type) {
  return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
}

static RankedTensorType tileType(Value tile) {
  return cast<RankedTensorType>(tile.getType());
}

int64_t KernelLowering::rowsOf(Value tile) {
  return tileType(tile).getDimSize(0);
}
int64_t KernelLowering::colsOf(Value tile) {
  return tileType(tile).getDimSize(1);
}
Type KernelLowering::elementOf(Value tile) {
  return tileType(tile).getElementType();
}

int64_t KernelLowering::linesOf(Value tile, Layout layout) {
  return layout == Layout::Rows ? colsOf(tile) : rowsOf(tile);
}
int64_t KernelLowering::lanesOf(Value tile, Layout layout) {
  return linesOf(tile, flip(layout));
}

int64_t KernelLowering::chunkOf(Value tile, Layout layout) {
  int64_t lanes = lanesOf(tile, layout);
  if (lanes <= 32)
    return lanes;
  int64_t chunk = layout == Layout::Rows ? 16 : 32;
  while (lanes % chunk != 0)
    chunk /= 2;
  return chunk;
}

void KernelLowering::loop(Value first, Value last, int64_t step, Body body) {
  auto op = scf::ForOp::create(builder, loc, first, last, index(step));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(op.getBody());
  body(op.getInductionVar());
}

SmallVector<Value> KernelLowering::loop(Value first, Value last, int64_t step,
                                        ValueRange carried, CarriedBody body) {
  auto op = scf::ForOp::create(builder, loc, first, last, index(step), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(op.getBody());
  scf::YieldOp::create(builder, loc,
                       body(op.getInductionVar(), op.getRegionIterArgs()));
  return op.getResults();
}

void KernelLowering::forEachSlice(
    Value tile, Layout layout, llvm::function_ref<void(const Slice &)> body) {
  int64_t lines = linesOf(tile, layout), lanes = lanesOf(tile, layout);
  int64_t chunk = chunkOf(tile, layout);
  auto overLanes = [&](Value line) {
    if (lanes == chunk)
      return body({layout, line, index(0), chunk});
    loop(index(0), index(lanes), chunk, [&](Value start) {
      body({layout, line, start, chunk});
    });
  };
  if (lines == 1)
    return overLanes(index(0));
  loop(index(0), index(lines), 1, overLanes);
}

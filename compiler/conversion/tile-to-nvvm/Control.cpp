//===- Control.cpp - ops of a kernel in program order ---------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::gpu;
using namespace llsa::tile;

static bool isTile(Value value) {
  return isa<RankedTensorType>(value.getType());
}

LogicalResult KernelLowering::lowerBlock(Block &block, ArrayRef<Value> stay) {
  for (Operation &op : block.without_terminator())
    if (failed(lowerOp(op)))
      return failure();
  if (llvm::all_of(inFlight,
                   [&](Value tile) { return llvm::is_contained(stay, tile); }))
    inFlight.clear(); // the next step, or who comes behind, waits
  else
    settle();
  keepLeftOperands(block);
  return success();
}

LogicalResult KernelLowering::lowerOp(Operation &op) {
  loc = op.getLoc();
  settleBefore(op);
  auto done = [](auto) { return success(); };
  return llvm::TypeSwitch<Operation *, LogicalResult>(&op)
      .Case([&](WorkItemOp o) {
        Value cta = o.getCta() ? toI32(mapped(o.getCta())) : nvvm.ctaId(loc);
        mapping.map(o.getIds(), workItemOf(cta));
        return success();
      })
      .Case([&](CtaOp o) {
        mapping.map(o.getResult(), toIndex(nvvm.ctaId(loc)));
        return success();
      })
      .Case([&](NumCtasOp o) {
        mapping.map(o.getResult(), toIndex(nvvm.numCtas(loc)));
        return success();
      })
      .Case([&](LoadOp o) { return lowerLoad(o); })
      .Case([&](StoreOp o) { return lowerStore(o); })
      .Case([&](LookupOp o) { return lowerLookup(o); })
      .Case([&](ScatterAddOp o) { return lowerScatterAdd(o), success(); })
      .Case([&](DotOp o) { return lowerDot(o); })
      .Case([&](TopkOp o) { return lowerTopk(o); })
      .Case([&](BlockRowsOp o) { return lowerBlockRows(o), success(); })
      .Case([&](ReduceOp o) { return lowerReduce(o), success(); })
      .Case([&](tile::CallOp o) { return lowerCall(o), success(); })
      .Case([&](BroadcastOp o) { return lowerBroadcast(o), success(); })
      .Case([&](TransposeOp o) { return lowerTranspose(o), success(); })
      .Case([&](RangeOp o) { return lowerRange(o), success(); })
      .Case([&](AnyOp o) { return lowerAny(o), success(); })
      .Case<AllocSharedOp>(done)
      .Case([&](CopyAsyncOp o) { return lowerCopyAsync(o), success(); })
      .Case([&](GatherAsyncOp o) { return lowerGatherAsync(o); })
      .Case([&](CommitGroupOp) { return nvvm.commitGroup(loc), success(); })
      .Case([&](WaitGroupOp o) { return lowerWaitGroup(o), success(); })
      .Case([&](tile::BarrierOp o) {
        return lowerBarrier(o.getScope()), success();
      })
      .Case([&](AllocBarriersOp o) { return lowerAllocBarriers(o), success(); })
      .Case([&](ExpectOp o) { return lowerExpect(o), success(); })
      .Case([&](AwaitOp o) { return lowerAwait(o), success(); })
      .Case([&](ReleaseOp o) { return lowerRelease(o), success(); })
      .Case([&](BulkCopyOp o) { return lowerBulkCopy(o), success(); })
      .Case([&](BulkGatherOp o) { return lowerBulkGather(o), success(); })
      .Case([&](IsProducerOp o) {
        mapping.map(o.getResult(), isProducer(o.getScope()));
        return success();
      })
      .Case([&](SharedTileOp o) { return lowerSharedTile(o), success(); })
      .Case([&](PrefetchOp o) { return lowerPrefetch(o), success(); })
      .Case([&](InvertRowsOp o) { return lowerInvertRows(o); })
      .Case<scf::ForOp>([&](Operation *o) { return lowerFor(*o); })
      .Case<scf::IfOp>([&](Operation *o) { return lowerIf(*o); })
      .Case<memref::LoadOp>(
          [&](Operation *o) { return lowerMemrefLoad(*o), success(); })
      .Case<memref::StoreOp>(
          [&](Operation *o) { return lowerMemrefStore(*o), success(); })
      .Case([&](arith::SelectOp o) {
        if (!isa<MemRefType>(o.getType()))
          return lowerScalar(*o);
        return chooseMemory(o), success();
      })
      .Default([&](Operation *o) { return lowerScalar(*o); });
}

/// Ops without tiles are copied; others must be elementwise.
LogicalResult KernelLowering::lowerScalar(Operation &op) {
  bool tiles = llvm::any_of(op.getResults(), isTile) ||
               llvm::any_of(op.getOperands(), isTile);
  if (tiles)
    return lowerElementwise(op);
  if (op.getNumRegions() != 0)
    return op.emitOpError() << "has regions that the GPU target cannot lower";
  builder.clone(op, mapping);
  return success();
}

//===----------------------------------------------------------------------===//
// What a value consists of
//===----------------------------------------------------------------------===//

SmallVector<Value> KernelLowering::valuesOf(Value value) {
  return isTile(value) ? tiles[value] : Values{mapped(value)};
}

void KernelLowering::setValues(Value value, ValueRange values) {
  if (isTile(value))
    tiles[value] = Values(values);
  else
    mapping.map(value, values.front());
}

SmallVector<Type> KernelLowering::typesOf(Type type) {
  auto tile = dyn_cast<RankedTensorType>(type);
  if (!tile)
    return {type};
  TileLayout layout(tile, grid);
  Type element = tile.getElementType();
  if (layout.isPaired(element))
    return SmallVector<Type>(layout.elements() / 2,
                             VectorType::get(2, element));
  return SmallVector<Type>(layout.elements(), element);
}

//===----------------------------------------------------------------------===//
// Loops and branches
//===----------------------------------------------------------------------===//

/// Lowers `from` into `to`, whose arguments are mapped already, and yields.
LogicalResult KernelLowering::lowerRegion(Block &from, Block &to,
                                          ArrayRef<Value> stay) {
  OpBuilder::InsertionGuard guard(builder);
  if (!to.empty() && to.back().hasTrait<OpTrait::IsTerminator>())
    to.back().erase();
  builder.setInsertionPointToEnd(&to);
  if (failed(lowerBlock(from, stay)))
    return failure();
  loc = from.getTerminator()->getLoc();
  Values results;
  for (Value value : from.getTerminator()->getOperands())
    llvm::append_range(results, valuesOf(value));
  scf::YieldOp::create(builder, loc, results);
  return success();
}

LogicalResult KernelLowering::lowerFor(Operation &op) {
  auto source = cast<scf::ForOp>(op);
  Values inits;
  for (Value init : source.getInitArgs())
    llvm::append_range(inits, valuesOf(init));
  auto target = scf::ForOp::create(builder, loc, mapped(source.getLowerBound()),
                                   mapped(source.getUpperBound()),
                                   mapped(source.getStep()), inits);
  mapping.map(source.getInductionVar(), target.getInductionVar());
  auto assign = [&](ValueRange values, ValueRange parts) {
    for (Value value : values) {
      size_t count = typesOf(value.getType()).size();
      setValues(value, parts.take_front(count));
      parts = parts.drop_front(count);
    }
  };
  assign(source.getRegionIterArgs(), target.getRegionIterArgs());
  Values stay;
  SmallVector<unsigned> open = resultsInFlight(op);
  for (unsigned i : open) {
    stay.push_back(source.getBody()->getTerminator()->getOperand(i));
    inFlight.push_back(source.getRegionIterArg(i));
  }
  if (failed(lowerRegion(*source.getBody(), *target.getBody(), stay)))
    return failure();
  assign(source.getResults(), target.getResults());
  for (unsigned i : open)
    inFlight.push_back(source.getResult(i));
  return success();
}

LogicalResult KernelLowering::lowerIf(Operation &op) {
  auto source = cast<scf::IfOp>(op);
  SmallVector<Type> types;
  for (Type type : source.getResultTypes())
    llvm::append_range(types, typesOf(type));
  bool hasElse = !source.getElseRegion().empty();
  // These it does not touch.
  SmallVector<Value> outside = std::exchange(inFlight, {});
  auto target =
      scf::IfOp::create(builder, loc, types, mapped(source.getCondition()),
                        /*addThenBlock=*/true, /*addElseBlock=*/hasElse);
  if (failed(lowerRegion(*source.thenBlock(), *target.thenBlock())) ||
      (hasElse &&
       failed(lowerRegion(*source.elseBlock(), *target.elseBlock()))))
    return failure();
  inFlight = std::move(outside);
  ValueRange parts = target.getResults();
  for (Value value : source.getResults()) {
    size_t count = typesOf(value.getType()).size();
    setValues(value, parts.take_front(count));
    parts = parts.drop_front(count);
  }
  return success();
}

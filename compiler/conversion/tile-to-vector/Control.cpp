//===- Control.cpp - regions of a kernel, in program order ----------------===//

#include "compiler/conversion/tile-to-vector/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llsa::tile;

static bool isTile(Value value) {
  return isa<RankedTensorType>(value.getType());
}

LogicalResult KernelLowering::lowerBlock(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(lowerOp(op)))
      return failure();
  return success();
}

LogicalResult KernelLowering::lowerOp(Operation &op) {
  loc = op.getLoc();
  LogicalResult result =
      llvm::TypeSwitch<Operation *, LogicalResult>(&op)
          .Case<WorkItemOp>([&](WorkItemOp item) {
            mapping.map(item.getIds(), ArrayRef<Value>(workItem));
            return success();
          })
          .Case<BlockRowsOp>([&](BlockRowsOp o) { return lowerBlockRows(o); })
          .Case<PrefetchOp>([&](PrefetchOp) { return success(); })
          .Case<AnyOp>([&](AnyOp o) {
            return o.emitOpError("has no lowering for the CPU target");
          })
          .Case<tile::CallOp>([&](tile::CallOp o) {
            return o.emitOpError()
                   << "calls the device function '" << o.getCallee()
                   << "', which is CUDA C++ and exists on a GPU alone";
          })
          .Case<StoreOp>([&](StoreOp o) { return lowerStore(o); })
          .Case<LookupOp>([&](LookupOp o) { return lowerLookup(o); })
          .Case<ScatterAddOp>(
              [&](ScatterAddOp o) { return lowerScatterAdd(o); })
          .Case<DotOp>([&](DotOp o) { return lowerDot(o); })
          .Case<ReduceOp>([&](ReduceOp o) { return lowerReduce(o); })
          .Case<InvertRowsOp>(
              [&](InvertRowsOp o) { return lowerInvertRows(o); })
          .Case<TopkOp>([&](TopkOp o) { return lowerTopk(o); })
          .Case<scf::ForOp>([&](scf::ForOp o) { return lowerFor(*o); })
          .Case<scf::IfOp>([&](scf::IfOp o) { return lowerIf(*o); })
          .Default([&](Operation *o) { return lowerScalar(*o); });
  if (failed(result))
    return failure();
  for (Value tile : op.getResults()) {
    if (!isTile(tile))
      continue;
    // A load whose memory this kernel also writes is read where it stands.
    Value memory;
    if (auto load = dyn_cast<LoadOp>(op))
      memory = load.getSource();
    else if (auto gather = dyn_cast<GatherOp>(op))
      memory = gather.getSource();
    if (memory && written.contains(memory))
      materialize(tile, Layout::Cols);
    if (colsOf(tile) != 1 || !isLazy(tile) ||
        naturalLayout(tile) != Layout::Rows)
      materializeForNestedUses(tile);
    else if (isVector(tile))
      vectorOf(tile);
    else
      materialize(tile, Layout::Rows);
  }
  return success();
}

/// Ops without tiles are copied; elementwise ops on tiles stay lazy.
LogicalResult KernelLowering::lowerScalar(Operation &op) {
  bool tiles = llvm::any_of(op.getResults(), isTile) ||
               llvm::any_of(op.getOperands(), isTile);
  if (!tiles) {
    if (op.getNumRegions() != 0)
      return op.emitOpError() << "has regions that the CPU target cannot lower";
    builder.clone(op, mapping);
    return success();
  }
  if (op.getNumResults() == 1 && isLazy(op.getResult(0)))
    return success();
  return op.emitOpError() << "has no lowering for the CPU target";
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// A loop-carried tile is updated in place when its only reader is the
/// expression that gives its next value: elementwise ops read and write the
/// same place, a dot and a topk take it as their accumulator.
bool KernelLowering::mayUpdateInPlace(BlockArgument argument, Value yielded) {
  Value value = yielded;
  bool first = true;
  while (value != argument) {
    Operation *op = value.getDefiningOp();
    if (!op || op->getBlock() != argument.getOwner() ||
        (!first && !value.hasOneUse()))
      return false;
    if (first && !value.hasOneUse())
      return false;
    first = false;
    // Follow the one operand that leads to the argument.
    if (auto dot = dyn_cast<DotOp>(op)) {
      value = dot.getAcc();
    } else if (auto topk = dyn_cast<TopkOp>(op)) {
      value = cast<OpResult>(value).getResultNumber() == 0 ? topk.getScores()
                                                           : topk.getIds();
    } else if (auto loopOp = dyn_cast<scf::ForOp>(op)) {
      value = loopOp.getInitArgs()[cast<OpResult>(value).getResultNumber()];
    } else if (isLazy(value) &&
               !isa<TransposeOp, LoadOp, GatherOp, BroadcastOp>(op)) {
      Value next;
      for (Value operand : op->getOperands()) {
        if (!isTile(operand) || operand.getType() != value.getType())
          continue;
        // One path to the argument; the others may be anything lazy or done,
        // since the argument has one use.
        Value probe = operand;
        while (probe != argument && probe.getDefiningOp() && isLazy(probe) &&
               probe.hasOneUse() &&
               probe.getDefiningOp()->getNumOperands() > 0 &&
               !isa<TransposeOp, LoadOp, GatherOp, BroadcastOp>(
                   probe.getDefiningOp()))
          probe = probe.getDefiningOp()->getOperand(0);
        if (operand == argument || probe == argument)
          next = operand;
      }
      if (!next)
        return false;
      value = next;
    } else {
      return false;
    }
  }
  return argument.hasOneUse();
}

/// The buffer in which a loop carries a tile: the initial value's own when
/// nobody else reads that, else a copy.
Value KernelLowering::carriedBuffer(Value init, Layout layout) {
  auto found = buffers[int(layout)].find(init);
  if (found != buffers[int(layout)].end() && init.hasOneUse())
    return found->second;
  Value buffer = allocateFor(init, layout);
  evaluateInto(init, layout, buffer);
  return buffer;
}

LogicalResult KernelLowering::lowerFor(Operation &op) {
  auto source = cast<scf::ForOp>(op);
  auto yield = cast<scf::YieldOp>(source.getBody()->getTerminator());
  unsigned count = source.getInitArgs().size();

  // Tiles of one column are carried as vectors, other tiles in buffers.
  SmallVector<Value> inits, carried(count);
  SmallVector<Layout> layouts(count, Layout::Rows);
  for (unsigned i = 0; i < count; ++i) {
    Value init = source.getInitArgs()[i];
    if (!isTile(init)) {
      inits.push_back(mapped(init));
      continue;
    }
    if (isVector(init)) {
      inits.push_back(vectorOf(init));
      continue;
    }
    layouts[i] = naturalLayout(yield.getOperand(i));
    carried[i] = carriedBuffer(init, layouts[i]);
  }

  auto target = scf::ForOp::create(builder, loc, mapped(source.getLowerBound()),
                                   mapped(source.getUpperBound()),
                                   mapped(source.getStep()), inits);
  mapping.map(source.getInductionVar(), target.getInductionVar());
  SmallVector<bool> inPlace(count, false);
  unsigned next = 0;
  for (unsigned i = 0; i < count; ++i) {
    BlockArgument argument = source.getRegionIterArgs()[i];
    if (carried[i]) {
      buffers[int(layouts[i])][argument] = carried[i];
      inPlace[i] = mayUpdateInPlace(argument, yield.getOperand(i));
      if (inPlace[i])
        destinations[yield.getOperand(i)] = carried[i];
      continue;
    }
    Value inside = target.getRegionIterArgs()[next++];
    if (isTile(argument))
      vectors[argument] = inside;
    else
      mapping.map(argument, inside);
  }

  {
    OpBuilder::InsertionGuard guard(builder);
    Block *body = target.getBody();
    if (!body->empty() && body->back().hasTrait<OpTrait::IsTerminator>())
      body->back().erase();
    builder.setInsertionPointToEnd(body);
    if (failed(lowerBlock(*source.getBody())))
      return failure();
    loc = source.getLoc();
    // All next values are computed before the first carried buffer changes.
    SmallVector<Value> results, fresh(count);
    for (unsigned i = 0; i < count; ++i) {
      Value value = yield.getOperand(i);
      if (!carried[i])
        results.push_back(isTile(value) ? vectorOf(value) : mapped(value));
      else
        fresh[i] = materialize(value, layouts[i]);
    }
    for (unsigned i = 0; i < count; ++i)
      if (carried[i] && fresh[i] != carried[i])
        evaluateInto(yield.getOperand(i), layouts[i], carried[i]);
    scf::YieldOp::create(builder, loc, results);
  }

  next = 0;
  for (unsigned i = 0; i < count; ++i) {
    Value result = source.getResult(i);
    if (carried[i])
      buffers[int(layouts[i])][result] = carried[i];
    else if (isTile(result))
      vectors[result] = target.getResult(next++);
    else
      mapping.map(result, target.getResult(next++));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Conditionals
//===----------------------------------------------------------------------===//

LogicalResult KernelLowering::lowerIf(Operation &op) {
  auto source = cast<scf::IfOp>(op);
  SmallVector<Type> types;
  SmallVector<Value> joined(source.getNumResults());
  SmallVector<Layout> layouts(source.getNumResults(), Layout::Rows);
  for (OpResult result : source.getResults()) {
    unsigned i = result.getResultNumber();
    if (!isTile(result)) {
      types.push_back(result.getType());
    } else if (isVector(result)) {
      types.push_back(VectorType::get(rowsOf(result), elementOf(result)));
    } else {
      layouts[i] = naturalLayout(source.thenYield().getOperand(i));
      joined[i] = allocateFor(result, layouts[i]);
    }
  }
  bool hasElse = !source.getElseRegion().empty();
  auto target =
      scf::IfOp::create(builder, loc, types, mapped(source.getCondition()),
                        /*addThenBlock=*/true, /*addElseBlock=*/hasElse);
  auto branch = [&](Block &from, Block &to) -> LogicalResult {
    OpBuilder::InsertionGuard guard(builder);
    if (!to.empty() && to.back().hasTrait<OpTrait::IsTerminator>())
      to.back().erase();
    builder.setInsertionPointToEnd(&to);
    if (failed(lowerBlock(from)))
      return failure();
    loc = source.getLoc();
    SmallVector<Value> results;
    for (auto [i, value] :
         llvm::enumerate(from.getTerminator()->getOperands())) {
      if (joined[i])
        evaluateInto(value, layouts[i], joined[i]);
      else
        results.push_back(isTile(value) ? vectorOf(value) : mapped(value));
    }
    scf::YieldOp::create(builder, loc, results);
    return success();
  };
  if (failed(branch(source.getThenRegion().front(),
                    target.getThenRegion().front())) ||
      (hasElse && failed(branch(source.getElseRegion().front(),
                                target.getElseRegion().front()))))
    return failure();
  unsigned next = 0;
  for (OpResult result : source.getResults()) {
    unsigned i = result.getResultNumber();
    if (joined[i])
      buffers[int(layouts[i])][result] = joined[i];
    else if (isTile(result))
      vectors[result] = target.getResult(next++);
    else
      mapping.map(result, target.getResult(next++));
  }
  return success();
}

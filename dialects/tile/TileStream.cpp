//===- TileStream.cpp - verifiers and effects of streams ------------------===//
//
// The labels (stream_c1, ...) are the constraints' numbers in TileStreamOps.td
// and the names of the cases in test/dialects/tile/invalid-stream.mlir.
//
//===----------------------------------------------------------------------===//

#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace llsa::tile;

LogicalResult StreamOp::verify() {
  if (static_cast<int64_t>(getCount()) < 1) // stream_c1
    return emitOpError() << "count must be at least 1, got "
                         << static_cast<int64_t>(getCount());
  int64_t held = getHeld();
  if (held < 1 || held > static_cast<int64_t>(getCount())) // stream_c4
    return emitOpError() << "held must be from 1 to count, which is "
                         << getCount() << ", got " << held;
  Block &block = getBody().front();
  if (block.getNumArguments() != 1 ||
      !block.getArgument(0).getType().isIndex()) // stream_c2
    return emitOpError() << "region must take one index";
  ArrayRef<Type> expected = getType().getTiles();
  if (!llvm::equal(getYield()->getOperandTypes(), expected)) // stream_c2
    return emitOpError() << "region must yield the stream's tiles, "
                         << getType();
  WalkResult walk =
      getBody().walk(
          [](Operation *op) {
            bool allowed = isa<LoadOp, GatherOp, BlockRowsOp, memref::LoadOp,
                               scf::IfOp, scf::YieldOp, StreamYieldOp>(op) ||
                           isPure(op);
            if (allowed)
              return WalkResult::advance();
            op->emitOpError()
                << "has no place in a tile.stream, which holds loads, "
                   "gathers, block_rows, scf.if, memref.load and pure ops "
                   "alone";
            return WalkResult::interrupt();
          });
  return failure(walk.wasInterrupted()); // stream_c3
}

LogicalResult NextOp::verify() {
  if (!llvm::equal(getResultTypes(),
                   getStream().getType().getTiles())) // next_c1
    return emitOpError() << "results must be the tiles of "
                         << getStream().getType();
  return success();
}

/// Elements are taken in order.
void NextOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  effects.emplace_back(MemoryEffects::Read::get());
  effects.emplace_back(MemoryEffects::Write::get());
}

/// For a region that is built later.
void StreamYieldOp::build(OpBuilder &, OperationState &) {}

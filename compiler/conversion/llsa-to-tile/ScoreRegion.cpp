//===- ScoreRegion.cpp - score and mask regions on tiles ------------------===//
//
// A region is written for one pair of query and key; here each of its scalars
// becomes a tile. A value that depends on the key alone stays one row (1xC), on
// the query alone (or batch and head) one column (Rx1), a constant one element,
// until an op brings it together with something larger, or asks a question of
// it.
//
// index becomes i32 or i64 (ScalarRanges.h). tensor.extract becomes
// tile.lookup, which clamps its indices: an index that lies outside reads some
// element. func.call becomes tile.call.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace llsa;

/// Clamped before it loses its upper half.
Value llsa::narrowIndex(KernelBuilder &k, Value index, int64_t extent) {
  Type i32 = k.b.getI32Type(), element = tileTypeOf(index).getElementType();
  if (element == i32)
    return index;
  auto bound = [&](int64_t value) {
    return k.splat(IntegerAttr::get(element, value), sizeOf(index));
  };
  index = k.apply<arith::MaxSIOp>(index, bound(0));
  index = k.apply<arith::MinSIOp>(index, bound(extent - 1));
  return arith::TruncIOp::create(k.b, k.loc, k.tileType(sizeOf(index), i32),
                                 index);
}

/// `rows`: of the score's tile.
static Value emitExtract(KernelBuilder &k, ScalarRanges &ranges,
                         tensor::ExtractOp op, ArrayRef<Value> indices,
                         int64_t rows) {
  if (isUniformTensor(op.getTensor()))
    return emitUniform(k, ranges, op.getTensor());
  TileSize size = commonSize(indices);
  if (size == TileSize{}) // constant indices, or none
    size.rows = rows;
  SmallVector<Value> all;
  for (auto [index, extent] :
       llvm::zip(indices, op.getTensor().getType().getShape()))
    all.push_back(k.broadcast(narrowIndex(k, index, extent), size));
  Type element = op.getTensor().getType().getElementType();
  return tile::LookupOp::create(k.b, k.loc, k.tileType(size, element),
                                k.buffer(op.getTensor()), all);
}

/// A device function takes and returns an index as i64.
static Value emitCall(KernelBuilder &k, func::CallOp op,
                      ArrayRef<Value> operands) {
  TileSize size = commonSize(operands);
  Type i64 = k.b.getI64Type();
  SmallVector<Value> inputs;
  for (auto [scalar, operand] : llvm::zip(op.getOperands(), operands)) {
    Value input = k.broadcast(operand, size);
    if (scalar.getType().isIndex() && tileTypeOf(input).getElementType() != i64)
      input = arith::ExtSIOp::create(k.b, k.loc, k.tileType(size, i64), input);
    inputs.push_back(input);
  }
  Type result = op.getResult(0).getType();
  return tile::CallOp::create(k.b, k.loc,
                              k.tileType(size, result.isIndex() ? i64 : result),
                              op.getCallee(), inputs);
}

SmallVector<Value> llsa::emitScoreRegion(KernelBuilder &k, ScalarRanges &ranges,
                                         Region &region, ArrayRef<Value> args) {
  DenseMap<Value, Value> tiles;
  for (auto [argument, tile] : llvm::zip(region.getArguments(), args))
    tiles[argument] = tile;
  /// The tile of a scalar.
  auto tileOf =
      [&](Value scalar, Operation *user) {
        Value tile = tiles.lookup(scalar);
        if (!tile)
          tile = tiles[scalar] = emitUniform(k, ranges, scalar);
        if (!tile)
          user->emitOpError()
              << "may use scalars computed from constants and from the "
                 "region's arguments, got another of type "
              << scalar.getType();
        return tile;
      };
  for (Operation &op : region.front()) {
    if (isa<arith::ConstantOp>(op))
      continue; // where it is used
    SmallVector<Value> operands;
    for (Value operand : op.getOperands()) {
      if (isa<TensorType>(operand.getType()))
        continue;
      operands.push_back(tileOf(operand, &op));
      if (!operands.back())
        return {};
    }
    if (isa<YieldOp>(op))
      return operands;
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      Value tile =
          emitExtract(k, ranges, extract, operands, sizeOf(args[0]).rows);
      if (!tile) {
        op.emitOpError()
            << "can read a constant tensor only if it repeats a constant";
        return {};
      }
      tiles[extract.getResult()] = tile;
      continue;
    }
    if (auto call = dyn_cast<func::CallOp>(op)) {
      tiles[call.getResult(0)] = emitCall(k, call, operands);
      continue;
    }
    if (!isElementwise(&op)) {
      op.emitOpError() << "cannot stand in a score or mask region: it does not "
                          "work element by "
                          "element";
      return {};
    }
    // Truth values are made at full size: they are awkward to repeat later.
    bool isPredicate = llvm::any_of(
        op.getResultTypes(), [](Type type) { return type.isInteger(1); });
    TileSize size = isPredicate ? sizeOf(args[0]) : commonSize(operands);
    for (Value &operand : operands)
      operand = k.broadcast(operand, size);
    for (auto [result, tile] :
         llvm::zip(op.getResults(), emitElementwise(k, ranges, &op, operands)))
      tiles[result] = tile;
  }
  llvm_unreachable("a verified region ends in llsa.yield");
}

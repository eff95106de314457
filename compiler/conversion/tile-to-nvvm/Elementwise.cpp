//===- Elementwise.cpp - ops on each element a lane holds -----------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::gpu;
using namespace llsa::tile;

static constexpr double kLog2E = 1.4426950408889634074;
static constexpr double kLn2 = 0.69314718055994530942;

/// `op` on scalars (or on pairs).
Value KernelLowering::applyScalar(Operation &op, ValueRange operands,
                                  Type type) {
  auto factor = [&](double value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF32FloatAttr(value));
  };
  // The unit for exponentials knows base 2 alone, to about 2^-22: enough for
  // 16 bits. In float32 kernels the ops stay, for llsa-expand-math.
  if (type.isF32() && !isPrecise) {
    if (isa<math::Exp2Op>(op))
      return nvvm.exp2(loc, operands[0]);
    if (isa<math::ExpOp>(op))
      return nvvm.exp2(loc, arith::MulFOp::create(builder, loc, operands[0],
                                                  factor(kLog2E)));
    if (isa<math::Log2Op>(op))
      return nvvm.log2(loc, operands[0]);
    if (isa<math::LogOp>(op))
      return arith::MulFOp::create(builder, loc, nvvm.log2(loc, operands[0]),
                                   factor(kLn2));
  }
  OperationState state(loc, op.getName(), operands, type, op.getAttrs());
  return builder.create(state)->getResult(0);
}

/// One result, a tile, whose elements depend on those in their place.
bool KernelLowering::isElementwise(Operation &op) {
  if (op.getNumResults() != 1 || op.getNumRegions() != 0 ||
      op.hasTrait<OpTrait::ConstantLike>() || !isMemoryEffectFree(&op) ||
      op.getName().getDialectNamespace() == TileDialect::getDialectNamespace())
    return false;
  auto result = dyn_cast<RankedTensorType>(op.getResult(0).getType());
  return result && llvm::all_of(op.getOperandTypes(), [&](Type type) {
           auto tile = dyn_cast<RankedTensorType>(type);
           return !tile || tile.getShape() == result.getShape();
         });
}

LogicalResult KernelLowering::lowerElementwise(Operation &op) {
  if (isa<arith::ConstantOp>(op))
    return lowerConstant(op);
  if (!isElementwise(op))
    return op.emitOpError() << "has no lowering for the GPU target";

  Value result = op.getResult(0);
  Type element = tileOf(result).getElementType();
  TileLayout layout = layoutOf(result);
  // f32 to 16 bits: one instruction converts a pair.
  if (isa<arith::TruncFOp>(op) && layout.isPaired(element) &&
      tileOf(op.getOperand(0)).getElementType().isF32()) {
    Values from = elementsFor(op, op.getOperand(0)), pairs;
    auto wide = VectorType::get(2, builder.getF32Type());
    auto narrow = VectorType::get(2, element);
    for (size_t i = 0; i + 1 < from.size(); i += 2) {
      Value pair = LLVM::PoisonOp::create(builder, loc, wide);
      for (int64_t j : {0, 1})
        pair = LLVM::InsertElementOp::create(builder, loc, pair, from[i + j],
                                             i32(j));
      pairs.push_back(LLVM::FPTruncOp::create(builder, loc, narrow, pair));
    }
    tiles[result] = pairs;
    return success();
  }

  SmallVector<Values> operands;
  for (Value operand : op.getOperands())
    operands.push_back(isa<RankedTensorType>(operand.getType())
                           ? elementsFor(op, operand)
                           : Values(layout.elements(), mapped(operand)));
  Values results;
  for (int64_t i = 0; i < layout.elements(); ++i) {
    Values scalars;
    for (const Values &operand : operands)
      scalars.push_back(operand[i]);
    // bf16 is the upper half of an f32.
    if (isa<arith::ExtFOp>(op) && scalars[0].getType().isBF16() &&
        element.isF32()) {
      Value bits = LLVM::BitcastOp::create(builder, loc, builder.getI16Type(),
                                           scalars[0]);
      bits = arith::ExtUIOp::create(builder, loc, builder.getI32Type(), bits);
      bits = arith::ShLIOp::create(builder, loc, bits, i32(16));
      results.push_back(LLVM::BitcastOp::create(builder, loc, element, bits));
      continue;
    }
    results.push_back(applyScalar(op, scalars, element));
  }
  setElements(result, results);
  return success();
}

/// Constants of tiles repeat one element.
LogicalResult KernelLowering::lowerConstant(Operation &op) {
  Value result = op.getResult(0);
  auto splat =
      dyn_cast<SplatElementsAttr>(cast<arith::ConstantOp>(op).getValue());
  if (!splat)
    return op.emitOpError()
           << "must repeat one element to become a tile on a GPU";
  Value scalar = arith::ConstantOp::create(
      builder, loc, cast<TypedAttr>(splat.getSplatValue<Attribute>()));
  setElements(result, Values(layoutOf(result).elements(), scalar));
  return success();
}

/// One call per element that the lane holds.
void KernelLowering::lowerCall(tile::CallOp op) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      op, op.getCalleeAttr());
  auto cast = [&](Value value, Type type) {
    return value.getType() == type
               ? value
               : arith::IndexCastOp::create(builder, loc, type, value)
                     .getResult();
  };
  SmallVector<Values> operands;
  for (Value operand : op.getInputs())
    operands.push_back(elementsOf(operand));
  Type element = tileOf(op.getResult()).getElementType();
  Values results;
  for (int64_t i = 0; i < layoutOf(op.getResult()).elements(); ++i) {
    Values scalars;
    for (auto [operand, type] : llvm::zip(operands, callee.getArgumentTypes()))
      scalars.push_back(cast(operand[i], type));
    auto call = func::CallOp::create(builder, loc, callee, scalars);
    results.push_back(cast(call.getResult(0), element));
  }
  setElements(op.getResult(), results);
}

void KernelLowering::lowerBroadcast(BroadcastOp op) {
  TileLayout from = layoutOf(op.getTile()), to = layoutOf(op.getResult());
  Values elements = elementsOf(op.getTile()), repeated;
  for (int64_t h = 0; h < to.halves(); ++h)
    for (int64_t c = 0; c < to.columns(); ++c)
      repeated.push_back(elements[from.indexOf(from.isOneRow() ? 0 : h,
                                               from.isOneColumn() ? 0 : c)]);
  setElements(op.getResult(), repeated);
}

void KernelLowering::lowerRange(RangeOp op) {
  TileLayout layout = layoutOf(op.getResult());
  Value start = toI32(mapped(op.getStart()));
  Values numbers;
  for (int64_t h = 0; h < layout.halves(); ++h)
    for (int64_t c = 0; c < layout.columns(); ++c) {
      Value number = layout.isOneRow() ? columnOf(layout, c) : rowOf(h);
      if (layout.isOneRow() && layout.isOneColumn())
        number = i32(0);
      int64_t step = op.getStep();
      number = step == 0 ? start : add(start, mul(number, i32(step)));
      numbers.push_back(number);
    }
  setElements(op.getResult(), numbers);
}

/// Columns in pairs (AssignLayouts sees to it), so lane (g, t) wants, for its
/// row 8h + g and its column 8n + 2t + i, the element in row 8n + (2t + i) and
/// column 8h + g of the operand. Lane (2t + i, g / 2) has it, as its column
/// 2h + g % 2 of half n: one of two, both of which are sent.
void KernelLowering::lowerTranspose(TransposeOp op) {
  TileLayout from = layoutOf(op.getTile()), to = layoutOf(op.getResult());
  Type element = tileOf(op.getTile()).getElementType();
  Type f32 = builder.getF32Type();
  Values elements = elementsOf(op.getTile());
  if (from.isOneRow() && from.isOneColumn())
    return setElements(op.getResult(), elements);
  // Lanes exchange 32 bits.
  bool isNarrow = element.getIntOrFloatBitWidth() == 16;
  if (isNarrow)
    for (Value &x : elements)
      x = arith::ExtFOp::create(builder, loc, f32, x);
  Value halfRow = arith::ShRUIOp::create(builder, loc, rowInHalf, i32(1));
  Value isOdd = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::ne,
      arith::AndIOp::create(builder, loc, rowInHalf, i32(1)), i32(0));
  Values results(to.elements());
  for (int64_t h = 0; h < to.halves(); ++h)
    for (int64_t c = 0; c < to.columns(); ++c) {
      Value &result = results[to.indexOf(h, c)];
      if (from.isOneColumn()) { // all columns' lanes hold the one column
        Value giver = mul(columnOf(to, c % 2), i32(4));
        result = nvvm.shuffle(loc, elements[from.indexOf(c / 2, 0)], giver);
        continue;
      }
      if (from.isOneRow()) { // all eight lanes of a column hold the one row
        Value even = nvvm.shuffle(loc, elements[2 * h], halfRow);
        Value odd = nvvm.shuffle(loc, elements[2 * h + 1], halfRow);
        result = select(isOdd, odd, even);
        continue;
      }
      Value giver = add(mul(columnOf(to, c % 2), i32(4)), halfRow);
      Value even =
          nvvm.shuffle(loc, elements[from.indexOf(c / 2, 2 * h)], giver);
      Value odd =
          nvvm.shuffle(loc, elements[from.indexOf(c / 2, 2 * h + 1)], giver);
      result = select(isOdd, odd, even);
    }
  if (isNarrow)
    for (Value &x : results)
      x = arith::TruncFOp::create(builder, loc, element, x);
  setElements(op.getResult(), results);
}

/// The lane's own elements first, then one vote. Elements that do not exist
/// do not count.
void KernelLowering::lowerAny(AnyOp op) {
  TileLayout layout = layoutOf(op.getTile());
  Values elements = elementsOf(op.getTile());
  Value some;
  for (int64_t h = 0; h < layout.halves(); ++h)
    for (int64_t c = 0; c < layout.columns(); ++c) {
      Value element = elements[layout.indexOf(h, c)];
      element =
          both(element, both(rowExists(layout, h), columnExists(layout, c)));
      some = some ? Value(arith::OrIOp::create(builder, loc, some, element))
                  : element;
    }
  mapping.map(op.getResult(), nvvm.any(loc, some));
}

//===- ScalarRanges.cpp - how wide index values must be -------------------===//

#include "compiler/conversion/llsa-to-tile/ScalarRanges.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace llsa;

void ScalarRanges::declare(Value value, int64_t low, int64_t high) {
  unsigned width = ConstantIntRanges::getStorageBitwidth(value.getType());
  known.insert_or_assign(
      value, ConstantIntRanges::fromSigned(APInt(width, low, /*isSigned=*/true),
                                           APInt(width, high,
                                                 /*isSigned=*/true)));
}

static bool isInteger(Value value) {
  return getElementTypeOrSelf(value.getType()).isIntOrIndex();
}

ConstantIntRanges ScalarRanges::of(Value value) {
  if (auto found = known.find(value); found != known.end())
    return found->second;
  auto range =
      ConstantIntRanges::maxRange(ConstantIntRanges::getStorageBitwidth(
          getElementTypeOrSelf(value.getType())));
  auto op = value.getDefiningOp<InferIntRangeInterface>();
  if (op && llvm::all_of(op->getOperands(), isInteger)) {
    SmallVector<ConstantIntRanges> operands;
    for (Value operand : op->getOperands())
      operands.push_back(of(operand));
    op.inferResultRanges(operands,
                         [&](Value result, const ConstantIntRanges &inferred) {
                           if (result == value)
                             range = inferred;
                         });
  }
  known.insert_or_assign(value, range);
  return range;
}

bool ScalarRanges::isNonNegative(Value value) {
  return of(value).smin().isNonNegative();
}

bool ScalarRanges::mayBe(Value value, int64_t number) {
  ConstantIntRanges range = of(value);
  APInt wanted(range.smin().getBitWidth(), number, /*isSigned=*/true,
               /*implicitTrunc=*/true);
  return range.smin().sle(wanted) && wanted.sle(range.smax()) &&
         range.umin().ule(wanted) && wanted.ule(range.umax());
}

bool ScalarRanges::fits32(Value value) {
  ConstantIntRanges range = of(value);
  return range.smin().isSignedIntN(32) && range.smax().isSignedIntN(32);
}

Type ScalarRanges::tileElement(Value value) {
  Type type = getElementTypeOrSelf(value.getType());
  if (!type.isIndex())
    return type;
  return IntegerType::get(type.getContext(), fits32(value) ? 32 : 64);
}

/// Ops for which the bits of a negative number, or those that a product or
/// shift loses, make a difference.
static bool needsNonNegative(Operation *op) {
  return isa<arith::DivUIOp, arith::CeilDivUIOp, arith::RemUIOp, arith::ShLIOp,
             arith::ShRUIOp, arith::ShRSIOp>(op);
}

Type ScalarRanges::indexTypeWithin(Operation *op) {
  bool narrow = !isa<arith::MulSIExtendedOp, arith::MulUIExtendedOp,
                     arith::AddUIExtendedOp>(op);
  auto check = [&](Value value) {
    if (!getElementTypeOrSelf(value.getType()).isIndex())
      return;
    narrow &= fits32(value);
    narrow &= !needsNonNegative(op) || isNonNegative(value);
  };
  llvm::for_each(op->getOperands(), check);
  llvm::for_each(op->getResults(), check);
  // A shift by 32 and more.
  if (isa<arith::ShLIOp, arith::ShRUIOp, arith::ShRSIOp>(op))
    narrow &= of(op->getOperand(1)).umax().ult(32);
  return IntegerType::get(op->getContext(), narrow ? 32 : 64);
}

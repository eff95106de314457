//===- ApproximateDivision.cpp - divisions and square roots without calls -===//

#include "compiler/target/passes/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include <cmath>
#include <optional>

using namespace mlir;

namespace llsa {
#define GEN_PASS_DEF_APPROXIMATEDIVISIONPASS
#include "compiler/target/passes/Passes.h.inc"
} // namespace llsa

static Value callIntrinsic(OpBuilder &b, Operation *op, StringRef name) {
  return LLVM::CallIntrinsicOp::create(b, op->getLoc(), b.getF32Type(),
                                       b.getStringAttr(name), op->getOperands())
      .getResult(0);
}

/// 1 / `divisor`, if that is a constant whose reciprocal is a normal number.
static std::optional<APFloat> reciprocalOf(Value divisor) {
  APFloat number(0.0f);
  if (!matchPattern(divisor, m_ConstantFloat(&number)))
    return std::nullopt;
  float reciprocal = 1 / number.convertToFloat();
  if (!std::isnormal(reciprocal) || !std::isnormal(number.convertToFloat()))
    return std::nullopt;
  return APFloat(reciprocal);
}

static Value divide(OpBuilder &b, arith::DivFOp op) {
  std::optional<APFloat> reciprocal = reciprocalOf(op.getRhs());
  if (!reciprocal)
    return callIntrinsic(b, op, "llvm.nvvm.div.full");
  Value factor = arith::ConstantOp::create(
      b, op.getLoc(), b.getFloatAttr(b.getF32Type(), *reciprocal));
  return arith::MulFOp::create(b, op.getLoc(), op.getLhs(), factor);
}

namespace {
struct ApproximateDivisionPass
    : llsa::impl::ApproximateDivisionPassBase<ApproximateDivisionPass> {
  void runOnOperation() override {
    getOperation().walk([](func::FuncOp function) {
      if (function->hasAttr("llsa.approximate_division"))
        function.walk([](Operation *op) { approximate(op); });
    });
  }

  static void approximate(Operation *op) {
    if (!isa<arith::DivFOp, math::SqrtOp>(op) ||
        !op->getResult(0).getType().isF32())
      return;
    OpBuilder b(op);
    auto division = dyn_cast<arith::DivFOp>(op);
    if (division && division.getFastmath() != arith::FastMathFlags::none)
      return; // the assembler may approximate it as it is
    op->getResult(0).replaceAllUsesWith(
        division ? divide(b, division)
                 : callIntrinsic(b, op, "llvm.nvvm.sqrt.approx.f"));
    op->erase();
  }
};
} // namespace

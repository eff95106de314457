//===- ExpandLibm.cpp - math functions as vector arithmetic -----*- C++ -*-===//
#include "compiler/conversion/tile-to-vector/RewriteMath.h"
#include "compiler/target/passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace llsa {

#define GEN_PASS_DEF_EXPANDLIBMPASS
#include "compiler/target/passes/Passes.h.inc"

namespace {

/// log10(x) = log10(2) * log2(x), which has an approximation.
LogicalResult expandLog10(math::Log10Op op, PatternRewriter &rewriter) {
  if (!getElementTypeOrSelf(op.getType()).isF32())
    return failure();
  auto factor = rewriter.getF32FloatAttr(0.301029995663981195f);
  TypedAttr value = factor;
  if (auto vector = dyn_cast<VectorType>(op.getType()))
    value = DenseElementsAttr::get(vector, ArrayRef<Attribute>(factor));
  Location loc = op.getLoc();
  Value log2 = math::Log2Op::create(rewriter, loc, op.getOperand());
  rewriter.replaceOpWithNewOp<arith::MulFOp>(
      op, log2, arith::ConstantOp::create(rewriter, loc, value));
  return success();
}

/// A number for every element of a value of this type.
Value repeated(PatternRewriter &rewriter, Location loc, Type type,
               TypedAttr number) {
  if (auto vector = dyn_cast<VectorType>(type))
    number = DenseElementsAttr::get(vector, ArrayRef<Attribute>(number));
  return arith::ConstantOp::create(rewriter, loc, number);
}

LogicalResult expandIsInf(math::IsInfOp op, PatternRewriter &rewriter) {
  Value x = op.getOperand();
  auto element = cast<FloatType>(getElementTypeOrSelf(x.getType()));
  APFloat infinity = APFloat::getInf(element.getFloatSemantics());
  rewriter.replaceOpWithNewOp<arith::CmpFOp>(
      op, arith::CmpFPredicate::OEQ,
      math::AbsFOp::create(rewriter, op.getLoc(), x),
      repeated(rewriter, op.getLoc(), x.getType(),
               FloatAttr::get(element, infinity)));
  return success();
}

LogicalResult expandIsNormal(math::IsNormalOp op, PatternRewriter &rewriter) {
  Value x = op.getOperand();
  Location loc = op.getLoc();
  auto element = cast<FloatType>(getElementTypeOrSelf(x.getType()));
  const llvm::fltSemantics &semantics = element.getFloatSemantics();
  Value a = math::AbsFOp::create(rewriter, loc, x);
  auto is = [&](arith::CmpFPredicate predicate, const APFloat &bound) {
    return arith::CmpFOp::create(
        rewriter, loc, predicate, a,
        repeated(rewriter, loc, x.getType(), FloatAttr::get(element, bound)));
  };
  rewriter.replaceOpWithNewOp<arith::AndIOp>(
      op,
      is(arith::CmpFPredicate::OGE, APFloat::getSmallestNormalized(semantics)),
      is(arith::CmpFPredicate::OLT, APFloat::getInf(semantics)));
  return success();
}

LogicalResult expandClamp(math::ClampFOp op, PatternRewriter &rewriter) {
  Value least = arith::MaximumFOp::create(rewriter, op.getLoc(), op.getValue(),
                                          op.getMin());
  rewriter.replaceOpWithNewOp<arith::MinimumFOp>(op, least, op.getMax());
  return success();
}

/// By squaring, with a factor of 1 where a bit of the exponent is 0. A negative
/// exponent leaves 1 of 1, 1 or -1 of -1, and 0 of other numbers.
LogicalResult expandIPow(math::IPowIOp op, PatternRewriter &rewriter) {
  Location loc = op.getLoc();
  Type type = op.getType(), element = getElementTypeOrSelf(type);
  Value base = op.getLhs(), exponent = op.getRhs();
  auto number = [&](int64_t value) {
    return repeated(rewriter, loc, type, IntegerAttr::get(element, value));
  };
  Value zero = number(0), one = number(1);
  auto is = [&](arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(rewriter, loc, predicate, x, y);
  };
  auto select = [&](Value condition, Value x, Value y) {
    return arith::SelectOp::create(rewriter, loc, condition, x, y);
  };
  Value power = one, square = base, left = exponent, parity;
  for (unsigned bit = 0; bit + 1 < element.getIntOrFloatBitWidth(); ++bit) {
    Value low = arith::AndIOp::create(rewriter, loc, left, one);
    Value factor = select(is(arith::CmpIPredicate::ne, low, zero), square, one);
    power = arith::MulIOp::create(rewriter, loc, power, factor);
    if (bit == 0)
      parity = factor; // the base, or 1
    square = arith::MulIOp::create(rewriter, loc, square, square);
    left = arith::ShRUIOp::create(rewriter, loc, left, one);
  }
  Value isUnit = arith::OrIOp::create(
      rewriter, loc, is(arith::CmpIPredicate::eq, base, one),
      is(arith::CmpIPredicate::eq, base, number(-1)));
  Value inverse = select(isUnit, parity, zero);
  rewriter.replaceOp(op, select(is(arith::CmpIPredicate::slt, exponent, zero),
                                inverse, power));
  return success();
}

/// tanh to a unit in the last place, of float32: a soft cap multiplies its
/// error. Near 0 an odd polynomial (of least greatest relative error below
/// 5/8), elsewhere 1 - 2 / (e^2|x| + 1), where a rounded exponent does no harm.
/// Kernels that divide approximately have 16 bits and take upstream's quotient.
LogicalResult expandTanh(math::TanhOp op, PatternRewriter &rewriter) {
  Type type = op.getType();
  auto function = op->getParentOfType<FunctionOpInterface>();
  if (!getElementTypeOrSelf(type).isF32() ||
      (function && function->hasAttr("llsa.approximate_division")))
    return failure();
  Location loc = op.getLoc();
  Value x = op.getOperand();
  auto number = [&](float value) {
    return repeated(rewriter, loc, type, rewriter.getF32FloatAttr(value));
  };
  auto add = [&](Value a, Value b) -> Value {
    return arith::AddFOp::create(rewriter, loc, a, b);
  };
  auto mul = [&](Value a, Value b) -> Value {
    return arith::MulFOp::create(rewriter, loc, a, b);
  };
  Value square = mul(x, x), small = number(-0.005717044696f);
  for (float coefficient :
       {0.020650586113f, -0.053743496537f, 0.133314907551f, -0.333332836628f})
    small =
        math::FmaOp::create(rewriter, loc, small, square, number(coefficient));
  small = math::FmaOp::create(rewriter, loc, x, mul(small, square), x);

  Value magnitude = math::AbsFOp::create(rewriter, loc, x);
  constexpr float twiceLog2E = 2.885390081777926815f;
  Value power =
      math::Exp2Op::create(rewriter, loc, mul(magnitude, number(twiceLog2E)));
  Value large = arith::SubFOp::create(
      rewriter, loc, number(1),
      arith::DivFOp::create(rewriter, loc, number(2), add(power, number(1))));
  large = math::CopySignOp::create(rewriter, loc, large, x);
  Value isSmall = arith::CmpFOp::create(
      rewriter, loc, arith::CmpFPredicate::OLT, magnitude, number(0.625f));
  rewriter.replaceOpWithNewOp<arith::SelectOp>(op, isSmall, small, large);
  return success();
}

struct ExpandLibmPass : impl::ExpandLibmPassBase<ExpandLibmPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    // Upstream's approximations that are within 5 ulp. Others go to libm, which
    // is slow but right: sin and cos of large arguments, atan (40 ulp), cbrt;
    // and what upstream expresses with cancellation (sinh, asinh, powf). Ops
    // with vector instructions of their own (sqrt, fma, floor) stay.
    auto wanted = [](StringRef name) {
      return llvm::is_contained(
          {math::AcosOp::getOperationName(), math::ErfOp::getOperationName(),
           math::ErfcOp::getOperationName(), math::ExpM1Op::getOperationName(),
           math::LogOp::getOperationName(), math::Log1pOp::getOperationName(),
           math::Log2Op::getOperationName(), math::TanhOp::getOperationName()},
          name);
    };
    populateMathF32ExpansionPatterns(patterns, wanted);
    populateMathPolynomialApproximationPatterns(patterns, wanted);
    populateMathAlgebraicSimplificationPatterns(patterns); // x^2, x^0.5, ...
    math::populateExpansionPatterns(patterns, {"ctlz", "fpowi", "rsqrt"});
    patterns.add(expandTanh, /*benefit=*/2);
    patterns.add(expandLog10);
    patterns.add(expandIsInf);
    patterns.add(expandIsNormal);
    patterns.add(expandClamp);
    patterns.add(expandIPow);
    if (failed(rewriteMath(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace llsa

//===- ExpandMath.cpp - the pass llsa-expand-math -------------------------===//

#include "compiler/conversion/tile-to-vector/Passes.h"
#include "compiler/conversion/tile-to-vector/RewriteMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace llsa;

namespace llsa {
#define GEN_PASS_DEF_EXPANDMATH
#include "compiler/conversion/tile-to-vector/Passes.h.inc"
} // namespace llsa

namespace {

/// The shape of `like` (a vector or a scalar) with another element type.
Type withElement(Type like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like))
    return vector.clone(element);
  return element;
}

struct Maker {
  PatternRewriter &b;
  Location loc;
  Type floats, ints;

  Value f(float value) {
    return arith::ConstantOp::create(
        b, loc, constant(floats, b.getF32FloatAttr(value)));
  }
  Value i(int32_t value) {
    return arith::ConstantOp::create(
        b, loc, constant(ints, b.getI32IntegerAttr(value)));
  }
  TypedAttr constant(Type type, TypedAttr scalar) {
    if (auto vector = dyn_cast<VectorType>(type))
      return DenseElementsAttr::get(vector, scalar);
    return scalar;
  }
  Value fma(Value x, Value y, Value z) {
    return math::FmaOp::create(b, loc, x, y, z);
  }
};

/// 2^x = 2^n * 2^r with n = round(x), |r| <= 1/2, and a polynomial of degree 6
/// for 2^r. x is clamped to [-150, 129]: beyond them the result is 0 or
/// infinity, which two scalings by half the exponent each give exactly,
/// subnormal results included. NaN passes through the clamp.
Value expandExp2(PatternRewriter &rewriter, Location loc, Value x) {
  Maker m{rewriter, loc, x.getType(),
          withElement(x.getType(), rewriter.getI32Type())};
  auto less = [&](Value a, Value c) {
    return arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::OLT, a,
                                 c);
  };
  Value low = m.f(-150.0f), high = m.f(129.0f);
  Value clamped = arith::SelectOp::create(rewriter, loc, less(x, low), low, x);
  clamped = arith::SelectOp::create(rewriter, loc, less(high, clamped), high,
                                    clamped);
  // Adding 1.5 * 2^23 leaves round(x) in the low bits.
  Value magic = m.f(12582912.0f);
  Value shifted = arith::AddFOp::create(rewriter, loc, clamped, magic);
  Value rounded = arith::SubFOp::create(rewriter, loc, shifted, magic);
  Value r = arith::SubFOp::create(rewriter, loc, clamped, rounded);
  Value n = arith::SubIOp::create(
      rewriter, loc, arith::BitcastOp::create(rewriter, loc, m.ints, shifted),
      m.i(0x4b400000));
  // Minimax coefficients of 2^r on [-1/2, 1/2].
  Value p = m.f(1.535336188319500e-4f);
  for (float c :
       {1.339887440266574e-3f, 9.618437357674640e-3f, 5.550332471162809e-2f,
        2.402264791363012e-1f, 6.931472028550421e-1f, 1.0f})
    p = m.fma(p, r, m.f(c));
  auto power = [&](Value exponent) -> Value {
    Value biased = arith::AddIOp::create(rewriter, loc, exponent, m.i(127));
    Value bits = arith::ShLIOp::create(rewriter, loc, biased, m.i(23));
    return arith::BitcastOp::create(rewriter, loc, m.floats, bits);
  };
  Value half = arith::ShRSIOp::create(rewriter, loc, n, m.i(1));
  Value rest = arith::SubIOp::create(rewriter, loc, n, half);
  Value y = arith::MulFOp::create(rewriter, loc, p, power(half));
  return arith::MulFOp::create(rewriter, loc, y, power(rest));
}

struct Exp2Pattern : OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::Exp2Op op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    rewriter.replaceOp(op, expandExp2(rewriter, op.getLoc(), op.getOperand()));
    return success();
  }
};

/// e^x = 2^(x log2 e), with the product's rounding error carried along.
struct ExpPattern : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF32())
      return failure();
    Location loc = op.getLoc();
    Value x = op.getOperand();
    Maker m{rewriter, loc, x.getType(),
            withElement(x.getType(), rewriter.getI32Type())};
    Value t =
        arith::MulFOp::create(rewriter, loc, x, m.f(1.44269504088896341f));
    Value error = m.fma(x, m.f(1.44269504088896341f),
                        arith::NegFOp::create(rewriter, loc, t));
    error = m.fma(x, m.f(1.92596299112661746887e-8f), error);
    // 2^(t + e) = 2^t (1 + e ln 2), where 2^t and e are finite.
    Value y = expandExp2(rewriter, loc, t);
    Value corrected = m.fma(arith::MulFOp::create(rewriter, loc, y, error),
                            m.f(0.693147180559945f), y);
    Value below =
        arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::OLT, x,
                              m.f(88.72283f)); // log of the greatest float
    Value above = arith::CmpFOp::create(
        rewriter, loc, arith::CmpFPredicate::OGT, x, m.f(-104.0f));
    Value tame = arith::AndIOp::create(rewriter, loc, below, above);
    rewriter.replaceOpWithNewOp<arith::SelectOp>(op, tame, corrected, y);
    return success();
  }
};

/// float32 to bfloat16: add half of the last place (minus one when the kept
/// part is even) and cut; NaN keeps its sign and becomes quiet.
struct TruncToBF16Pattern : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isBF16() ||
        !getElementTypeOrSelf(op.getIn().getType()).isF32())
      return failure();
    Location loc = op.getLoc();
    Value x = op.getIn();
    Type i16 = rewriter.getI16Type();
    Maker m{rewriter, loc, x.getType(),
            withElement(x.getType(), rewriter.getI32Type())};
    Value bits = arith::BitcastOp::create(rewriter, loc, m.ints, x);
    Value top = arith::ShRUIOp::create(rewriter, loc, bits, m.i(16));
    Value odd = arith::AndIOp::create(rewriter, loc, top, m.i(1));
    Value bias = arith::AddIOp::create(rewriter, loc, odd, m.i(0x7fff));
    Value rounded = arith::ShRUIOp::create(
        rewriter, loc, arith::AddIOp::create(rewriter, loc, bits, bias),
        m.i(16));
    Value quiet = arith::OrIOp::create(rewriter, loc, top, m.i(0x40));
    Value nan =
        arith::CmpFOp::create(rewriter, loc, arith::CmpFPredicate::UNO, x, x);
    Value chosen = arith::SelectOp::create(rewriter, loc, nan, quiet, rounded);
    Value narrow = arith::TruncIOp::create(
        rewriter, loc, withElement(x.getType(), i16), chosen);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), narrow);
    return success();
  }
};

struct ExpandMathPass : llsa::impl::ExpandMathBase<ExpandMathPass> {
  using Base::Base;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Exp2Pattern, ExpPattern, TruncToBF16Pattern>(&getContext());
    if (failed(rewriteMath(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

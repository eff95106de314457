//===- ExpandLibm.cpp - math functions as vector arithmetic -----*- C++ -*-===//
#include "compiler/target/passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

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
    patterns.add(expandLog10);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace llsa

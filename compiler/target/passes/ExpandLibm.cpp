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
    // Those with vector instructions of their own (sqrt, fma, floor, ...) are
    // not in upstream's lists and stay as they are. The approximation of rsqrt
    // is one of AVX intrinsics, which not every CPU has.
    auto wanted = [](StringRef name) {
      return name != math::RsqrtOp::getOperationName();
    };
    populateMathF32ExpansionPatterns(patterns, wanted);
    populateMathPolynomialApproximationPatterns(patterns, wanted);
    // Functions that others express: sinh by exp, asinh by log, ...
    math::populateExpansionPatterns(
        patterns, {"sinh", "cosh", "tan", "asinh", "acosh", "atanh", "ctlz",
                   "powf", "fpowi", "rsqrt"});
    patterns.add(expandLog10);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace llsa

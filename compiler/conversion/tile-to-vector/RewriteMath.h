//===- RewriteMath.h - patterns for a kernel's few math ops -----*- C++ -*-===//
#ifndef LLSA_COMPILER_CONVERSION_TILETOVECTOR_REWRITEMATH_H
#define LLSA_COMPILER_CONVERSION_TILETOVECTOR_REWRITEMATH_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace llsa {

/// Applies `patterns` to the ops of the math dialect and to conversions to
/// narrower floats under `root`, and to what they become, until none applies.
/// All other ops, which are most of a kernel's, are not looked at.
inline llvm::LogicalResult rewriteMath(mlir::Operation *root,
                                       mlir::RewritePatternSet patterns) {
  llvm::SmallVector<mlir::Operation *> ops;
  root->walk([&](mlir::Operation *op) {
    if (llvm::isa_and_present<mlir::math::MathDialect>(op->getDialect()) ||
        llvm::isa<mlir::arith::TruncFOp>(op))
      ops.push_back(op);
  });
  return mlir::applyOpPatternsGreedily(
      ops, std::move(patterns),
      mlir::GreedyRewriteConfig().setStrictness(
          mlir::GreedyRewriteStrictness::ExistingAndNewOps));
}

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_TILETOVECTOR_REWRITEMATH_H

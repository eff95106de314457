//===- RewriteMath.h - patterns for few of a kernel's ops -------*- C++ -*-===//
#ifndef LLSA_COMPILER_CONVERSION_TILETOVECTOR_REWRITEMATH_H
#define LLSA_COMPILER_CONVERSION_TILETOVECTOR_REWRITEMATH_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace llsa {

/// Applies `patterns` to the wanted ops under `root`, and to what they become,
/// until none applies. All other ops, which are most of a kernel's, are not
/// looked at.
inline llvm::LogicalResult
rewriteOnly(mlir::Operation *root, mlir::RewritePatternSet patterns,
            llvm::function_ref<bool(mlir::Operation *)> isWanted) {
  llvm::SmallVector<mlir::Operation *> ops;
  root->walk([&](mlir::Operation *op) {
    if (isWanted(op))
      ops.push_back(op);
  });
  return mlir::applyOpPatternsGreedily(
      ops, std::move(patterns),
      mlir::GreedyRewriteConfig().setStrictness(
          mlir::GreedyRewriteStrictness::ExistingAndNewOps));
}

/// The same for the ops of the math dialect and conversions to narrower floats.
inline llvm::LogicalResult rewriteMath(mlir::Operation *root,
                                       mlir::RewritePatternSet patterns) {
  return rewriteOnly(root, std::move(patterns), [](mlir::Operation *op) {
    return llvm::isa_and_present<mlir::math::MathDialect>(op->getDialect()) ||
           llvm::isa<mlir::arith::TruncFOp>(op);
  });
}

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_TILETOVECTOR_REWRITEMATH_H

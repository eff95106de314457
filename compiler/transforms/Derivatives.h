//===- Derivatives.h - how gradients go back through arith, math -*- C++ -*-==//
#ifndef LLSA_COMPILER_TRANSFORMS_DERIVATIVES_H
#define LLSA_COMPILER_TRANSFORMS_DERIVATIVES_H

#include "mlir/IR/Builders.h"

namespace llsa {

/// The gradients of an arith or math op's operands, given those of its results
/// (null: it has none): f32 scalars for an op on scalars, f32 tensors for one on
/// tensors. `operands` and `results` are the op's values where the gradients are
/// computed. An entry is null when nothing flows to that operand: it is no
/// float, or the op is constant around almost every value of it. At a kink
/// (abs at 0, the maximum of equals) one of the one-sided derivatives is taken.
/// Fails without a diagnostic when the op has no rule.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
gradientsOfOperands(mlir::OpBuilder &builder, mlir::Operation *op,
                    mlir::ValueRange operands, mlir::ValueRange results,
                    llvm::ArrayRef<mlir::Value> gradients);

/// `value` in f32.
mlir::Value widenFloat(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value value);

/// `x + y`, either of which may be null.
mlir::Value addGradients(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value x, mlir::Value y);

/// Fills the empty region `derivative` for the region `score` of an attention:
/// the same arguments and the gradient of its result, yields that of the score
/// that it is given. What `score` captures is `mapping`'s. On failure the op
/// that has no rule has a diagnostic.
mlir::LogicalResult buildDerivative(mlir::Region &score,
                                    const mlir::IRMapping &mapping,
                                    mlir::Region &derivative);

/// Fills the empty region `reads`, likewise: for each place where `score` reads
/// `tensor` it yields the gradient of what is read, and the indices.
mlir::LogicalResult buildReads(mlir::Region &score, mlir::Value tensor,
                               const mlir::IRMapping &mapping,
                               mlir::Region &reads);

} // namespace llsa

#endif // LLSA_COMPILER_TRANSFORMS_DERIVATIVES_H

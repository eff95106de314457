//===- StoredTokens.h - tokens as a kernel has them in memory ---*- C++ -*-===//
//
// Private to kernels/interpreter.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_INTERPRETER_STOREDTOKENS_H
#define LLSA_KERNELS_INTERPRETER_STOREDTOKENS_H

#include "kernels/interpreter/Evaluator.h"

namespace llsa::reference {

/// Gives tensors as a kernel stores them, rounded to their type, with the
/// slack that legitimate kernels have (see IndexCheck.h).
class StoredTokens {
public:
  /// `evaluator` evaluates what is neither an argument, pooled, nor
  /// elementwise.
  explicit StoredTokens(Evaluator &evaluator) : evaluator(evaluator) {}

  llvm::Expected<std::shared_ptr<const Slacked>> of(mlir::Value tensor);

private:
  llvm::Expected<Slacked> make(mlir::Value tensor);
  llvm::Expected<Slacked> elementwise(mlir::OpResult result, DType dtype);

  Evaluator &evaluator;
  llvm::DenseMap<mlir::Value, std::shared_ptr<const Slacked>> known;
};

} // namespace llsa::reference

#endif // LLSA_KERNELS_INTERPRETER_STOREDTOKENS_H

//===- LLSAOps.h - ops of the llsa dialect ----------------------*- C++ -*-===//
#ifndef LLSA_DIALECTS_LLSA_LLSAOPS_H
#define LLSA_DIALECTS_LLSA_LLSAOPS_H

#include "dialects/llsa/LLSADialect.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <optional>

#define GET_OP_CLASSES
#include "dialects/llsa/LLSAOps.h.inc"

namespace llsa {

/// ceil(a / b); `?` stays `?`.
int64_t ceilDivSize(int64_t a, int64_t b);

/// The type of a value that is a tensor.
inline mlir::RankedTensorType tensorOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// Tensors in memory, of whatever kernel, have elements of this type.
inline bool isElementOfBuffers(mlir::Type element) {
  return mlir::isa<mlir::Float32Type, mlir::BFloat16Type, mlir::Float16Type>(
             element) ||
         element.isSignlessInteger(32) || element.isSignlessInteger(8);
}

/// The type of the `rest` of an output of type `output`.
inline mlir::RankedTensorType restTypeOf(mlir::RankedTensorType output) {
  return output.clone(mlir::IntegerType::get(output.getContext(), 8));
}

/// Dimension positions in [B, H, N, D].
enum TensorDim { kBatch = 0, kHead = 1, kToken = 2, kDepth = 3 };

} // namespace llsa

#endif // LLSA_DIALECTS_LLSA_LLSAOPS_H

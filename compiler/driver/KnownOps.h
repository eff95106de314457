//===- KnownOps.h - ops and dialects that nobody registered -----*- C++ -*-===//
#ifndef LLSA_COMPILER_DRIVER_KNOWNOPS_H
#define LLSA_COMPILER_DRIVER_KNOWNOPS_H

#include "mlir/Support/LLVM.h"

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace llsa {

/// Reports ops, types and attributes of unknown dialects by their names. The
/// parser, asked to refuse them itself, names none and advises flags that our
/// tools do not have.
mlir::LogicalResult checkKnown(mlir::ModuleOp module);

} // namespace llsa

#endif // LLSA_COMPILER_DRIVER_KNOWNOPS_H

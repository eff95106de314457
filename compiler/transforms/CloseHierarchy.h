//===- CloseHierarchy.h - block, levels, top-k and scale --------*- C++ -*-===//
#ifndef LLSA_COMPILER_TRANSFORMS_CLOSEHIERARCHY_H
#define LLSA_COMPILER_TRANSFORMS_CLOSEHIERARCHY_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace llsa {
struct KernelSpec;

/// Closes every `#llsa.hierarchy` of the entry: a `?` takes the spec's value,
/// or the default where the spec is silent. What the variant fixes (in a
/// hierarchy or, written out, in the ops) must not contradict the spec. Sizes
/// are bound already.
mlir::LogicalResult closeHierarchy(mlir::func::FuncOp entry,
                                   const KernelSpec &spec);

/// Writes the spec's scale on every attention that fixes none; one that fixes
/// another is an error.
mlir::LogicalResult closeScale(mlir::func::FuncOp entry,
                               const KernelSpec &spec);

} // namespace llsa

#endif // LLSA_COMPILER_TRANSFORMS_CLOSEHIERARCHY_H

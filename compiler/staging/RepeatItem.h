//===- RepeatItem.h - what a persistent loop computes, once more *- C++ -*-===//
//
// In a persistent kernel (tile-persist) what depends on a work item stands in a
// loop over CTA numbers. Who does something ahead for the next item needs the
// same, computed for another number.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_STAGING_REPEATITEM_H
#define LLSA_COMPILER_STAGING_REPEATITEM_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

namespace llsa {

/// Repeats, where `b` is, what `values` are made of in the body of `loop`, for
/// CTA number `cta`. `mapping` then has what was repeated.
void repeatItem(mlir::OpBuilder &b, mlir::scf::ForOp loop, mlir::Value cta,
                llvm::SmallVector<mlir::Value> values,
                mlir::IRMapping &mapping);

} // namespace llsa

#endif // LLSA_COMPILER_STAGING_REPEATITEM_H

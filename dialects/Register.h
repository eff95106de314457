//===- Register.h - the dialects that our tools parse -----------*- C++ -*-===//
#ifndef LLSA_DIALECTS_REGISTER_H
#define LLSA_DIALECTS_REGISTER_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace llsa {

/// Registers every dialect that a variant, or a stage of its compilation, may
/// hold: llsa and tile, and of MLIR's own affine, arith, cf, func, LLVM, math,
/// memref, scf, tensor, ub and vector. The only such list.
void registerAllDialects(mlir::DialectRegistry &registry);

} // namespace llsa

#endif // LLSA_DIALECTS_REGISTER_H

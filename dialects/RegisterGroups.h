//===- RegisterGroups.h - what Register.cpp is made of ----------*- C++ -*-===//
//
// Private to dialects/Register*.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_DIALECTS_REGISTERGROUPS_H
#define LLSA_DIALECTS_REGISTERGROUPS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace llsa {

void registerValueDialects(
    mlir::DialectRegistry &registry); ///< arith, math, ub, tensor
void registerMemoryDialects(
    mlir::DialectRegistry &registry); ///< memref, affine
void registerControlDialects(
    mlir::DialectRegistry &registry); ///< func, scf, cf
void registerVectorDialect(mlir::DialectRegistry &registry);
void registerLLVMDialect(mlir::DialectRegistry &registry);
void registerNVVMDialect(mlir::DialectRegistry &registry);

} // namespace llsa

#endif // LLSA_DIALECTS_REGISTERGROUPS_H

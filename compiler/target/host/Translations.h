//===- Translations.h - which dialects become LLVM IR -----------*- C++ -*-===//
#ifndef LLSA_COMPILER_TARGET_HOST_TRANSLATIONS_H
#define LLSA_COMPILER_TARGET_HOST_TRANSLATIONS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace llsa {

/// What HostCodeGen::makeLLVMIR needs in the context of its module.
void registerHostTranslations(mlir::DialectRegistry &registry);

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_HOST_TRANSLATIONS_H

//===- StageText.h - modules as text, and back ------------------*- C++ -*-===//
//
// Text of a stage can be fed back (CompileOptions::startFrom), so it carries
// what later stages need: spec and variant as attributes of the module, and,
// from the tile stage on, the launch plan as a resource at the end of the text
// (for LLVM IR: as named metadata). Behind the tile stage nothing else in the
// module knows the launches.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_DRIVER_STAGETEXT_H
#define LLSA_COMPILER_DRIVER_STAGETEXT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/program/KernelSpec.h"
#include <string>

namespace llvm {
class Module;
}

namespace llsa {

/// Prints a module, with its ops' locations or without; `plan` (JSON, may be
/// empty) goes along.
std::string printModule(mlir::ModuleOp module, llvm::StringRef plan,
                        bool locations);

/// Parses a module that does not nest too deep (Nesting.h); `plan` gets what
/// printModule wrote. Null on failure, which the context's diagnostics tell.
mlir::OwningOpRef<mlir::ModuleOp> parseModule(llvm::StringRef source,
                                              llvm::StringRef name,
                                              mlir::MLIRContext &context,
                                              std::string &plan);

/// The plan in an LLVM module, and back ("" when there is none).
void attachPlan(llvm::Module &module, llvm::StringRef plan);
std::string readPlan(const llvm::Module &module);
std::string printModule(const llvm::Module &module);

/// Attributes of the module: spec and variant.
void writeHeader(mlir::ModuleOp module, const KernelSpec &spec,
                 llvm::StringRef variant);
/// Reads them; an error says what is missing.
llvm::Expected<KernelSpec> readHeader(mlir::ModuleOp module,
                                      std::string &variant);

} // namespace llsa

#endif // LLSA_COMPILER_DRIVER_STAGETEXT_H

//===- CodeGenSupport.h - LLVM's passes and their reports -------*- C++ -*-===//
//
// What code generation for CPUs and GPUs share. Everything that LLVM reports
// comes back as an Error.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_TARGET_HOST_CODEGENSUPPORT_H
#define LLSA_COMPILER_TARGET_HOST_CODEGENSUPPORT_H

#include "llvm/ADT/StringMap.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace llvm {
class DiagnosticInfo;
class TargetMachine;
struct DiagnosticHandler;
} // namespace llvm

namespace llsa {

/// Hears what LLVM reports while it lives: errors as text, and the sizes of
/// stack frames, which the attribute "warn-stack-size" asks for.
class DiagnosticCollector {
public:
  explicit DiagnosticCollector(llvm::LLVMContext &context);
  ~DiagnosticCollector();

  llvm::Error takeError();
  llvm::StringMap<int64_t> stackBytes;

private:
  struct Handler;
  void handle(const llvm::DiagnosticInfo &info);

  llvm::LLVMContext &context;
  std::unique_ptr<llvm::DiagnosticHandler> old;
  std::string errors;
};

/// Runs `passes`, named as for `opt -passes=`.
llvm::Error optimiseModule(llvm::TargetMachine &machine, llvm::Module &module,
                           llvm::StringRef passes);

/// Reads and verifies LLVM IR.
llvm::Expected<std::unique_ptr<llvm::Module>>
parseModuleText(llvm::StringRef text, llvm::StringRef name,
                llvm::LLVMContext &context);

/// Code generation into `file`'s text; `module` is used up.
llvm::Expected<std::string> generateCode(llvm::TargetMachine &machine,
                                         llvm::Module &module,
                                         llvm::CodeGenFileType file,
                                         DiagnosticCollector &diagnostics);

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_HOST_CODEGENSUPPORT_H

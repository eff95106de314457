//===- HostCodeGen.h - LLVM dialect to machine code -------------*- C++ -*-===//
#ifndef LLSA_COMPILER_TARGET_HOST_HOSTCODEGEN_H
#define LLSA_COMPILER_TARGET_HOST_HOSTCODEGEN_H

#include "compiler/target/host/HostTarget.h"
#include "llvm/ADT/StringMap.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm
namespace mlir {
class Operation;
} // namespace mlir

namespace llsa {

/// A relocatable ELF object.
struct HostObject {
  std::string bytes;
  /// Bytes of each function's stack frame.
  llvm::StringMap<int64_t> stackBytes;
};

/// LLVM's part of the way: from the LLVM dialect to an object. Every problem
/// that LLVM reports, be it by a diagnostic or by ending the process, comes
/// back as an Error.
class HostCodeGen {
public:
  static llvm::Expected<HostCodeGen> create(const HostTarget &target);
  HostCodeGen(HostCodeGen &&);
  ~HostCodeGen();

  /// LLVM dialect to LLVM IR, optimised for the target. Floating point
  /// keeps its order and its meaning; no fast-math.
  llvm::Expected<std::unique_ptr<llvm::Module>>
  makeLLVMIR(mlir::Operation *module, llvm::LLVMContext &context) const;

  /// Reads optimised LLVM IR back from text.
  llvm::Expected<std::unique_ptr<llvm::Module>>
  parseLLVMIR(llvm::StringRef text, llvm::StringRef name,
              llvm::LLVMContext &context) const;

  /// Assembly text; `module` stays as it is.
  llvm::Expected<std::string> emitAssembly(const llvm::Module &module) const;

  /// An ELF object; `module` is used up.
  llvm::Expected<HostObject> emitObject(llvm::Module &module) const;

private:
  HostCodeGen(HostTarget target, std::unique_ptr<llvm::TargetMachine> machine);
  void setTarget(llvm::Module &module) const;
  llvm::Error optimise(llvm::Module &module) const;

  HostTarget target;
  std::unique_ptr<llvm::TargetMachine> machine;
};

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_HOST_HOSTCODEGEN_H

//===- HostModule.h - machine code for this CPU, loaded ---------*- C++ -*-===//
//
// Loads the relocatable object of a Program into this process. Only ORC's
// linking layer is used: the object is finished machine code, so no code
// generator and no LLVM target is needed to load it.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_HOST_HOSTMODULE_H
#define LLSA_RUNTIME_HOST_HOSTMODULE_H

#include "runtime/program/Program.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <vector>

namespace llvm::orc {
class ExecutionSession;
class ObjectLinkingLayer;
} // namespace llvm::orc

namespace llsa::rt {

/// A kernel's entry, as Program.h describes it: work items [first, last).
using HostKernel = void (*)(void *const *args, int64_t first, int64_t last);

/// The loaded code of one Program; unloaded with this object.
class HostModule {
public:
  /// Loads `program.code` and finds every kernel in it. Errors: the code is no
  /// ELF object, it is for a CPU with features that this one lacks, a kernel
  /// is missing, or it needs a symbol that HostSymbols.h does not provide.
  static llvm::Expected<std::unique_ptr<HostModule>>
  load(const Program &program);
  ~HostModule();

  /// Whether code for `target` runs here, "cpu:NAME:+feature,+feature". The
  /// error names a feature that this CPU lacks.
  static llvm::Error checkTarget(llvm::StringRef target);

  /// The entry of `program.kernels[index]`.
  HostKernel kernel(size_t index) const { return kernels[index]; }

private:
  HostModule();
  std::unique_ptr<llvm::orc::ExecutionSession> session;
  std::unique_ptr<llvm::orc::ObjectLinkingLayer> linker;
  std::vector<HostKernel> kernels;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_HOST_HOSTMODULE_H

//===- Ptxas.h - the assembler of the CUDA toolkit --------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_PTXAS_H
#define LLSA_RUNTIME_CUDA_PTXAS_H

#include "runtime/cuda/NvJitLink.h"

namespace llsa::rt {

/// ptxas, run as a child process.
class Ptxas {
public:
  /// LLSA_PTXAS, PATH or CUDA_HOME. The error says where it was looked for, or
  /// that it is too old.
  static llvm::Expected<Ptxas> find();

  CudaVersion version() const { return release; }
  const std::string &path() const { return program; }

  /// PTX to a cubin for `target`. The error holds the assembler's messages.
  llvm::Expected<AssembledCode> assemble(llvm::StringRef ptx,
                                         llvm::StringRef target) const;

private:
  std::string program;
  CudaVersion release;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_PTXAS_H

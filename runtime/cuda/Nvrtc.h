//===- Nvrtc.h - NVIDIA's compiler for CUDA C++, at run time ----*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_NVRTC_H
#define LLSA_RUNTIME_CUDA_NVRTC_H

#include "runtime/cuda/SharedLibrary.h"
#include "llvm/ADT/StringRef.h"

namespace llsa::rt {

/// CUDA C++ from a file or from memory.
struct CudaSource {
  std::string name; ///< stands in front of line numbers in messages
  std::string text;
};

/// libnvrtc: compiles CUDA C++ to PTX. No header of CUDA is there, unless the
/// options name a folder.
class Nvrtc {
public:
  /// Opens the library (LLSA_NVRTC, or the dynamic linker's). The error says
  /// where it was looked for, or that it is too old.
  static llvm::Expected<Nvrtc> open();

  CudaVersion version() const { return release; }

  /// PTX of `source` for `target` ("sm_90a"). `options` are NVRTC's, such as
  /// -DNAME=VALUE and -rdc=true. The error is the compiler's log, with the
  /// source's own name and lines.
  llvm::Expected<std::string>
  compile(const CudaSource &source, llvm::StringRef target,
          llvm::ArrayRef<std::string> options = {}) const;

private:
  struct ProgramState;
  using Handle = ProgramState *;

  Nvrtc() = default;

  CudaVersion release;
  int (*Version)(int *, int *);
  int (*CreateProgram)(Handle *, const char *, const char *, int,
                       const char *const *, const char *const *);
  int (*DestroyProgram)(Handle *);
  int (*CompileProgram)(Handle, int, const char *const *);
  int (*GetPTXSize)(Handle, size_t *);
  int (*GetPTX)(Handle, char *);
  int (*GetProgramLogSize)(Handle, size_t *);
  int (*GetProgramLog)(Handle, char *);
  const char *(*GetErrorString)(int);
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_NVRTC_H

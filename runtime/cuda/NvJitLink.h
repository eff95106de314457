//===- NvJitLink.h - NVIDIA's linker, opened at run time --------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_NVJITLINK_H
#define LLSA_RUNTIME_CUDA_NVJITLINK_H

#include "runtime/cuda/SharedLibrary.h"
#include "llvm/ADT/StringRef.h"

namespace llsa::rt {

/// One part of what is linked.
struct LinkInput {
  /// The numbers are nvJitLinkInputType's.
  enum class Kind { Cubin = 1, PTX = 2, LTOIR = 3, Fatbin = 4, Object = 5 };
  Kind kind = Kind::PTX;
  llvm::StringRef data;
  std::string name; ///< stands in error messages
};

/// Machine code, and what its maker said about it.
struct AssembledCode {
  std::string cubin;
  std::string log; ///< registers and spills of each kernel, as ptxas -v says
};

/// libnvJitLink: assembles PTX, and links it with other code.
class NvJitLink {
public:
  /// Opens the library (LLSA_NVJITLINK, or the dynamic linker's). The error
  /// says where it was looked for, or that it is too old.
  static llvm::Expected<NvJitLink> open();

  CudaVersion version() const { return release; }
  const std::string &path() const { return libraryPath; }

  /// Links all inputs to one cubin for `target` ("sm_90a"). When one of them is
  /// LTO IR the whole is optimised together. The error holds the linker's log.
  llvm::Expected<AssembledCode> link(llvm::ArrayRef<LinkInput> inputs,
                                     llvm::StringRef target) const;

private:
  struct LinkState;
  using Handle = LinkState *;

  NvJitLink() = default;
  llvm::Error fail(Handle handle, llvm::StringRef target) const;

  std::string libraryPath;
  CudaVersion release;
  int (*Version)(unsigned *, unsigned *);
  int (*Create)(Handle *, uint32_t, const char **);
  int (*Destroy)(Handle *);
  int (*AddData)(Handle, int, const void *, size_t, const char *);
  int (*Complete)(Handle);
  int (*GetLinkedCubinSize)(Handle, size_t *);
  int (*GetLinkedCubin)(Handle, void *);
  int (*GetErrorLogSize)(Handle, size_t *);
  int (*GetErrorLog)(Handle, char *);
  int (*GetInfoLogSize)(Handle, size_t *);
  int (*GetInfoLog)(Handle, char *);
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_NVJITLINK_H

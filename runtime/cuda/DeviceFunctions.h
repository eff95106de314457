//===- DeviceFunctions.h - a user's CUDA C++ in our kernels -----*- C++ -*-===//
//
// A score or mask region may call a function that the user writes in CUDA C++:
//
//     extern "C" __device__ float my_score(float score, long long query,
//                                          long long key) { ... }
//
// The kernel's PTX declares it (.extern .func); here the user's sources are
// compiled and linked with it to one cubin.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_DEVICEFUNCTIONS_H
#define LLSA_RUNTIME_CUDA_DEVICEFUNCTIONS_H

#include "runtime/cuda/NvJitLink.h"
#include "runtime/cuda/Nvrtc.h"

namespace llsa::rt {

/// Compiles `sources` for `target` and links them with `ptx`. Wants NVRTC and
/// nvJitLink. Errors are the compiler's, with lines of the user's source, or
/// the linker's, which names a function that nobody defines.
llvm::Expected<AssembledCode>
linkDeviceFunctions(llvm::StringRef ptx, llvm::ArrayRef<CudaSource> sources,
                    llvm::StringRef target);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_DEVICEFUNCTIONS_H

//===- DeviceFunctions.h - a user's CUDA C++ in our kernels -----*- C++ -*-===//
//
// A score or mask region may call a function that the user writes in CUDA C++:
//
//     extern "C" __device__ float my_score(float score, long long query,
//                                          long long key) { ... }
//
// The kernel's PTX declares it (.extern .func). Here the user's sources are
// compiled to PTX and become one text with it, for the assembler or the
// emulator.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_DEVICEFUNCTIONS_H
#define LLSA_RUNTIME_CUDA_DEVICEFUNCTIONS_H

#include "runtime/cuda/Nvrtc.h"
#include "runtime/program/Program.h"

namespace llsa::rt {

/// CUDA C++ from a file.
llvm::Expected<CudaSource> readCudaSource(const std::string &path);

/// Puts the device functions that `program` (of PTX) calls into its code. A
/// source whose name ends in .ptx is PTX already; others want NVRTC. Errors are
/// the compiler's, with lines of the user's source, or say which function is
/// missing or of another type. A program that calls none takes no sources.
llvm::Error linkDeviceFunctions(Program &program,
                                llvm::ArrayRef<CudaSource> sources);

/// What of the sources decides about code: part of cache keys. Empty for none.
std::string deviceFunctionsKey(llvm::ArrayRef<CudaSource> sources);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_DEVICEFUNCTIONS_H

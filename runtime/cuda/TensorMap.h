//===- TensorMap.h - a tensor as the copy engine sees it --------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_TENSORMAP_H
#define LLSA_RUNTIME_CUDA_TENSORMAP_H

#include "runtime/cuda/CudaDriver.h"
#include "runtime/program/Program.h"
#include "llvm/ADT/ArrayRef.h"

namespace llsa::rt {

/// Describes `buffer`, which lies at `address` with these strides (elements),
/// for copies of the view's boxes. Costs no call to the GPU.
llvm::Expected<CUtensorMap> encodeView(const CudaDriver &driver,
                                       const TensorView &view,
                                       const Buffer &buffer, void *address,
                                       llvm::ArrayRef<int64_t> strides);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_TENSORMAP_H

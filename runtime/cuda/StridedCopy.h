//===- StridedCopy.h - tensors that lie askew -------------------*- C++ -*-===//
//
// Kernels read rows 16 bytes at a time. A tensor whose address or strides are
// no multiples of that (a view that begins in the middle of a row) is copied to
// packed memory on the kernel's stream, in front of the kernel, or from there,
// behind it: slower, but the same result, and nothing in the compiler knows.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_STRIDEDCOPY_H
#define LLSA_RUNTIME_CUDA_STRIDEDCOPY_H

#include "runtime/cuda/CudaDriver.h"
#include "runtime/program/Tensor.h"

namespace llsa::rt {

/// One side of a copy: an address on the device and strides in elements.
struct StridedPlace {
  CUdeviceptr data = 0;
  const int64_t *strides = nullptr;
};

/// Puts copies of all elements of a tensor with the shape and type of `buffer`
/// on the stream. The last dimension is contiguous on both sides; strides of
/// the source may be zero.
CUresult copyStrided(const CudaDriver &cu, const Buffer &buffer,
                     StridedPlace from, StridedPlace to, CUstream stream);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_STRIDEDCOPY_H

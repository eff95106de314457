//===- Tensor.h - a caller's tensor, checked against a Program --*- C++ -*-===//
#ifndef LLSA_RUNTIME_PROGRAM_TENSOR_H
#define LLSA_RUNTIME_PROGRAM_TENSOR_H

#include "runtime/program/Program.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

namespace llsa {

/// A view of memory that the caller owns.
struct Tensor {
  void *data = nullptr;
  ElementType type = ElementType::F32;
  llvm::ArrayRef<int64_t> shape;
  /// In elements; empty means row-major without gaps.
  llvm::ArrayRef<int64_t> strides;
};

/// Strides of a row-major tensor without gaps.
std::vector<int64_t> contiguousStrides(llvm::ArrayRef<int64_t> shape);

/// Checks everything that a launch of `program` takes for granted, before
/// anything runs: the number of tensors, and for each its element type, rank,
/// sizes, a pointer that is neither null nor misaligned, a last dimension that
/// is contiguous, and no negative stride. Inputs may repeat memory (stride 0);
/// an output must not, and must not share memory with any other tensor: the
/// spans of addresses, from first to last byte, must not meet. Nor must the
/// caller's workspace, if there is one, of which a run takes workspaceBytes.
/// The error names the argument by its buffer's name.
llvm::Error checkTensors(const Program &program, llvm::ArrayRef<Tensor> inputs,
                         llvm::ArrayRef<Tensor> outputs,
                         const void *workspace = nullptr);

/// Checks a caller's workspace, if there is one, for a run of `program`: its
/// size, and the alignment that its device wants.
llvm::Error checkWorkspace(const Program &program, const void *workspace,
                           int64_t workspaceBytes, int64_t alignment);

/// Kernels of a GPU read and write this many bytes at a time of tensors of rank
/// 2 or more whose last dimension is a multiple of it.
constexpr int64_t kWideBytes = 16;

/// Whether a GPU's kernels can take an input or output as it is: an address and
/// strides (of all dimensions) that are multiples of kWideBytes where they must
/// be. Others are copied.
bool isAlignedForGpu(const Buffer &buffer, const void *data,
                     const int64_t *strides);

} // namespace llsa

#endif // LLSA_RUNTIME_PROGRAM_TENSOR_H

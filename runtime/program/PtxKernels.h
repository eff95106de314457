//===- PtxKernels.h - one PTX text, or one for each kernel ------*- C++ -*-===//
//
// Kernels are compiled and assembled apart from each other, at the same time.
// For whoever reads or runs PTX, they are one text.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_PROGRAM_PTXKERNELS_H
#define LLSA_RUNTIME_PROGRAM_PTXKERNELS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace llsa {

/// A PTX text with one kernel.
struct PtxKernel {
  std::string name;
  std::string text;
};

/// The kernels of `ptx`, in order, each with everything that is no kernel:
/// declarations, variables, functions. A text without a kernel gives none.
std::vector<PtxKernel> splitPtxKernels(llvm::StringRef ptx);

/// One text of several that the code generator has made for one target: what
/// they declare in front of their kernels, each once, then the kernels in
/// order.
std::string joinPtxKernels(llvm::ArrayRef<std::string> texts);

} // namespace llsa

#endif // LLSA_RUNTIME_PROGRAM_PTXKERNELS_H

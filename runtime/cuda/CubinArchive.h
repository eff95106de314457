//===- CubinArchive.h - cubins of several kernels in one piece --*- C++ -*-===//
//
// Kernels are assembled one by one, so a Program's machine code is several
// cubins. They travel as an archive (ar) of KERNEL.cubin, which `ar x` takes
// apart. A single cubin is just that.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_CUBINARCHIVE_H
#define LLSA_RUNTIME_CUDA_CUBINARCHIVE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace llsa::rt {

/// Machine code and the kernel that it is of; "" when it may be of several.
struct Cubin {
  std::string kernel;
  std::string code;
};

/// The code of one cubin, or an archive. Equal cubins give equal bytes.
llvm::Expected<std::string> packCubins(llvm::ArrayRef<Cubin> cubins);

/// The reverse. What is no archive is one cubin, whatever it is.
llvm::Expected<std::vector<Cubin>> unpackCubins(llvm::StringRef code);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_CUBINARCHIVE_H

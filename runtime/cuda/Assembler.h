//===- Assembler.h - PTX to machine code ------------------------*- C++ -*-===//
//
// The compiler's product is PTX, a text. What a GPU runs is a cubin, and only
// NVIDIA's code makes one from the other. It comes in three forms, of which a
// machine has some or none: the library nvJitLink, the program ptxas, and the
// driver's own compiler, which needs a GPU. The first that is there is taken,
// in this order. The cubin is what the disk cache keeps, because assembling is
// most of the time of a compilation.
//
// Before sm_90 ptxas comes first. nvJitLink's code is relocatable, and there
// relocatable code has a call beside each shuffle and vote in a branch, in case
// lanes are missing: a kernel takes up to 120 registers more around these calls
// that are never made.
//
// An assembler must know our PTX (CUDA 12.9) and, where the code shall run at
// once, not be of a newer major release than the driver, which might not be
// able to load what it makes.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_ASSEMBLER_H
#define LLSA_RUNTIME_CUDA_ASSEMBLER_H

#include "runtime/cuda/CudaDevice.h"
#include "runtime/cuda/NvJitLink.h"
#include <optional>
#include <thread>

namespace llsa::rt {

class Assembler {
public:
  virtual ~Assembler() = default;

  /// The first one for `target` that is there. With a device: one whose code
  /// the device's driver can load. Without: the driver's own counts when there
  /// is a GPU. The one error lists what was looked for, and why each was not
  /// taken.
  static llvm::Expected<std::unique_ptr<Assembler>>
  find(llvm::StringRef target,
       std::shared_ptr<const CudaDevice> device = nullptr);

  /// "nvJitLink 13.0", "ptxas 13.0", "the driver's compiler".
  virtual std::string name() const = 0;

  /// PTX to a cubin for `target`. The error holds the assembler's log. Many
  /// threads may call it at once.
  virtual llvm::Expected<AssembledCode>
  assemble(llvm::StringRef ptx, llvm::StringRef target) const = 0;
};

/// Assembler::find() on a thread of its own. Opening a library that the
/// machine has not in its file cache takes a tenth of a second, which a
/// compilation has something else to do with.
class AssemblerSearch {
public:
  AssemblerSearch(llvm::StringRef target,
                  std::shared_ptr<const CudaDevice> device);
  ~AssemblerSearch();
  AssemblerSearch(const AssemblerSearch &) = delete;
  AssemblerSearch &operator=(const AssemblerSearch &) = delete;

  /// What find() returns. Waits; to be called once at most.
  llvm::Expected<std::unique_ptr<Assembler>> take();

private:
  std::optional<llvm::Expected<std::unique_ptr<Assembler>>> found;
  std::thread thread;
};

/// What decides, beside the PTX, which cubin a device gets: part of cache keys.
/// Looks at settings alone, so that a hit opens no library.
std::string assemblerKey(const CudaDevice &device);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_ASSEMBLER_H

//===- StreamMemory.h - memory that belongs to a stream ---------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_STREAMMEMORY_H
#define LLSA_RUNTIME_CUDA_STREAMMEMORY_H

#include "runtime/cuda/CudaDevice.h"
#include <shared_mutex>
#include <thread>
#include <vector>

namespace llsa::rt {

/// Memory that kernels on one stream use one after the other, in blocks of
/// fixed sizes: taken from the device's pool when a stream first asks for a
/// block, and kept, because a captured graph may hold its address. Thread-safe.
class StreamMemory {
public:
  explicit StreamMemory(std::shared_ptr<const CudaDevice> device)
      : device(std::move(device)) {}

  /// The block `slot` of `stream`, always of `bytes` bytes. The device's
  /// context must be current. A stream that is being captured gets the block
  /// only if it has it already: taking one is no work for a graph. `purpose`
  /// stands in errors.
  llvm::Expected<void *> get(CUstream stream, size_t slot, int64_t bytes,
                             llvm::StringRef purpose);

private:
  struct Block {
    unsigned long long stream; ///< its id: handles are used again
    CUstream handle;
    std::thread::id thread; ///< whose default stream it is, if it is one
    size_t slot;
    CudaMemory memory;
  };
  llvm::Expected<void *> getById(unsigned long long id, CUstream stream,
                                 size_t slot, int64_t bytes);
  void *find(unsigned long long stream, size_t slot) const;
  void *findCaptured(CUstream stream, size_t slot) const;

  std::shared_ptr<const CudaDevice> device;
  std::shared_mutex mutex;
  std::vector<Block> blocks; ///< guarded by mutex; few
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_STREAMMEMORY_H

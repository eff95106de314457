//===- TensorMapCache.h - tensor maps of the tensors seen last --*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_TENSORMAPCACHE_H
#define LLSA_RUNTIME_CUDA_TENSORMAPCACHE_H

#include "runtime/cuda/CudaDriver.h"
#include "runtime/program/Program.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <mutex>
#include <vector>

namespace llsa::rt {

/// A tensor map depends on nothing but where a tensor is, so it is encoded
/// again only for a tensor that none of the last few was. Thread-safe.
class TensorMapCache {
public:
  /// For that many views, numbered from 0.
  explicit TensorMapCache(size_t numViews) : views(numViews) {}

  /// The map of view number `number`, which is always `view` of `buffer`.
  llvm::Expected<CUtensorMap> get(const CudaDriver &driver, size_t number,
                                  const TensorView &view, const Buffer &buffer,
                                  void *address,
                                  llvm::ArrayRef<int64_t> strides);

private:
  /// Steps of a training loop use few tensors in turn.
  static constexpr size_t kKept = 4;
  struct Entry {
    void *address = nullptr; ///< null: free
    llvm::SmallVector<int64_t, 4> strides;
    CUtensorMap map;
  };
  struct View {
    Entry entries[kKept];
    size_t next = 0; ///< the oldest
  };
  std::mutex mutex;
  std::vector<View> views; ///< guarded by mutex
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_TENSORMAPCACHE_H

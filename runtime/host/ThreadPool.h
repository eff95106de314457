//===- ThreadPool.h - independent work items on all cores -------*- C++ -*-===//
#ifndef LLSA_RUNTIME_HOST_THREADPOOL_H
#define LLSA_RUNTIME_HOST_THREADPOOL_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <memory>

namespace llsa::rt {

/// A fixed number of threads with big stacks, for kernels whose work items are
/// independent: which thread does which items, and in what chunks, is decided
/// while they run and cannot be seen in the result.
///
/// Generated code keeps its tiles on the stack, which is why callers' own
/// threads (8 MB, or 64 KB in some frameworks) do no work and wait instead.
/// Calls from several threads are safe and run one after the other: each has
/// all cores.
class ThreadPool {
public:
  /// Stack of every thread; address space, not memory, until it is used.
  static constexpr int64_t kStackBytes = int64_t(64) << 20;

  /// Threads start with the first work. `threads` = 0: one per CPU of the
  /// affinity mask.
  explicit ThreadPool(unsigned threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned size() const;

  /// Calls body(first, last) for chunks that cover [0, items) and waits for
  /// them all. `stackBytes` is what one call may need; threads are replaced by
  /// ones with larger stacks when it is more than they have. Fails only when
  /// no thread can be made.
  llvm::Error
  parallelFor(int64_t items, int64_t stackBytes,
              llvm::function_ref<void(int64_t first, int64_t last)> body);

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_HOST_THREADPOOL_H

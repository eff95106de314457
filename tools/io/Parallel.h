//===- Parallel.h - independent parts on all CPUs ---------------*- C++ -*-===//
#ifndef LLSA_TOOLS_IO_PARALLEL_H
#define LLSA_TOOLS_IO_PARALLEL_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace llsa::tools {

/// Calls work(0) ... work(parts - 1), in any order, and returns when all are
/// done. The threads end with the call, so that a process may fork between
/// calls.
inline void inParallel(int64_t parts,
                       llvm::function_ref<void(int64_t part)> work) {
  std::atomic<int64_t> next{0};
  auto take = [&] {
    for (int64_t part = next++; part < parts; part = next++)
      work(part);
  };
  int64_t helpers =
      std::min<int64_t>(std::thread::hardware_concurrency(), parts) - 1;
  std::vector<std::thread> threads;
  for (int64_t i = 0; i < helpers; ++i)
    threads.emplace_back(take);
  take();
  for (std::thread &thread : threads)
    thread.join();
}

/// Calls work(first, last) for pieces of [0, count).
inline void
inParallelRanges(int64_t count,
                 llvm::function_ref<void(int64_t first, int64_t last)> work) {
  constexpr int64_t kPiece = int64_t(1) << 18; // some milliseconds of work
  inParallel((count + kPiece - 1) / kPiece, [&](int64_t part) {
    work(part * kPiece, std::min((part + 1) * kPiece, count));
  });
}

} // namespace llsa::tools

#endif // LLSA_TOOLS_IO_PARALLEL_H

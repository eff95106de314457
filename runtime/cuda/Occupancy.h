//===- Occupancy.h - what fits on a multiprocessor --------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_OCCUPANCY_H
#define LLSA_RUNTIME_CUDA_OCCUPANCY_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace llsa::rt {

/// What one kernel needs of a multiprocessor.
struct KernelResources {
  int64_t registers = 0;   ///< per thread
  int64_t stackBytes = 0;  ///< per thread: spills, and arrays in memory
  int64_t spillStores = 0; ///< bytes per thread
  int64_t spillLoads = 0;  ///< bytes per thread
  int64_t sharedBytes = 0; ///< per CTA, static; dynamic comes on top
};

struct Occupancy {
  int64_t ctas = 0;     ///< resident on a multiprocessor at a time
  int64_t warps = 0;    ///< likewise
  int64_t maxWarps = 0; ///< that the multiprocessor can hold
};

/// How many CTAs of `warps` warps run on one multiprocessor of `target` at a
/// time, by registers, shared memory (`sharedBytes`: static and dynamic
/// together) and warps; nothing for an unknown target.
std::optional<Occupancy> occupancy(llvm::StringRef target, int64_t warps,
                                   int64_t registers, int64_t sharedBytes);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_OCCUPANCY_H

//===- MemoryAccess.h - the addresses of a warp, checked --------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_MEMORYACCESS_H
#define LLSA_RUNTIME_EMULATOR_MEMORYACCESS_H

#include "runtime/emulator/Lanes.h"
#include "runtime/emulator/SharedAddress.h"

namespace llsa::ptx {

/// Instruction::aux of memory instructions: the space, and how strong.
enum : uint32_t {
  kSpaceMask = 7,
  kStrong = 8, ///< volatile, relaxed, acquire, release, atomics
  kAcquires = 16,
  kReleases = 32,
  kAtomic = 64,
};
inline Space spaceOf(const Instruction &i) { return Space(i.aux & kSpaceMask); }

/// For each lane of `mask`, checks an access of `bytes` bytes and finds them.
/// False: the warp has stopped with a fault.
bool resolve(Warp &w, const Instruction &i, LaneMask mask, uint32_t bytes,
             bool writes, uint8_t **pointers);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_MEMORYACCESS_H

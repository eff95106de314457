//===- SharedAddress.h - addresses of handlers ------------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_SHAREDADDRESS_H
#define LLSA_RUNTIME_EMULATOR_SHAREDADDRESS_H

#include "runtime/emulator/AddressSpace.h"
#include "runtime/emulator/Cta.h"

namespace llsa::ptx {

/// base (Instruction::a) + offset of one lane.
inline uint64_t laneAddress(const Warp &w, const Instruction &i,
                            unsigned lane) {
  if (i.a == kNoSlot)
    return uint64_t(i.immediate);
  if (i.a & kNarrowBase)
    return uint32_t(w.from<uint32_t>(i.a & ~kNarrowBase)[lane] +
                    uint32_t(i.immediate));
  return w.from<uint64_t>(i.a)[lane] + uint64_t(i.immediate);
}

/// A shared address that may be given as a generic one.
inline uint64_t toShared(uint64_t address) {
  return tagOf(address) == kSharedTag ? address & kOffsetMask : address;
}

inline uint64_t sharedAddress(const Warp &w, const Instruction &i,
                              unsigned lane) {
  return toShared(laneAddress(w, i, lane));
}

/// Checks a lane's access to shared memory: range, alignment, order. False:
/// the warp has stopped with a fault.
bool checkShared(Warp &w, const Instruction &i, unsigned lane, uint64_t address,
                 uint32_t bytes, uint32_t align, bool writes);
/// The same, on behalf of `access`.
bool checkShared(Warp &w, const Instruction &i,
                 const SharedMemoryChecker::Access &access, uint64_t address,
                 uint32_t bytes, uint32_t align, bool writes);

/// Checks a lane's access to global memory and finds the bytes; null after a
/// fault.
uint8_t *globalBytes(Warp &w, const Instruction &i, unsigned lane,
                     uint64_t address, uint64_t bytes, uint32_t align,
                     bool writes);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_SHAREDADDRESS_H

//===- MemoryAccess.cpp -----------------------------------------*- C++ -*-===//
#include "runtime/emulator/MemoryAccess.h"

#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

namespace {

LLSA_LANES_INLINE void laneAddresses(const Warp &w, const Instruction &i,
                                     LaneMask mask, uint64_t *addresses) {
  uint64_t offset = uint64_t(i.immediate);
  if (i.a == kNoSlot) {
    forLanes(
        mask, LLSA_LANE(l) { addresses[l] = offset; });
  } else if (i.a & kNarrowBase) {
    const uint32_t *base = w.from<uint32_t>(i.a & ~kNarrowBase);
    forLanes(
        mask,
        LLSA_LANE(l) { addresses[l] = uint32_t(base[l] + uint32_t(offset)); });
  } else {
    const uint64_t *base = w.from<uint64_t>(i.a);
    forLanes(
        mask, LLSA_LANE(l) { addresses[l] = base[l] + offset; });
  }
}

/// Global memory: all lanes in one region, as a rule.
bool resolveGlobal(Warp &w, const Instruction &i, LaneMask mask, uint32_t bytes,
                   bool writes, const uint64_t *addresses, uint8_t **pointers) {
  uint64_t one = addresses[__builtin_ctz(mask)];
  const GlobalMemory::Region &region = w.cta.launch.memory.regionOf(one);
  uint64_t start = (one & ~kOffsetMask) + region.first;
  bool fine =
      region.bytes >= bytes && (!writes || region.writable) && tagOf(one) < 128;
  if (fine) {
    uint64_t most = region.bytes - bytes;
    uint64_t bits = 0;
    bool outside = false;
    forLanes(
        mask, LLSA_LANE(l) {
          uint64_t offset = addresses[l] - start;
          outside |= offset > most;
          bits |= addresses[l];
          pointers[l] = region.data + offset;
        });
    fine = !outside && bits % bytes == 0;
  }
  if (fine && !region.written)
    return true;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    pointers[lane] =
        globalBytes(w, i, lane, addresses[lane], bytes, bytes, writes);
    if (!pointers[lane])
      return false;
  }
  return true;
}

/// Shared memory: lanes that read or write side by side are checked as one.
bool resolveShared(Warp &w, const Instruction &i, LaneMask mask, uint32_t bytes,
                   bool writes, const uint64_t *addresses, uint8_t **pointers) {
  SharedMemory &shared = w.cta.shared;
  forLanes(
      mask, LLSA_LANE(l) { pointers[l] = shared.data + addresses[l]; });
  unsigned first = unsigned(__builtin_ctz(mask));
  SharedMemoryChecker::Access access =
      shared.checker.ordinary(w.index, first, i);
  access.atomic = i.aux & kAtomic;
  if (i.aux & kStrong && !(i.aux & kAtomic))
    access.atomic = true; // volatile and relaxed accesses do not race
  auto strong = [&](LaneMask lanes) {
    for (LaneMask m = lanes; m; m &= m - 1) {
      uint32_t address = uint32_t(addresses[__builtin_ctz(m)]);
      if (writes)
        shared.checker.strongWrite(w.index, address, i.aux & kReleases);
      if (!writes || i.aux & kAtomic)
        shared.checker.strongRead(w.index, address, i.aux & kAcquires);
    }
  };
  if (mask == kAllLanes && !(i.aux & kAtomic)) {
    uint64_t start = addresses[0];
    bool sideBySide = true, same = true;
    for (unsigned l = 1; l < kLanes; ++l) {
      sideBySide &= addresses[l] == start + l * bytes;
      same &= addresses[l] == start;
    }
    if ((sideBySide || same) && start % bytes == 0 &&
        shared.contains(start, sideBySide ? bytes * kLanes : bytes)) {
      // When this finds something, the lane is found below.
      std::string wrong =
          writes ? shared.checker.write(access, uint32_t(start),
                                        sideBySide ? bytes * kLanes : bytes)
                 : shared.checker.read(access, uint32_t(start),
                                       sideBySide ? bytes * kLanes : bytes);
      if (wrong.empty()) {
        if (i.aux & kStrong)
          strong(mask);
        return true;
      }
    }
  }
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    access.lane = lane;
    if (i.aux & kAtomic &&
        !checkShared(w, i, access, addresses[lane], bytes, bytes, false))
      return false;
    if (!checkShared(w, i, access, addresses[lane], bytes, bytes, writes))
      return false;
  }
  if (i.aux & kStrong)
    strong(mask);
  return true;
}

bool resolveLocal(Warp &w, const Instruction &i, LaneMask mask, uint32_t bytes,
                  const uint64_t *addresses, uint8_t **pointers) {
  uint64_t size = w.kernel.localBytes;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint64_t address = addresses[lane];
    if (address > size || bytes > size - address) {
      w.fault(i, lane,
              fmt::format("accesses {} bytes at local address {:#x}, outside "
                          "the {} bytes of local memory",
                          bytes, address, size));
      return false;
    }
    if (address % bytes != 0) {
      w.fault(i, lane,
              fmt::format("accesses {} bytes at local address {:#x}, which is "
                          "not a multiple of {}",
                          bytes, address, bytes));
      return false;
    }
    pointers[lane] = w.local + lane * size + address;
  }
  return true;
}

bool resolveParam(Warp &w, const Instruction &i, LaneMask mask, uint32_t bytes,
                  bool writes, const uint64_t *addresses, uint8_t **pointers) {
  const std::vector<uint8_t> &parameters = w.cta.launch.parameters;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint64_t address = addresses[lane];
    if (writes || address + bytes > parameters.size() || address % bytes) {
      w.fault(i, lane,
              fmt::format("{} {} bytes at parameter address {}; there are {} "
                          "bytes of parameters, which may only be read, "
                          "aligned",
                          writes ? "writes" : "reads", bytes, address,
                          parameters.size()));
      return false;
    }
    pointers[lane] = const_cast<uint8_t *>(parameters.data()) + address;
  }
  return true;
}

/// Generic addresses: each kind of lanes on its own.
bool resolveGeneric(Warp &w, const Instruction &i, LaneMask mask,
                    uint32_t bytes, bool writes, uint64_t *addresses,
                    uint8_t **pointers) {
  LaneMask shared = 0, local = 0, param = 0;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint64_t tag = tagOf(addresses[lane]);
    LaneMask bit = LaneMask(1) << lane;
    shared |= tag == kSharedTag ? bit : 0;
    local |= tag == kLocalTag ? bit : 0;
    param |= tag == kParamTag ? bit : 0;
  }
  LaneMask global = mask & ~(shared | local | param);
  if (global &&
      !resolveGlobal(w, i, global, bytes, writes, addresses, pointers))
    return false;
  if (global == mask)
    return true;
  for (LaneMask m = mask & ~global; m; m &= m - 1)
    addresses[__builtin_ctz(m)] &= kOffsetMask;
  return (!shared ||
          resolveShared(w, i, shared, bytes, writes, addresses, pointers)) &&
         (!local || resolveLocal(w, i, local, bytes, addresses, pointers)) &&
         (!param ||
          resolveParam(w, i, param, bytes, writes, addresses, pointers));
}

} // namespace

bool resolve(Warp &w, const Instruction &i, LaneMask mask, uint32_t bytes,
             bool writes, uint8_t **pointers) {
  uint64_t addresses[kLanes];
  laneAddresses(w, i, mask, addresses);
  switch (spaceOf(i)) {
  case Space::Global:
  case Space::Const:
    return resolveGlobal(w, i, mask, bytes, writes, addresses, pointers);
  case Space::Shared:
    return resolveShared(w, i, mask, bytes, writes, addresses, pointers);
  case Space::Local:
    return resolveLocal(w, i, mask, bytes, addresses, pointers);
  case Space::Param:
    return resolveParam(w, i, mask, bytes, writes, addresses, pointers);
  case Space::Generic:
    return resolveGeneric(w, i, mask, bytes, writes, addresses, pointers);
  }
  return false;
}

} // namespace llsa::ptx

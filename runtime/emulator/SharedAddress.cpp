//===- SharedAddress.cpp - checks of single accesses ------------*- C++ -*-===//
#include "runtime/emulator/SharedAddress.h"

#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

static const char *verb(bool writes) { return writes ? "writes" : "reads"; }

bool checkShared(Warp &w, const Instruction &i,
                 const SharedMemoryChecker::Access &access, uint64_t address,
                 uint32_t bytes, uint32_t align, bool writes) {
  SharedMemory &shared = w.cta.shared;
  unsigned lane =
      access.lane == SharedMemoryChecker::kManyLanes ? kLanes : access.lane;
  if (!shared.contains(address, bytes)) {
    w.fault(i, lane,
            fmt::format("{} {} bytes at shared address {:#x}, outside the {} "
                        "bytes of shared memory",
                        verb(writes), bytes, address, shared.bytes));
    return false;
  }
  if (address % align != 0) {
    w.fault(i, lane,
            fmt::format("{} {} bytes at shared address {:#x}, which is not a "
                        "multiple of {}",
                        verb(writes), bytes, address, align));
    return false;
  }
  std::string wrong =
      writes ? shared.checker.write(access, uint32_t(address), bytes)
             : shared.checker.read(access, uint32_t(address), bytes);
  if (wrong.empty())
    return true;
  w.fault(i, lane, wrong);
  return false;
}

bool checkShared(Warp &w, const Instruction &i, unsigned lane, uint64_t address,
                 uint32_t bytes, uint32_t align, bool writes) {
  return checkShared(w, i, w.cta.shared.checker.ordinary(w.index, lane, i),
                     address, bytes, align, writes);
}

uint8_t *globalBytes(Warp &w, const Instruction &i, unsigned lane,
                     uint64_t address, uint64_t bytes, uint32_t align,
                     bool writes) {
  GlobalMemory &memory = w.cta.launch.memory;
  const GlobalMemory::Region &region = memory.regionOf(address);
  uint64_t offset = (address & kOffsetMask) - region.first;
  auto fail = [&](const std::string &message) {
    w.fault(i, lane,
            fmt::format("{} {} bytes at {}", verb(writes), bytes, message));
    return nullptr;
  };
  if (tagOf(address) >= 128 || offset > region.bytes ||
      bytes > region.bytes - offset)
    return fail(fmt::format("{}: out of bounds", memory.describe(address)));
  if (address % align != 0)
    return fail(fmt::format("{}: the address is not a multiple of {}",
                            memory.describe(address), align));
  if (writes && !region.writable)
    return fail(
        fmt::format("{}, which may only be read", memory.describe(address)));
  if (region.written) {
    uint8_t *written = region.written.get() + offset;
    if (writes)
      std::memset(written, 1, bytes);
    else if (const void *hole = std::memchr(written, 0, bytes))
      return fail(fmt::format(
          "{}, of which byte {} was never written", memory.describe(address),
          offset + uint64_t(static_cast<const uint8_t *>(hole) - written)));
  }
  return region.data + offset;
}

} // namespace llsa::ptx

//===- GlobalMemory.cpp -----------------------------------------*- C++ -*-===//
#include "runtime/emulator/GlobalMemory.h"

#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

Expected<uint64_t> GlobalMemory::add(std::string name, void *data,
                                     uint64_t bytes, Access access,
                                     Content content) {
  if (nextTag >= kFirstRegionTag + kMostRegions)
    return createStringError(
        inconvertibleErrorCode(),
        fmt::format("the emulator has room for {} buffers, '{}' is one more",
                    kMostRegions, name));
  if (bytes >= kOffsetMask / 2)
    return createStringError(
        inconvertibleErrorCode(),
        fmt::format("buffer '{}' has {} bytes, the emulator takes {}", name,
                    bytes, kOffsetMask / 2));
  Region &region = regions[nextTag];
  region.name = std::move(name);
  region.data = static_cast<uint8_t *>(data);
  // Behind zero, so that stepping before the start stays under this tag.
  region.first = (uint64_t(1) << 20) + reinterpret_cast<uintptr_t>(data) % 256;
  region.bytes = bytes;
  region.writable = access == Access::ReadWrite;
  if (content == Content::Undefined) {
    // Of zeros that nobody touches, calloc makes no memory: gaps between rows
    // may be larger than all that there is.
    region.written.reset(static_cast<uint8_t *>(std::calloc(bytes + 1, 1)));
    if (!region.written)
      return createStringError(
          inconvertibleErrorCode(),
          fmt::format("there is no memory to mark {} bytes of buffer '{}'",
                      bytes, region.name));
  }
  return tagged(nextTag++) + region.first;
}

void GlobalMemory::addAt(uint64_t address, std::string name, void *data,
                         uint64_t bytes, Access access) {
  Region &region = regions[tagOf(address)];
  region.name = std::move(name);
  region.data = static_cast<uint8_t *>(data);
  region.first = 0;
  region.bytes = bytes;
  region.writable = access == Access::ReadWrite;
  region.written.reset();
}

std::string GlobalMemory::describe(uint64_t address) const {
  if (tagOf(address) < kTags)
    if (const Region &region = regionOf(address); region.data)
      return fmt::format("byte {} of buffer '{}', which has {}",
                         int64_t((address & kOffsetMask) - region.first),
                         region.name, region.bytes);
  return fmt::format("address {:#x}, where there is no buffer", address);
}

} // namespace llsa::ptx

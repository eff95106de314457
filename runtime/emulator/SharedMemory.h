//===- SharedMemory.h - bytes of a CTA, each access checked -----*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_SHAREDMEMORY_H
#define LLSA_RUNTIME_EMULATOR_SHAREDMEMORY_H

#include "runtime/emulator/SharedMemoryChecker.h"

namespace llsa::ptx {

struct SharedMemory {
  SharedMemory(const Kernel &kernel, uint32_t bytes, unsigned warps)
      : bytes(bytes), checker(kernel, bytes, warps), storage(bytes + 256) {
    uintptr_t begin = reinterpret_cast<uintptr_t>(storage.data());
    data = storage.data() + (((begin + 127) & ~uintptr_t(127)) - begin);
  }

  bool contains(uint64_t address, uint64_t size) const {
    return address <= bytes && size <= bytes - address;
  }

  uint32_t bytes;
  uint8_t *data;
  SharedMemoryChecker checker;

private:
  std::vector<uint8_t> storage;
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_SHAREDMEMORY_H

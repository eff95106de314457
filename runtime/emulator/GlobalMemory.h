//===- GlobalMemory.h - the buffers that a kernel may touch -----*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_GLOBALMEMORY_H
#define LLSA_RUNTIME_EMULATOR_GLOBALMEMORY_H

#include "runtime/emulator/AddressSpace.h"
#include "llvm/Support/Error.h"
#include <array>
#include <cstdlib>
#include <memory>
#include <string>

namespace llsa::ptx {

/// Memory of the host, at addresses of the emulated GPU. An access outside all
/// regions, or to the wrong kind of region, is an error of the kernel.
class GlobalMemory {
public:
  enum class Content {
    Defined,   ///< may be read at once
    Undefined, ///< a byte must be written before it is read
  };
  enum class Access { ReadOnly, ReadWrite };

  struct Free {
    void operator()(uint8_t *bytes) const { std::free(bytes); }
  };
  struct Region {
    std::string name;
    uint8_t *data = nullptr;
    uint64_t first = 0; ///< offset of data[0] behind the tag
    uint64_t bytes = 0;
    bool writable = true;
    /// One byte per byte of data, 1 where it was written; null when Defined.
    std::unique_ptr<uint8_t[], Free> written;
  };

  /// Adds a region, which must stay alive, and returns its address. Address
  /// and pointer agree in their low 8 bits, so that alignment is what it is.
  llvm::Expected<uint64_t> add(std::string name, void *data, uint64_t bytes,
                               Access access = Access::ReadWrite,
                               Content content = Content::Defined);
  /// The same, at an address of AddressSpace.h that ends in 40 zero bits.
  void addAt(uint64_t address, std::string name, void *data, uint64_t bytes,
             Access access);
  void removeAt(uint64_t address) { regions[tagOf(address)] = {}; }

  /// The region with an address's tag; one of 0 bytes if there is none.
  const Region &regionOf(uint64_t address) const {
    return regions[tagOf(address) & (kTags - 1)];
  }

  /// The map of written bytes of an Undefined region, by an address that add()
  /// has returned; null for others.
  uint8_t *writtenBytes(uint64_t address) {
    return regions[tagOf(address)].written.get();
  }

  /// Says where an address lies: "byte 4096 of buffer 'q', which has 4000".
  std::string describe(uint64_t address) const;

private:
  static constexpr size_t kTags = 128;
  std::array<Region, kTags> regions;
  uint64_t nextTag = kFirstRegionTag;
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_GLOBALMEMORY_H

//===- TensorMap.h - a stand-in for CUtensorMap -----------------*- C++ -*-===//
//
// CUtensorMap is made by the driver and its bits are not documented. Programs
// treat it as 128 opaque bytes, so the emulator has an encoding of its own,
// with the same meaning as cuTensorMapEncodeTiled's arguments. Whoever prepares
// a launch for the emulator passes one of these where the GPU gets its own.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_TENSORMAP_H
#define LLSA_RUNTIME_EMULATOR_TENSORMAP_H

#include <cstdint>

namespace llsa::ptx {

/// A tensor of 1 to 5 dimensions in global memory, innermost first, and the box
/// that one copy moves. In shared memory a box is row-major, without gaps;
/// elements outside the tensor read as zeros and are not written.
struct alignas(64) TensorMap {
  static constexpr uint32_t kMagic = 0x414d5431; ///< guards against others
  static constexpr unsigned kMostRank = 5;

  /// How 16-byte units are permuted in shared memory: bits 4 and up of an
  /// address are xored with bits 7 and up, as many as the width has units.
  enum class Swizzle : uint8_t { None, B32, B64, B128 };

  uint32_t magic = kMagic;
  uint8_t rank = 0;
  uint8_t elementBytes = 0;
  Swizzle swizzle = Swizzle::None;
  uint64_t address = 0;                 ///< of element 0, a multiple of 16
  uint64_t strides[kMostRank - 1] = {}; ///< bytes, of dimensions 1 and up
  uint32_t sizes[kMostRank] = {};
  uint16_t box[kMostRank] = {};

  uint32_t boxBytes() const {
    uint32_t bytes = elementBytes;
    for (unsigned dim = 0; dim < rank; ++dim)
      bytes *= box[dim];
    return bytes;
  }
};
static_assert(sizeof(TensorMap) == 128, "as CUtensorMap");

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_TENSORMAP_H

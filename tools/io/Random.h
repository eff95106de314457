//===- Random.h - numbers from a counter ------------------------*- C++ -*-===//
//
// Random numbers as a pure function of (seed, stream, counter): any order of
// evaluation gives the same data, and so does every C++ library (the standard's
// distributions differ between libraries).
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TOOLS_IO_RANDOM_H
#define LLSA_TOOLS_IO_RANDOM_H

#include <cstdint>

namespace llsa::tools {

/// splitmix64's finaliser: a bijection that flips about half of the bits.
inline uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

/// One stream of random numbers.
class Random {
public:
  Random(uint64_t seed, uint64_t stream)
      : key(mix(mix(seed + kStep) ^ (stream * kStep))) {}

  /// 64 random bits.
  uint64_t bits(uint64_t counter) const { return mix(key + counter * kStep); }

  /// Uniform in [-1, 1).
  float uniform(uint64_t counter) const {
    return float(int32_t(bits(counter) >> 40) - (1 << 23)) * 0x1p-23f;
  }

  /// Close to normal, mean 0, variance 1: the sum of twelve uniform numbers of
  /// 16 bits, exact in float32 and within +-6.
  float normal(uint64_t counter) const {
    int32_t sum = 0;
    for (uint64_t word = 0; word < 3; ++word) {
      uint64_t w = bits(counter * 3 + word);
      // Adds the four 16-bit parts at once.
      uint64_t pairs =
          (w & 0x0000FFFF0000FFFFull) + ((w >> 16) & 0x0000FFFF0000FFFFull);
      sum += int32_t((pairs & 0xFFFFFFFF) + (pairs >> 32));
    }
    return float(2 * sum - 12 * 65535) * 0x1p-17f;
  }

private:
  static constexpr uint64_t kStep = 0x9E3779B97F4A7C15ull;
  uint64_t key;
};

} // namespace llsa::tools

#endif // LLSA_TOOLS_IO_RANDOM_H

//===- TestArrays.h - small random arrays for tests -------------*- C++ -*-===//
#ifndef LLSA_TEST_UNIT_KERNELS_TESTARRAYS_H
#define LLSA_TEST_UNIT_KERNELS_TESTARRAYS_H

#include "kernels/reference/Array.h"
#include <limits>
#include <vector>

namespace llsa::reference {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

using Indices = std::vector<int32_t>;

/// The next number of splitmix64.
inline uint64_t nextRandom(uint64_t &state) {
  uint64_t z = (state += 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

/// Uniform float32 numbers in [-2, 2).
inline Array randomArray(std::vector<int64_t> shape, uint64_t seed) {
  Array out(std::move(shape));
  for (double &value : out.data)
    value = static_cast<float>(
        double(nextRandom(seed) >> 11) / double(1ull << 53) * 4 - 2);
  return out;
}

/// [1, 1, N, 1] of these numbers.
inline Array column(std::vector<double> values) {
  std::vector<int64_t> shape = {1, 1, static_cast<int64_t>(values.size()), 1};
  return Array(std::move(shape), std::move(values));
}

} // namespace llsa::reference

#endif // LLSA_TEST_UNIT_KERNELS_TESTARRAYS_H

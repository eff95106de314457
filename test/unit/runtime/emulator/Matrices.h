//===- Matrices.h - random matrices in formats of tensor cores --*- C++ -*-===//
#ifndef LLSA_TEST_UNIT_RUNTIME_EMULATOR_MATRICES_H
#define LLSA_TEST_UNIT_RUNTIME_EMULATOR_MATRICES_H

#include "test/unit/runtime/emulator/PtxTesting.h"
#include <cmath>
#include <cstring>
#include <random>

namespace llsa::test {

/// Random numbers that a format holds exactly: "bf16", "f16", "tf32", "f32".
class Numbers {
public:
  Numbers(size_t count, const std::string &type, unsigned seed) : type(type) {
    std::mt19937 random(seed);
    // Few bits of mantissa, so that all formats but f32 hold them; small
    // integers over a power of two.
    for (size_t i = 0; i < count; ++i)
      values.push_back(float(int(random() % 255) - 127) /
                       float(1 << random() % 6));
  }
  float operator[](size_t i) const { return values[i]; }
  size_t size() const { return values.size(); }

  uint32_t bits(size_t i) const {
    uint32_t single;
    std::memcpy(&single, &values[i], 4);
    if (type == "bf16")
      return single >> 16;
    if (type != "f16")
      return single;
    if (values[i] == 0)
      return 0;
    // Normal numbers alone: sign, exponent less the biases' difference,
    // mantissa.
    return (single >> 16 & 0x8000) | (((single >> 23 & 0xff) - 112) << 10) |
           (single >> 13 & 0x3ff);
  }

private:
  std::string type;
  std::vector<float> values;
};

} // namespace llsa::test

#endif // LLSA_TEST_UNIT_RUNTIME_EMULATOR_MATRICES_H

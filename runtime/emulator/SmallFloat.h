//===- SmallFloat.h - f16 and bf16 as bits ----------------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_SMALLFLOAT_H
#define LLSA_RUNTIME_EMULATOR_SMALLFLOAT_H

#include "runtime/emulator/Lanes.h"
#include <cmath>

namespace llsa::ptx {

template <typename To, typename From> LLSA_LANES_INLINE To bitsTo(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof(To));
  return to;
}

enum class Rounding { Nearest, Zero, Down, Up, NearestAway };

LLSA_LANES_INLINE float fromBF16(uint16_t bits) {
  return bitsTo<float>(uint32_t(bits) << 16);
}

LLSA_LANES_INLINE float fromF16(uint16_t bits) {
  // As a float, the shifted bits are 2^-112 times the value, subnormals too.
  float scaled = bitsTo<float>(uint32_t(bits & 0x7fff) << 13) * 0x1p112f;
  uint32_t magnitude = bitsTo<uint32_t>(scaled);
  magnitude |= (bits & 0x7c00) == 0x7c00 ? 0x7f800000 : 0;
  return bitsTo<float>(magnitude | uint32_t(bits & 0x8000) << 16);
}

/// To nearest, ties to even. NaN becomes 0x7fff.
LLSA_LANES_INLINE uint16_t toBF16(float value) {
  uint32_t bits = bitsTo<uint32_t>(value);
  uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return uint16_t((bits & 0x7fffffff) > 0x7f800000 ? 0x7fff : rounded);
}

/// To nearest, ties to even. NaN becomes 0x7fff.
LLSA_LANES_INLINE uint16_t toF16(float value) {
  uint32_t bits = bitsTo<uint32_t>(value);
  uint32_t sign = bits >> 16 & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  // Adding 1/2 leaves a subnormal's bits, rounded, in the low bits.
  uint32_t subnormal =
      bitsTo<uint32_t>(bitsTo<float>(magnitude) + 0.5f) - 0x3f000000;
  uint32_t normal =
      (magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13;
  uint32_t result = magnitude < 0x38800000    ? subnormal
                    : magnitude >= 0x477ff000 ? 0x7c00
                                              : normal;
  return uint16_t(magnitude > 0x7f800000 ? 0x7fff : sign | result);
}

/// A format with an implicit leading one.
struct FloatFormat {
  int mantissa;    ///< stored bits
  int minExponent; ///< of normal numbers
  int maxExponent;
};
constexpr FloatFormat kF16 = {10, -14, 15};
constexpr FloatFormat kBF16 = {7, -126, 127};
constexpr FloatFormat kF32 = {23, -126, 127};
constexpr FloatFormat kTF32 = {10, -126, 127};

/// Rounds a number (no NaN) to a format; the result is exact as a double.
double roundTo(double value, FloatFormat format, Rounding rounding);

/// The bits of a number that the format holds exactly, infinities too.
uint16_t bitsOfF16(double value);
uint16_t bitsOfBF16(double value);

/// a * b + c, rounded to double so that rounding once more is right: the last
/// bit is set when bits were lost ("round to odd").
double fmaToOdd(double a, double b, double c);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_SMALLFLOAT_H

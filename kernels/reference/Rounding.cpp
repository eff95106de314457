//===- Rounding.cpp - the element types' rounding -------------------------===//
#include "kernels/reference/Rounding.h"
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

using namespace llsa;
using namespace llsa::reference;

void llsa::reference::misuse(const char *message) {
  std::fprintf(stderr, "llsa reference: %s\n", message);
  std::abort();
}

namespace {
/// A binary float of 16 bits: sign, exponent, `mantissa` stored bits.
struct Format16 {
  int mantissa;
  int exponent;
  int bias() const { return (1 << (exponent - 1)) - 1; }
  uint16_t infinity() const {
    return static_cast<uint16_t>(((1u << exponent) - 1) << mantissa);
  }
};
constexpr Format16 kBF16{7, 8};
constexpr Format16 kF16{10, 5};

uint16_t encode(double value, Format16 format) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  uint16_t sign = static_cast<uint16_t>((bits >> 63) << 15);
  if (std::isnan(value))
    return sign | format.infinity() |
           static_cast<uint16_t>(1u << (format.mantissa - 1));
  if (std::isinf(value))
    return sign | format.infinity();
  double magnitude = std::fabs(value);
  if (magnitude == 0)
    return sign;
  // magnitude = significand * 2^exponent, 1 <= significand < 2.
  int exponent = std::ilogb(magnitude);
  // Below the normal range the unit stays that of the smallest normal number.
  int least = 1 - format.bias();
  int unitExponent = (exponent < least ? least : exponent) - format.mantissa;
  // Scaling by a power of two is exact here: both parts are doubles far inside
  // the double's own range, except for double subnormals, which are 0 anyway.
  double units = std::scalbn(magnitude, -unitExponent);
  double whole = std::floor(units);
  double rest = units - whole;
  uint32_t count = static_cast<uint32_t>(whole);
  if (rest > 0.5 || (rest == 0.5 && (count & 1)))
    ++count;
  // A normal number's units carry the hidden bit, 2^mantissa; adding the
  // biased exponent (less that bit) also carries correctly into the exponent.
  uint32_t encoded = exponent < least
                         ? count
                         : count + (static_cast<uint32_t>(exponent - least)
                                    << format.mantissa);
  if (encoded >= format.infinity())
    return sign | format.infinity();
  return sign | static_cast<uint16_t>(encoded);
}

double decode(uint16_t bits, Format16 format) {
  uint32_t field = (bits >> format.mantissa) & ((1u << format.exponent) - 1);
  uint32_t mantissa = bits & ((1u << format.mantissa) - 1);
  double magnitude;
  if (field == (1u << format.exponent) - 1)
    magnitude = mantissa ? std::numeric_limits<double>::quiet_NaN()
                         : std::numeric_limits<double>::infinity();
  else if (field == 0)
    magnitude = std::scalbn(mantissa, 1 - format.bias() - format.mantissa);
  else
    magnitude =
        std::scalbn(mantissa + (1u << format.mantissa),
                    static_cast<int>(field) - format.bias() - format.mantissa);
  return bits & 0x8000 ? -magnitude : magnitude;
}
} // namespace

uint16_t llsa::reference::toBF16Bits(double value) {
  return encode(value, kBF16);
}
uint16_t llsa::reference::toF16Bits(double value) {
  return encode(value, kF16);
}
double llsa::reference::fromBF16Bits(uint16_t bits) {
  return decode(bits, kBF16);
}
double llsa::reference::fromF16Bits(uint16_t bits) {
  return decode(bits, kF16);
}

double llsa::reference::roundTo(double value, DType dtype) {
  switch (dtype) {
  case DType::F32:
    return static_cast<float>(value);
  case DType::BF16:
    return fromBF16Bits(toBF16Bits(value));
  case DType::F16:
    return fromF16Bits(toF16Bits(value));
  }
  misuse("roundTo: unknown element type");
}

Array llsa::reference::roundTo(Array array, DType dtype) {
  for (double &value : array.data)
    value = roundTo(value, dtype);
  return array;
}

double llsa::reference::ulp(double magnitude, DType dtype) {
  int mantissa = dtype == DType::F32 ? 23 : dtype == DType::BF16 ? 7 : 10;
  int least = dtype == DType::F16 ? -14 : -126;
  magnitude = std::fabs(magnitude);
  int exponent = magnitude == 0 || !std::isfinite(magnitude)
                     ? least
                     : std::max(std::ilogb(magnitude), least);
  return std::scalbn(1.0, exponent - mantissa);
}

double llsa::reference::maxFinite(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return std::numeric_limits<float>::max();
  case DType::BF16:
    return fromBF16Bits(0x7F7F);
  case DType::F16:
    return 65504;
  }
  misuse("maxFinite: unknown element type");
}

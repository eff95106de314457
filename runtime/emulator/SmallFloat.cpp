//===- SmallFloat.cpp -------------------------------------------*- C++ -*-===//
#include "runtime/emulator/SmallFloat.h"

#include <algorithm>

namespace llsa::ptx {

static double roundToInteger(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::Nearest:
    return std::nearbyint(value);
  case Rounding::Zero:
    return std::trunc(value);
  case Rounding::Down:
    return std::floor(value);
  case Rounding::Up:
    return std::ceil(value);
  case Rounding::NearestAway:
    return std::round(value);
  }
  return value;
}

double roundTo(double value, FloatFormat format, Rounding rounding) {
  if (value == 0 || std::isinf(value) || std::isnan(value))
    return value;
  int exponent = std::max(std::ilogb(value), format.minExponent);
  // In units of the last place, the value is an integer and a fraction.
  int unit = exponent - format.mantissa;
  double rounded =
      std::ldexp(roundToInteger(std::ldexp(value, -unit), rounding), unit);
  double largest =
      std::ldexp(2 - std::ldexp(1.0, -format.mantissa), format.maxExponent);
  if (std::abs(rounded) <= largest)
    return std::copysign(rounded, value);
  bool toInfinity = rounding == Rounding::Nearest ||
                    rounding == Rounding::NearestAway ||
                    (rounding == Rounding::Up && value > 0) ||
                    (rounding == Rounding::Down && value < 0);
  return std::copysign(toInfinity ? INFINITY : largest, value);
}

uint16_t bitsOfF16(double value) { return toF16(float(value)); }
uint16_t bitsOfBF16(double value) { return toBF16(float(value)); }

double fmaToOdd(double a, double b, double c) {
  // Operands are floats or smaller: the product is exact.
  double product = a * b;
  double sum = product + c;
  if (!std::isfinite(sum))
    return sum;
  double partC = sum - product;
  double lost = (product - (sum - partC)) + (c - partC);
  uint64_t bits = bitsTo<uint64_t>(sum);
  if (lost != 0 && !(bits & 1)) {
    // The true value lies beside the even sum: take the odd neighbour there.
    bool awayFromZero = (lost > 0) == (sum > 0);
    bits += awayFromZero ? 1 : uint64_t(-1);
  }
  return bitsTo<double>(bits);
}

} // namespace llsa::ptx

//===- HostSymbols.cpp ------------------------------------------*- C++ -*-===//
#include "runtime/host/HostSymbols.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

using namespace llvm;

namespace llsa::rt {

namespace {

// The helpers of compiler-rt for 16-bit floats, which LLVM calls on CPUs that
// have no instruction for them, and which libgcc has only in part. Half and
// bfloat travel in the low 16 bits of a float register, so a float stands for
// them in these signatures.

uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

uint32_t bfloatBits(float value) {
  uint32_t bits = bitsOf(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return (bits >> 16) | 0x40; // NaN stays NaN
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

uint32_t halfBits(float value) {
  uint32_t bits = bitsOf(value), sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return sign | 0x7e00 | ((magnitude >> 13) & 0x3ff);
  if (magnitude >= 0x477ff000) // rounds to beyond 65504
    return sign | 0x7c00;
  if (magnitude < 0x38800000) // subnormal: units of 2^-24, ties to even
    return sign | uint32_t(std::nearbyintf(floatOf(magnitude) * 0x1p24f));
  magnitude += 0xfff + ((magnitude >> 13) & 1);
  return sign | ((magnitude - 0x38000000) >> 13);
}

/// A double rounded to float so that a second rounding is as good as one:
/// inexact results get an odd last bit ("round to odd").
float roundToOdd(double value) {
  float rounded = float(value);
  if (double(rounded) == value || std::isnan(value) || std::isinf(rounded))
    return rounded;
  uint32_t bits = bitsOf(rounded);
  if (std::fabs(double(rounded)) > std::fabs(value))
    --bits; // toward zero first
  return floatOf(bits | 1);
}

float truncateToBfloat(float value) { return floatOf(bfloatBits(value)); }
float truncateDoubleToBfloat(double value) {
  return floatOf(bfloatBits(roundToOdd(value)));
}
float truncateToHalf(float value) { return floatOf(halfBits(value)); }
float truncateDoubleToHalf(double value) {
  return floatOf(halfBits(roundToOdd(value)));
}
float extendHalf(float value) {
  uint32_t half = bitsOf(value) & 0xffff, sign = (half & 0x8000) << 16;
  uint32_t magnitude = half & 0x7fff;
  if (magnitude >= 0x7c00)
    return floatOf(sign | 0x7f800000 | ((magnitude & 0x3ff) << 13));
  if (magnitude < 0x400)
    return floatOf(sign | bitsOf(float(magnitude) * 0x1p-24f));
  return floatOf(sign | ((magnitude << 13) + 0x38000000));
}

// What LLVM makes of a sine and a cosine of the same number.
template <typename T> void sineAndCosine(T angle, T *sine, T *cosine) {
  *sine = std::sin(angle);
  *cosine = std::cos(angle);
}

template <typename F> constexpr F *as(F *function) { return function; }

} // namespace

#define LLSA_SYMBOL(name, function)                                            \
  HostSymbol { name, reinterpret_cast<void *>(function) }
#define LLSA_MATH1(name)                                                       \
  LLSA_SYMBOL(#name, as<double(double)>(::name)),                              \
      LLSA_SYMBOL(#name "f", as<float(float)>(::name##f))
#define LLSA_MATH2(name)                                                       \
  LLSA_SYMBOL(#name, as<double(double, double)>(::name)),                      \
      LLSA_SYMBOL(#name "f", as<float(float, float)>(::name##f))

ArrayRef<HostSymbol> hostSymbols() {
  static const HostSymbol kSymbols[] = {
      LLSA_SYMBOL("memcpy", &::memcpy),
      LLSA_SYMBOL("memmove", &::memmove),
      LLSA_SYMBOL("memset", &::memset),
      LLSA_SYMBOL("memcmp", &::memcmp),
      LLSA_SYMBOL("malloc", &::malloc),
      LLSA_SYMBOL("free", &::free),
      LLSA_SYMBOL("aligned_alloc", &::aligned_alloc),
      LLSA_SYMBOL("abort", &::abort),
      LLSA_MATH1(acos),
      LLSA_MATH1(acosh),
      LLSA_MATH1(asin),
      LLSA_MATH1(asinh),
      LLSA_MATH1(atan),
      LLSA_MATH1(atanh),
      LLSA_MATH1(cbrt),
      LLSA_MATH1(ceil),
      LLSA_MATH1(cos),
      LLSA_MATH1(cosh),
      LLSA_MATH1(erf),
      LLSA_MATH1(erfc),
      LLSA_MATH1(exp),
      LLSA_MATH1(exp2),
      LLSA_MATH1(expm1),
      LLSA_MATH1(floor),
      LLSA_MATH1(log),
      LLSA_MATH1(log10),
      LLSA_MATH1(log1p),
      LLSA_MATH1(log2),
      LLSA_MATH1(nearbyint),
      LLSA_MATH1(rint),
      LLSA_MATH1(round),
      LLSA_MATH1(sin),
      LLSA_SYMBOL("sincos", &sineAndCosine<double>),
      LLSA_SYMBOL("sincosf", &sineAndCosine<float>),
      LLSA_MATH1(sinh),
      LLSA_MATH1(sqrt),
      LLSA_MATH1(tan),
      LLSA_MATH1(tanh),
      LLSA_MATH1(trunc),
      LLSA_MATH2(atan2),
      LLSA_MATH2(fmax),
      LLSA_MATH2(fmin),
      LLSA_MATH2(fmod),
      LLSA_MATH2(pow),
      LLSA_SYMBOL("fma", as<double(double, double, double)>(::fma)),
      LLSA_SYMBOL("fmaf", as<float(float, float, float)>(::fmaf)),
      LLSA_SYMBOL("roundeven", as<double(double)>(::roundeven)),
      LLSA_SYMBOL("roundevenf", as<float(float)>(::roundevenf)),
      LLSA_SYMBOL("ldexp", as<double(double, int)>(::ldexp)),
      LLSA_SYMBOL("ldexpf", as<float(float, int)>(::ldexpf)),
      LLSA_SYMBOL("__truncsfbf2", &truncateToBfloat),
      LLSA_SYMBOL("__truncdfbf2", &truncateDoubleToBfloat),
      LLSA_SYMBOL("__truncsfhf2", &truncateToHalf),
      LLSA_SYMBOL("__truncdfhf2", &truncateDoubleToHalf),
      LLSA_SYMBOL("__extendhfsf2", &extendHalf),
  };
  return kSymbols;
}

} // namespace llsa::rt

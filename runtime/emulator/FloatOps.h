//===- FloatOps.h - what f32 and f64 operations compute ---------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_FLOATOPS_H
#define LLSA_RUNTIME_EMULATOR_FLOATOPS_H

#include "runtime/emulator/SmallFloat.h"

namespace llsa::ptx {

/// Subnormal numbers become zeros of their sign.
LLSA_LANES_INLINE float flushed(float v) {
  return __builtin_fabsf(v) < 0x1p-126f ? __builtin_copysignf(0.0f, v) : v;
}
LLSA_LANES_INLINE double flushed(double v) { return v; } // f64 never flushes

/// The NaN that f32 operations give.
LLSA_LANES_INLINE float canonical(float v) {
  return v == v ? v : bitsTo<float>(0x7fffffff);
}
LLSA_LANES_INLINE double canonical(double v) { return v; }

/// To [0, 1]; NaN becomes 0.
template <typename F> LLSA_LANES_INLINE F saturated(F v) {
  F low = v > 0 ? v : F(0);
  return low < 1 ? low : F(1);
}

struct FAdd {
  template <typename F> LLSA_LANES_INLINE static F apply(F a, F b) {
    return a + b;
  }
};
struct FSub {
  template <typename F> LLSA_LANES_INLINE static F apply(F a, F b) {
    return a - b;
  }
};
struct FMul {
  template <typename F> LLSA_LANES_INLINE static F apply(F a, F b) {
    return a * b;
  }
};
struct FDiv {
  template <typename F> LLSA_LANES_INLINE static F apply(F a, F b) {
    return a / b;
  }
};
/// div.approx and div.full: a huge divisor gives 0.
struct FDivApprox {
  LLSA_LANES_INLINE static float apply(float a, float b) {
    float size = __builtin_fabsf(b);
    if (size > 0x1p126f && size <= 0x1.fffffep127f && __builtin_isfinite(a))
      return __builtin_copysignf(0.0f, a) * __builtin_copysignf(1.0f, b);
    return a / b;
  }
};
struct FFma {
  LLSA_LANES_INLINE static float apply(float a, float b, float c) {
    return __builtin_fmaf(a, b, c);
  }
  LLSA_LANES_INLINE static double apply(double a, double b, double c) {
    return __builtin_fma(a, b, c);
  }
};

LLSA_LANES_INLINE uint32_t signBits(float) { return 0x80000000; }
LLSA_LANES_INLINE uint64_t signBits(double) { return uint64_t(1) << 63; }

/// A NaN loses, unless `nan`; -0 is less than +0.
template <bool isMax, bool nan> struct FMinMax {
  template <typename F> LLSA_LANES_INLINE static F apply(F a, F b) {
    using Bits = decltype(signBits(a));
    bool first = isMax ? a > b : a < b;
    Bits zero = isMax ? bitsTo<Bits>(a) & bitsTo<Bits>(b)
                      : bitsTo<Bits>(a) | bitsTo<Bits>(b);
    F r = first ? a : b;
    r = a == b ? bitsTo<F>(zero) : r;
    r = a != a ? (nan ? a : b) : r;
    r = b != b ? (nan ? b : a) : r;
    return r;
  }
};
struct FAbs {
  template <typename F> LLSA_LANES_INLINE static F apply(F a) {
    using Bits = decltype(signBits(a));
    return bitsTo<F>(Bits(bitsTo<Bits>(a) & ~signBits(a)));
  }
};
struct FNeg {
  template <typename F> LLSA_LANES_INLINE static F apply(F a) {
    using Bits = decltype(signBits(a));
    return bitsTo<F>(Bits(bitsTo<Bits>(a) ^ signBits(a)));
  }
};
/// a's sign with b's magnitude, as PTX orders them.
struct FCopysign {
  template <typename F> LLSA_LANES_INLINE static F apply(F a, F b) {
    using Bits = decltype(signBits(a));
    return bitsTo<F>(Bits((bitsTo<Bits>(b) & ~signBits(b)) |
                          (bitsTo<Bits>(a) & signBits(a))));
  }
};

/// Results in another rounding than to nearest.
template <Rounding rounding> struct FRoundedAdd {
  static float apply(float a, float b) {
    return float(roundTo(fmaToOdd(a, 1, b), kF32, rounding));
  }
};
template <Rounding rounding> struct FRoundedSub {
  static float apply(float a, float b) {
    return float(roundTo(fmaToOdd(a, 1, -double(b)), kF32, rounding));
  }
};
template <Rounding rounding> struct FRoundedMul {
  static float apply(float a, float b) {
    return float(roundTo(double(a) * b, kF32, rounding));
  }
};
template <Rounding rounding> struct FRoundedFma {
  static float apply(float a, float b, float c) {
    return float(roundTo(fmaToOdd(a, b, c), kF32, rounding));
  }
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_FLOATOPS_H

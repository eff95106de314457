//===- MatrixProduct.h - how matrix instructions round ----------*- C++ -*-===//
//
// NVIDIA specifies that products are exact and sums have at least the
// accumulator's precision, and leaves order and rounding open. Here: the
// accumulator and the products of one instruction, of 8 or 16 terms, are added
// in double precision, in ascending k, and the sum is rounded once, towards
// zero, to the accumulator's type. Hardware also truncates; its intermediate
// sums have some bits less than ours, so its results may differ in the last
// bits, most where terms cancel.
//
// A finite sum too large for the type becomes infinity, NaN becomes 0x7fffffff
// (0x7fff).
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_MATRIXPRODUCT_H
#define LLSA_RUNTIME_EMULATOR_MATRIXPRODUCT_H

#include "runtime/emulator/SmallFloat.h"
#include "runtime/emulator/Types.h"

namespace llsa::ptx {

/// A 16-bit element or, for tf32, a 32-bit one as a float.
LLSA_LANES_INLINE float elementValue(uint16_t bits, Type type) {
  return type == Type::BF16 ? fromBF16(bits) : fromF16(bits);
}
/// tf32 has 10 bits of mantissa; hardware ignores the others.
LLSA_LANES_INLINE float tf32Value(uint32_t bits) {
  return bitsTo<float>(bits & 0xffffe000);
}

LLSA_LANES_INLINE float truncatedToF32(double sum) {
  float nearest = float(sum);
  bool tooFar = __builtin_fabs(double(nearest)) > __builtin_fabs(sum) &&
                __builtin_fabs(sum) < 0x1p128;
  float result =
      tooFar ? bitsTo<float>(bitsTo<uint32_t>(nearest) - 1) : nearest;
  return result == result ? result : bitsTo<float>(0x7fffffff);
}

/// c[16][n] += a[16][k] * b[k][n], rounded as above. `n` is a multiple of 8.
void multiplyAccumulate(const float *a, const float *b, float *c, unsigned n,
                        unsigned k);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_MATRIXPRODUCT_H

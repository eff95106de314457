//===- Rounding.h - the element types' rounding -----------------*- C++ -*-===//
//
// Rounds to float32, bfloat16 and float16 with our own integer arithmetic (to
// nearest, ties to even, subnormals kept, overflow to infinity, NaN stays NaN),
// so that the reference depends on no compiler's half types.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_ROUNDING_H
#define LLSA_KERNELS_REFERENCE_ROUNDING_H

#include "kernels/reference/Array.h"
#include "runtime/program/KernelSpec.h"

namespace llsa::reference {

/// Bits of the bfloat16 / float16 nearest to `value`. The result is rounded
/// once from the double, never by way of float32.
uint16_t toBF16Bits(double value);
uint16_t toF16Bits(double value);

/// The value of these bits; exact.
double fromBF16Bits(uint16_t bits);
double fromF16Bits(uint16_t bits);

/// `value` rounded to the type, once.
double roundTo(double value, DType dtype);
/// Every element rounded.
Array roundTo(Array array, DType dtype);

/// Distance from |magnitude| to the next greater number of the type: one unit
/// in the last place there. Subnormal magnitudes give the smallest subnormal.
double ulp(double magnitude, DType dtype);

/// Greatest finite number of the type.
double maxFinite(DType dtype);

} // namespace llsa::reference

#endif // LLSA_KERNELS_REFERENCE_ROUNDING_H

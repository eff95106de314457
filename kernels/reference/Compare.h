//===- Compare.h - the rule for "correct" -----------------------*- C++ -*-===//
//
// A value is correct when its error against the float64 reference is at most
// twice the error of the same formula evaluated in the input's precision by a
// plain framework implementation (the rule FlashAttention uses), and never NaN
// or infinity where the reference is finite.
//
// Twice the plain error alone would fail a kernel that is off by one rounding
// where the plain evaluation happens to be exact (one key, equal values, ...),
// so a floor of two units in the last place of the output's type, at the
// reference's greatest magnitude, is added; FlashAttention's tests do the same.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_COMPARE_H
#define LLSA_KERNELS_REFERENCE_COMPARE_H

#include "kernels/reference/Array.h"
#include "runtime/program/KernelSpec.h"
#include <string>
#include <string_view>

namespace llsa::reference {

struct Comparison {
  double maxError = 0; ///< greatest |actual - reference|
  double relativeError =
      0;                 ///< maxError / greatest |reference|; 0 when that is 0
  double plainError = 0; ///< greatest |plain - reference|
  double allowedError =
      0; ///< 2 * plainError + 2 units at the greatest |reference| + room
  int64_t wrongKind = 0; ///< elements that are NaN or infinite where the
                         ///< reference is not, or the other way round
  std::string message;   ///< empty when correct, else what is wrong and where

  bool ok() const { return message.empty(); }
};

/// The type whose units in the last place a value of type `dtype` is held to:
/// its own, but where the factors of float32 products may have had 11 bits
/// (`tf32`), the type that has as many.
inline DType unitsOf(DType dtype, bool tf32) {
  return tf32 && dtype == DType::F32 ? DType::F16 : dtype;
}

/// Compares `actual` with `reference` by the rule above. `plain` is the same
/// formula in plain precision; `outputType` is the type that `actual` was
/// stored in (LSE: F32), or one with as few bits as what it was computed of;
/// `name` begins the message. An element where the plain
/// evaluation overflowed although the reference is finite does not enter
/// plainError. `room` is allowed beside.
Comparison compareValues(std::string_view name, const Array &actual,
                         const Array &reference, const Array &plain,
                         DType outputType, double room = 0);

} // namespace llsa::reference

#endif // LLSA_KERNELS_REFERENCE_COMPARE_H

//===- ScalarOps.h - arith and math ops on single numbers -------*- C++ -*-===//
//
// Private to kernels/interpreter. Ops are known by name, so that no header of
// the arith and math dialects is needed.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_INTERPRETER_SCALAROPS_H
#define LLSA_KERNELS_INTERPRETER_SCALAROPS_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace llsa::reference {

/// The type of a scalar; index is a 64-bit integer.
struct ScalarType {
  enum class Kind { Integer, F64, F32, BF16, F16 };
  Kind kind = Kind::F32;
  unsigned width = 32; ///< of integers

  bool isFloat() const { return kind != Kind::Integer; }
  /// `value` as a float of this type stores it.
  double round(double value) const;
  /// The low `width` bits of `value`, sign extended. True is -1 in one bit.
  int64_t wrap(int64_t value) const;
};

/// A number; the scalar's type says which member holds it.
struct Scalar {
  double f = 0;
  int64_t i = 0; ///< sign extended
};

/// What a function needs to know beside its operands.
struct ScalarCall {
  ScalarType from; ///< of the first operand
  ScalarType to;   ///< of the result
  int64_t predicate = 0;
  bool plain = false; ///< round floats to their type after each op
  /// Set when the result is undefined: a division by zero, ...
  bool *undefined = nullptr;
};

using ScalarFunction = Scalar (*)(const Scalar *operands,
                                  const ScalarCall &call);

/// The function that gives this result of the op with this name, or null. It
/// leaves rounding and wrapping to runScalar.
ScalarFunction scalarFunction(llvm::StringRef opName, unsigned result = 0);

/// Calls the function; the result is rounded (plain) or wrapped.
Scalar runScalar(ScalarFunction function, const Scalar *operands,
                 const ScalarCall &call);

} // namespace llsa::reference

#endif // LLSA_KERNELS_INTERPRETER_SCALAROPS_H

//===- Arithmetic.h - the arithmetic a formula is evaluated in --*- C++ -*-===//
//
// Private to kernels/reference. A formula is a template over one of these
// policies: `Real` is the type inside an operator, `round` what happens to a
// value that leaves it, `factor` what a matrix product takes of its factors.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_ARITHMETIC_H
#define LLSA_KERNELS_REFERENCE_ARITHMETIC_H

#include "kernels/reference/Reference.h"
#include <cmath>
#include <cstring>

namespace llsa::reference::detail {

/// A float rounded to bfloat16: the same result as roundTo, some ten times
/// faster (a test compares the two).
inline float roundFloatToBF16(float value) {
  if (std::isnan(value))
    return value;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits += 0x7FFF + ((bits >> 16) & 1);
  bits &= 0xFFFF0000u;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

/// A float rounded to float16, likewise.
inline float roundFloatToF16(float value) {
  if (std::isnan(value))
    return value;
  float magnitude = std::fabs(value);
  if (magnitude < 6.103515625e-05f) {
    // Subnormal: adding 0.5 puts the unit of the sum, 2^-24, at float16's.
    magnitude = (magnitude + 0.5f) - 0.5f;
    return std::copysign(magnitude, value);
  }
  uint32_t bits;
  std::memcpy(&bits, &magnitude, sizeof bits);
  bits += 0xFFF + ((bits >> 13) & 1);
  bits &= 0xFFFFE000u;
  std::memcpy(&magnitude, &bits, sizeof bits);
  if (magnitude > 65504.0f)
    magnitude = HUGE_VALF;
  return std::copysign(magnitude, value);
}

/// A float rounded to tf32: to 11 significant bits, to nearest, ties away from
/// zero, as tensor cores' loads are.
inline float roundFloatToTF32(float value) {
  if (!std::isfinite(value))
    return value;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits = (bits + 0x1000) & 0xFFFFE000u;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

struct Float64 {
  using Real = double;
  static Real round(Real value) { return value; }
  static Real factor(Real value) { return value; }
};
struct Float32 {
  using Real = float;
  static Real round(Real value) { return value; }
  static Real factor(Real value) { return value; }
};
struct TensorFloat32 : Float32 {
  static Real factor(Real value) { return roundFloatToTF32(value); }
};
struct BFloat16 {
  using Real = float;
  static Real round(Real value) { return roundFloatToBF16(value); }
  static Real factor(Real value) { return value; }
};
struct Float16 {
  using Real = float;
  static Real round(Real value) { return roundFloatToF16(value); }
  static Real factor(Real value) { return value; }
};

/// Calls `function` with the policy object of `precision`.
template <typename Function>
auto withArithmetic(Precision precision, Function function) {
  switch (precision) {
  case Precision::F64:
    return function(Float64());
  case Precision::F32:
    return function(Float32());
  case Precision::TF32:
    return function(TensorFloat32());
  case Precision::BF16:
    return function(BFloat16());
  case Precision::F16:
    return function(Float16());
  }
  misuse("unknown precision");
}

/// a . b of `size` elements. Four partial sums, as any framework's dot product
/// has, which also lets the processor overlap them.
template <typename Arithmetic, typename A, typename B>
inline typename Arithmetic::Real dot(const A *a, const B *b, int64_t size) {
  using Real = typename Arithmetic::Real;
  auto product = [&](int64_t d) {
    return Arithmetic::factor(static_cast<Real>(a[d])) *
           Arithmetic::factor(static_cast<Real>(b[d]));
  };
  Real sum[4] = {0, 0, 0, 0};
  int64_t d = 0;
  for (; d + 4 <= size; d += 4)
    for (int lane = 0; lane < 4; ++lane)
      sum[lane] += product(d + lane);
  for (; d < size; ++d)
    sum[0] += product(d);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/// The same in one chain, as a matrix product on broadcast elements sums.
template <typename Arithmetic, typename A, typename B>
inline typename Arithmetic::Real dotInOneChain(const A *a, const B *b,
                                               int64_t size) {
  using Real = typename Arithmetic::Real;
  Real sum = 0;
  for (int64_t d = 0; d < size; ++d)
    sum += Arithmetic::factor(static_cast<Real>(a[d])) *
           Arithmetic::factor(static_cast<Real>(b[d]));
  return sum;
}

/// Checks that q and k are tokens whose batch, heads and head size go together,
/// and gives the number of query heads per key head.
inline int64_t headsPerKeyHead(const Array &q, const Array &k) {
  require(q.rank() == 4 && k.rank() == 4, "queries and keys must have rank 4");
  require(q.dim(0) == k.dim(0), "queries and keys must have the same batch");
  require(q.dim(3) == k.dim(3),
          "queries and keys must have the same head size");
  require(k.dim(1) > 0 && q.dim(1) % k.dim(1) == 0,
          "the key heads must divide the query heads");
  return q.dim(1) / k.dim(1);
}

} // namespace llsa::reference::detail

#endif // LLSA_KERNELS_REFERENCE_ARITHMETIC_H

//===- Phi.h - the feature maps of linear attention -------------*- C++ -*-===//
//
// Private to kernels/reference.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_PHI_H
#define LLSA_KERNELS_REFERENCE_PHI_H

#include "kernels/reference/Arithmetic.h"
#include <algorithm>

namespace llsa::reference::detail {

/// phi of one row, every operator's result rounded.
template <typename Arithmetic>
void applyPhi(const double *x, int64_t size, Phi phi,
              std::vector<typename Arithmetic::Real> &out) {
  using Real = typename Arithmetic::Real;
  out.assign(x, x + size);
  if (phi == Phi::Softmax) {
    Real greatest = *std::max_element(out.begin(), out.end()), sum = 0;
    for (Real &value : out)
      sum += value = std::exp(value - greatest);
    for (Real &value : out)
      value = Arithmetic::round(value / sum);
    return;
  }
  for (Real &value : out) {
    if (phi == Phi::Relu) // written so that a NaN stays
      value = value < 0 ? Real(0) : value;
    else if (value > 0)
      value = Arithmetic::round(value + 1);
    else // elu(x) + 1 = exp(x); a framework rounds elu(x) first
      value = std::is_same_v<Real, double>
                  ? std::exp(value)
                  : Arithmetic::round(Arithmetic::round(std::expm1(value)) + 1);
  }
}

/// `state`, the sum of phi(k_j)^T v_j (D x D), and `total`, that of phi(k_j),
/// over all keys of a head, both rounded at the end. `row` is for scratch.
template <typename Arithmetic>
void sumKeys(const Array &k, const Array &v, int64_t batch, int64_t keyHead,
             Phi phi, std::vector<typename Arithmetic::Real> &row,
             std::vector<typename Arithmetic::Real> &state,
             std::vector<typename Arithmetic::Real> &total) {
  using Real = typename Arithmetic::Real;
  int64_t size = k.dim(3);
  state.assign(static_cast<size_t>(size * size), Real(0));
  total.assign(static_cast<size_t>(size), Real(0));
  for (int64_t j = 0; j < k.dim(2); ++j) {
    applyPhi<Arithmetic>(k.row(batch, keyHead, j), size, phi, row);
    const double *value = v.row(batch, keyHead, j);
    for (int64_t r = 0; r < size; ++r) {
      total[r] += row[r];
      for (int64_t d = 0; d < size; ++d)
        state[r * size + d] += Arithmetic::factor(row[r]) *
                               Arithmetic::factor(static_cast<Real>(value[d]));
    }
  }
  for (std::vector<Real> *sums : {&state, &total})
    for (Real &value : *sums)
      value = Arithmetic::round(value);
}

/// Replaces `gradient`, that of `row` = phi(x), by that of x.
template <typename Arithmetic>
void applyPhiGradient(const double *x,
                      const std::vector<typename Arithmetic::Real> &row,
                      Phi phi,
                      std::vector<typename Arithmetic::Real> &gradient) {
  using Real = typename Arithmetic::Real;
  Real mean = 0; // of the gradient, for softmax: sum of phi dphi
  if (phi == Phi::Softmax)
    for (size_t r = 0; r < row.size(); ++r)
      mean += row[r] * gradient[r];
  for (size_t r = 0; r < row.size(); ++r) {
    if (phi == Phi::Softmax)
      gradient[r] = row[r] * (gradient[r] - mean);
    else if (phi == Phi::Relu)
      gradient[r] = x[r] > 0 ? gradient[r] : Real(0);
    else if (!(x[r] > 0)) // elu(x) + 1 = exp(x) is its own derivative
      gradient[r] *= row[r];
    gradient[r] = Arithmetic::round(gradient[r]);
  }
}

} // namespace llsa::reference::detail

#endif // LLSA_KERNELS_REFERENCE_PHI_H

//===- LinearAttend.cpp - linear attention --------------------------------===//
#include "kernels/reference/Phi.h"

using namespace llsa;
using namespace llsa::reference;
using namespace llsa::reference::detail;

template <typename Arithmetic>
static Array linearAttendIn(const Array &q, const Array &k, const Array &v,
                            Phi phi) {
  using Real = typename Arithmetic::Real;
  int64_t group = headsPerKeyHead(q, k), size = q.dim(3);
  Array out(q.shape);
  std::vector<Real> phiRow, state, total, sums(size);
  for (int64_t b = 0; b < q.dim(0); ++b)
    for (int64_t h = 0; h < q.dim(1); ++h) {
      sumKeys<Arithmetic>(k, v, b, h / group, phi, phiRow, state, total);
      for (int64_t i = 0; i < q.dim(2); ++i) {
        applyPhi<Arithmetic>(q.row(b, h, i), size, phi, phiRow);
        Real denominator = Arithmetic::round(
            dot<Arithmetic>(phiRow.data(), total.data(), size));
        std::fill(sums.begin(), sums.end(), Real(0));
        for (int64_t r = 0; r < size; ++r)
          for (int64_t d = 0; d < size; ++d)
            sums[d] += Arithmetic::factor(phiRow[r]) *
                       Arithmetic::factor(state[r * size + d]);
        for (int64_t d = 0; d < size; ++d)
          out.at(b, h, i, d) =
              denominator == 0
                  ? 0
                  : Arithmetic::round(Arithmetic::round(sums[d]) / denominator);
      }
    }
  return out;
}

Array llsa::reference::linearAttend(const Array &q, const Array &k,
                                    const Array &v, Phi phi,
                                    Precision precision) {
  headsPerKeyHead(q, k);
  require(k.shape == v.shape,
          "linearAttend: keys and values must have the same shape");
  return withArithmetic(precision, [&](auto arithmetic) {
    return linearAttendIn<decltype(arithmetic)>(q, k, v, phi);
  });
}

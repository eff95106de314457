//===- LinearAttendGradients.cpp - the gradients of linear attention ------===//
//
// With x = phi(q_i), y = phi(k_j), S = sum y^T v, z = sum y, n = x S, c = x . z
// and o = n / c:
//   dn = do / c,   dc = -(do . o) / c,
//   dx = S dn + z dc,   dS = sum x^T dn,   dz = sum x dc,
//   dy = dS v + dz,     dv = y dS,
// then dq and dk through phi. Every operator's result is rounded.
//
//===----------------------------------------------------------------------===//
#include "kernels/reference/Gradients.h"
#include "kernels/reference/Phi.h"

using namespace llsa;
using namespace llsa::reference;
using namespace llsa::reference::detail;

namespace {
template <typename Arithmetic> class LinearBackward {
public:
  using Real = typename Arithmetic::Real;

  LinearBackward(const Array &q, const Array &k, const Array &v, Phi phi,
                 const Array &outputGradient, TokenGradients &out)
      : q(q), k(k), v(v), phi(phi), outputGradient(outputGradient), out(out),
        group(headsPerKeyHead(q, k)), size(q.dim(3)),
        stateGradient(size * size), totalGradient(size) {}

  void run() {
    for (int64_t b = 0; b < q.dim(0); ++b)
      for (int64_t h = 0; h < q.dim(1); ++h) {
        // S and z.
        sumKeys<Arithmetic>(k, v, b, h / group, phi, features, state, total);
        std::fill(stateGradient.begin(), stateGradient.end(), Real(0));
        std::fill(totalGradient.begin(), totalGradient.end(), Real(0));
        for (int64_t i = 0; i < q.dim(2); ++i)
          runQuery(b, h, i);
        roundAll(stateGradient);
        roundAll(totalGradient);
        for (int64_t j = 0; j < k.dim(2); ++j)
          runKey(b, h, j);
      }
  }

private:
  static void roundAll(std::vector<Real> &values) {
    for (Real &value : values)
      value = Arithmetic::round(value);
  }

  /// dq of query i, and what it adds to dS and dz.
  void runQuery(int64_t b, int64_t h, int64_t i) {
    applyPhi<Arithmetic>(q.row(b, h, i), size, phi, features);
    Real denominator =
        Arithmetic::round(dot<Arithmetic>(features.data(), total.data(), size));
    if (denominator == 0)
      return; // the output is 0 whatever the input
    const double *given = outputGradient.row(b, h, i);
    rowGradient.assign(static_cast<size_t>(size), Real(0)); // dn
    Real denominatorGradient = 0;
    for (int64_t d = 0; d < size; ++d) {
      Real numerator = 0;
      for (int64_t r = 0; r < size; ++r)
        numerator += Arithmetic::factor(features[r]) *
                     Arithmetic::factor(state[r * size + d]);
      Real output =
          Arithmetic::round(Arithmetic::round(numerator) / denominator);
      Real share = Arithmetic::round(static_cast<Real>(given[d]) / denominator);
      rowGradient[d] = share;
      denominatorGradient -= share * output;
    }
    denominatorGradient = Arithmetic::round(denominatorGradient);
    featureGradient.assign(static_cast<size_t>(size), Real(0));
    for (int64_t r = 0; r < size; ++r) {
      Real sum = dot<Arithmetic>(&state[r * size], rowGradient.data(), size);
      featureGradient[r] =
          Arithmetic::round(Arithmetic::round(sum) +
                            Arithmetic::round(total[r] * denominatorGradient));
      totalGradient[r] += features[r] * denominatorGradient;
      for (int64_t d = 0; d < size; ++d)
        stateGradient[r * size + d] += Arithmetic::factor(features[r]) *
                                       Arithmetic::factor(rowGradient[d]);
    }
    applyPhiGradient<Arithmetic>(q.row(b, h, i), features, phi,
                                 featureGradient);
    std::copy(featureGradient.begin(), featureGradient.end(),
              out.query.row(b, h, i));
  }

  /// dk and dv of key j from one query head.
  void runKey(int64_t b, int64_t h, int64_t j) {
    const double *key = k.row(b, h / group, j);
    const double *value = v.row(b, h / group, j);
    applyPhi<Arithmetic>(key, size, phi, features);
    featureGradient.assign(static_cast<size_t>(size), Real(0));
    rowGradient.assign(static_cast<size_t>(size), Real(0)); // dv
    for (int64_t r = 0; r < size; ++r) {
      const Real *gradient = &stateGradient[r * size];
      featureGradient[r] = Arithmetic::round(
          Arithmetic::round(dot<Arithmetic>(gradient, value, size)) +
          totalGradient[r]);
      for (int64_t d = 0; d < size; ++d)
        rowGradient[d] +=
            Arithmetic::factor(features[r]) * Arithmetic::factor(gradient[d]);
    }
    roundAll(rowGradient);
    applyPhiGradient<Arithmetic>(key, features, phi, featureGradient);
    addHead(featureGradient, out.keys.row(b, h / group, j), h);
    addHead(rowGradient, out.values.row(b, h / group, j), h);
  }

  /// Adds a query head to the key head that it uses; the last one of the group
  /// rounds the sum.
  void addHead(const std::vector<Real> &head, double *to, int64_t h) {
    for (int64_t d = 0; d < size; ++d) {
      Real sum = static_cast<Real>(to[d]) + head[d];
      to[d] = (h + 1) % group ? sum : Arithmetic::round(sum);
    }
  }

  const Array &q, &k, &v;
  const Phi phi;
  const Array &outputGradient;
  TokenGradients &out;
  const int64_t group, size;
  std::vector<Real> state, total, stateGradient, totalGradient;
  std::vector<Real> features, featureGradient, rowGradient; ///< of one token
};
} // namespace

TokenGradients llsa::reference::linearAttendGradients(
    const Array &q, const Array &k, const Array &v, Phi phi,
    const Array &outputGradient, Precision precision) {
  headsPerKeyHead(q, k);
  require(k.shape == v.shape,
          "linearAttendGradients: keys and values must have the same shape");
  require(outputGradient.shape == q.shape,
          "linearAttendGradients: the output's gradient must have its shape");
  TokenGradients out{Array(q.shape), Array(k.shape), Array(v.shape)};
  withArithmetic(precision, [&](auto arithmetic) {
    LinearBackward<decltype(arithmetic)>(q, k, v, phi, outputGradient, out)
        .run();
  });
  return out;
}

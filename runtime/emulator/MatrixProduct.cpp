//===- MatrixProduct.cpp ----------------------------------------*- C++ -*-===//
#include "runtime/emulator/MatrixProduct.h"

namespace llsa::ptx {

namespace {

constexpr unsigned kRows = 16;
constexpr unsigned kColumns = 8;

LLSA_LANES_INLINE void multiplyLanes(const float *a, const float *b, float *c,
                                     unsigned n, unsigned k) {
  for (unsigned column = 0; column < n; column += kColumns) {
    double right[16][kColumns];
    for (unsigned t = 0; t < k; ++t)
      for (unsigned j = 0; j < kColumns; ++j)
        right[t][j] = b[t * n + column + j];
    for (unsigned row = 0; row < kRows; ++row) {
      float *out = c + row * n + column;
      double sum[kColumns];
      for (unsigned j = 0; j < kColumns; ++j)
        sum[j] = out[j];
      for (unsigned t = 0; t < k; ++t) {
        double left = a[row * k + t];
        for (unsigned j = 0; j < kColumns; ++j)
          sum[j] += left * right[t][j];
      }
      for (unsigned j = 0; j < kColumns; ++j)
        out[j] = truncatedToF32(sum[j]);
    }
  }
}

void multiplyAnywhere(const float *a, const float *b, float *c, unsigned n,
                      unsigned k) {
  multiplyLanes(a, b, c, n, k);
}
#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx2,fma"))) void
multiplyFast(const float *a, const float *b, float *c, unsigned n, unsigned k) {
  multiplyLanes(a, b, c, n, k);
}
#else
constexpr auto *multiplyFast = &multiplyAnywhere;
#endif

} // namespace

void multiplyAccumulate(const float *a, const float *b, float *c, unsigned n,
                        unsigned k) {
  if (hasFastVectors())
    multiplyFast(a, b, c, n, k);
  else
    multiplyAnywhere(a, b, c, n, k);
}

} // namespace llsa::ptx

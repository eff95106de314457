/*===- FakeKernels.c - what the fake compiler "compiles" ----------*- C -*-===*\
  Two kernels in the calling convention of Program.h, for float32: the mean of
  all rows of v per head, and that mean as every query's output. A mean is an
  attention with equal scores, so the results are easy to check.
\*===----------------------------------------------------------------------===*/
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct {
  float *allocated, *aligned;
  int64_t offset, sizes[4], strides[4];
} Rank4;

typedef struct {
  float *allocated, *aligned;
  int64_t offset, sizes[3], strides[3];
} Rank3;

/* (v [B, Hkv, N, D]) -> mean [B, Hkv, D]; an item is one head. */
void fake_mean(void *const *args, int64_t first, int64_t last) {
  const Rank4 *v = args[0];
  const Rank3 *mean = args[1];
  for (int64_t item = first; item < last; ++item) {
    int64_t b = item / v->sizes[1], h = item % v->sizes[1];
    float *out = mean->aligned + b * mean->strides[0] + h * mean->strides[1];
    memset(out, 0, (size_t)v->sizes[3] * sizeof(float));
    for (int64_t n = 0; n < v->sizes[2]; ++n) {
      const float *row = v->aligned + b * v->strides[0] + h * v->strides[1] +
                         n * v->strides[2];
      for (int64_t d = 0; d < v->sizes[3]; ++d)
        out[d] += row[d] / (float)v->sizes[2];
    }
  }
}

/* (mean, k) -> o [B, H, M, D], lse [B, H, M]; an item is one query. */
void fake_spread(void *const *args, int64_t first, int64_t last) {
  const Rank3 *mean = args[0], *lse = args[3];
  const Rank4 *k = args[1], *o = args[2];
  int64_t heads = o->sizes[1], queries = o->sizes[2];
  for (int64_t item = first; item < last; ++item) {
    int64_t b = item / (heads * queries), h = item / queries % heads;
    int64_t m = item % queries;
    int64_t group = h / (heads / mean->sizes[1]);
    memcpy(o->aligned + b * o->strides[0] + h * o->strides[1] +
               m * o->strides[2],
           mean->aligned + b * mean->strides[0] + group * mean->strides[1],
           (size_t)o->sizes[3] * sizeof(float));
    lse->aligned[b * lse->strides[0] + h * lse->strides[1] +
                 m * lse->strides[2]] = logf((float)k->sizes[2]);
  }
}

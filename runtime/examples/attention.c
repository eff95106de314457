/*===- attention.c - one attention from C -------------------------*- C -*-===*\

  Compiles a variant for 4,000 tokens, two heads of 64, runs it on random data
  and checks that each output lies between the smallest and the largest value
  of its channel, as a weighted mean must.

      example-attention-c kernels/variants/llsa.mlir

\*===----------------------------------------------------------------------===*/
#include "llsa.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { B = 1, H = 2, N = 4000, D = 64 };
static const char *kSpec =
    "B=1,H=2,N=4000,D=64,dtype=f32,levels=2,block=16,topk=8";

/* Prints an error and ends the program; does nothing without one. */
static void check(LlsaError *error) {
  if (!error)
    return;
  fprintf(stderr, "attention: %s\n", llsaErrorMessage(error));
  llsaErrorFree(error);
  exit(1);
}

static float *allocate(size_t count) {
  float *data = malloc(count * sizeof(float));
  if (!data) {
    fprintf(stderr, "attention: out of memory\n");
    exit(1);
  }
  return data;
}

/* Uniform in [-1, 1), the same on every machine. */
static float *randomValues(size_t count, uint64_t state) {
  float *data = allocate(count);
  for (size_t i = 0; i < count; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    data[i] = (float)(int32_t)(state >> 32) / 2147483648.0f;
  }
  return data;
}

static DLTensor tensor(void *data, int ndim, int64_t *shape) {
  DLTensor result = {0};
  result.data = data;
  result.device.device_type = kDLCPU;
  result.ndim = ndim;
  result.dtype.code = kDLFloat;
  result.dtype.bits = 32;
  result.dtype.lanes = 1;
  result.shape = shape; /* strides stay null: row-major */
  return result;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s VARIANT.mlir\n", argv[0]);
    return 2;
  }
  LlsaContext *context;
  LlsaVariant *variant;
  LlsaKernel *kernel;
  check(llsaContextCreate(NULL, &context));
  check(llsaVariantLoad(argv[1], &variant));
  check(llsaKernelGet(context, variant, kSpec, &kernel));
  llsaVariantDestroy(variant);
  printf("llsa %s, target %.40s, workspace %zu bytes\n", llsaVersion(),
         llsaKernelTarget(kernel), llsaKernelWorkspaceBytes(kernel));

  const size_t count = (size_t)B * H * N * D;
  float *q = randomValues(count, 1), *k = randomValues(count, 2);
  float *v = randomValues(count, 3), *o = allocate(count);
  float *lse = allocate((size_t)B * H * N);
  int64_t shape[] = {B, H, N, D};
  DLTensor tq = tensor(q, 4, shape), tk = tensor(k, 4, shape);
  DLTensor tv = tensor(v, 4, shape), to = tensor(o, 4, shape);
  DLTensor tlse = tensor(lse, 3, shape);
  DLTensor *inputs[] = {&tq, &tk, &tv}, *outputs[] = {&to, &tlse};
  check(llsaKernelLaunch(kernel, inputs, 3, outputs, 2, NULL, 0, NULL));

  double checksum = 0;
  int bad = 0;
  for (int h = 0; h < H; ++h) {
    for (int d = 0; d < D; ++d) {
      size_t first = (size_t)h * N * D + d;
      float low = v[first], high = v[first];
      for (size_t i = 0; i < N; ++i) {
        low = fminf(low, v[first + i * D]);
        high = fmaxf(high, v[first + i * D]);
      }
      for (size_t i = 0; i < N; ++i) {
        float value = o[first + i * D];
        bad += !(value >= low - 1e-4f && value <= high + 1e-4f);
        checksum += value;
      }
    }
  }
  for (size_t i = 0; i < (size_t)B * H * N; ++i)
    bad += !isfinite(lse[i]);
  printf("checksum of o %.6f, %d values out of bounds\n", checksum, bad);

  free(q), free(k), free(v), free(o), free(lse);
  llsaContextDestroy(context);
  return bad ? 1 : 0;
}

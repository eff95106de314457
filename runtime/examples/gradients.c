/*===- gradients.c - forward and backward from C ------------------*- C -*-===*\

  Compiles the two passes of a variant, runs the forward that keeps what the
  backward needs, then the backward, and checks dv: o is linear in v, so for
  the loss sum(do * o) and any change of v, sum(dv * change) is by how much the
  loss changes.

      example-gradients-c kernels/variants/llsa.mlir

\*===----------------------------------------------------------------------===*/
#include "llsa.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both passes have one spec but for `pass`. */
#define SPEC "B=1,H=2,N=1000,D=32,dtype=f32,levels=1,block=16,topk=4"

/* Prints an error and ends the program; does nothing without one. */
static void check(LlsaError *error) {
  if (!error)
    return;
  fprintf(stderr, "gradients: %s\n", llsaErrorMessage(error));
  llsaErrorFree(error);
  exit(1);
}

/* A row-major tensor with memory of its own, and the name by which both passes
   know it. */
typedef struct Tensor {
  char name[32];
  int64_t shape[4];
  size_t count;
  DLTensor view;
} Tensor;

enum { MAX_TENSORS = 32 };
static Tensor tensors[MAX_TENSORS];
static size_t numTensors;

/* The tensor of this name; made when it is not there. */
static DLTensor *tensorFor(const LlsaTensorInfo *info) {
  for (size_t i = 0; i < numTensors; ++i)
    if (strcmp(tensors[i].name, info->name) == 0)
      return &tensors[i].view;
  Tensor *made = &tensors[numTensors++];
  if (numTensors > MAX_TENSORS || info->ndim > 4) {
    fprintf(stderr, "gradients: more tensors than expected\n");
    exit(1);
  }
  snprintf(made->name, sizeof made->name, "%s", info->name);
  made->count = 1;
  for (int d = 0; d < info->ndim; ++d)
    made->count *= (size_t)(made->shape[d] = info->shape[d]);
  made->view.data = calloc(made->count, info->dtype.bits / 8);
  made->view.device.device_type = kDLCPU;
  made->view.ndim = info->ndim;
  made->view.dtype = info->dtype;
  made->view.shape = made->shape; /* strides stay null: row-major */
  if (!made->view.data) {
    fprintf(stderr, "gradients: out of memory\n");
    exit(1);
  }
  return &made->view;
}

/* Finds or makes what a kernel takes and gives, and runs it. */
static void launch(const LlsaKernel *kernel) {
  DLTensor *inputs[MAX_TENSORS], *outputs[MAX_TENSORS];
  size_t numInputs = llsaKernelNumInputs(kernel);
  size_t numOutputs = llsaKernelNumOutputs(kernel);
  LlsaTensorInfo info;
  for (size_t i = 0; i < numInputs; ++i) {
    check(llsaKernelInput(kernel, i, &info));
    inputs[i] = tensorFor(&info);
  }
  for (size_t i = 0; i < numOutputs; ++i) {
    check(llsaKernelOutput(kernel, i, &info));
    outputs[i] = tensorFor(&info);
  }
  check(llsaKernelLaunch(kernel, inputs, numInputs, outputs, numOutputs, NULL,
                         0, NULL));
}

static Tensor *named(const char *name) {
  for (size_t i = 0; i < numTensors; ++i)
    if (strcmp(tensors[i].name, name) == 0)
      return &tensors[i];
  fprintf(stderr, "gradients: no kernel has a tensor '%s'\n", name);
  exit(1);
}

static float *floatsOf(const char *name) { return named(name)->view.data; }

/* Uniform in [-1, 1), the same on every machine. */
static float randomValue(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (float)(int32_t)(*state >> 32) / 2147483648.0f;
}

static double product(const float *x, const float *y, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i)
    sum += (double)x[i] * y[i];
  return sum;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s VARIANT.mlir\n", argv[0]);
    return 2;
  }
  LlsaContext *context;
  LlsaVariant *variant;
  LlsaKernel *forward, *backward;
  check(llsaContextCreate(NULL, &context));
  check(llsaVariantLoad(argv[1], &variant));
  check(llsaKernelGet(context, variant, SPEC ",pass=keep", &forward));
  check(llsaKernelGet(context, variant, SPEC ",pass=backward", &backward));
  llsaVariantDestroy(variant);

  /* The backward takes q, k, v, the gradient "do" of o, and what the forward
     gave; the forward's results are o, lse and what is kept. */
  LlsaTensorInfo info;
  uint64_t state = 1;
  for (size_t i = 0; i < llsaKernelNumInputs(backward); ++i) {
    check(llsaKernelInput(backward, i, &info));
    DLTensor *tensor = tensorFor(&info);
    int isRandom = !strcmp(info.name, "q") || !strcmp(info.name, "k") ||
                   !strcmp(info.name, "v") || !strcmp(info.name, "do");
    for (size_t e = 0; isRandom && e < named(info.name)->count; ++e)
      ((float *)tensor->data)[e] = randomValue(&state);
    printf("the backward takes %s\n", info.name);
  }
  launch(forward);
  launch(backward);

  /* Without what the forward gave there is no backward. */
  LlsaError *refused =
      llsaKernelLaunch(backward, NULL, 0, NULL, 0, NULL, 0, NULL);
  if (!refused || llsaErrorCode(refused) != LLSA_ERROR_INVALID_ARGUMENT)
    return 1;
  printf("as it should: %s\n", llsaErrorMessage(refused));
  llsaErrorFree(refused);

  size_t numValues = named("v")->count, numResults = named("o")->count;
  double before = product(floatsOf("do"), floatsOf("o"), numResults);
  double expected = 0;
  for (size_t e = 0; e < numValues; ++e) {
    float change = randomValue(&state);
    floatsOf("v")[e] += change;
    expected += (double)floatsOf("dv")[e] * change;
  }
  launch(forward);
  double after = product(floatsOf("do"), floatsOf("o"), numResults);
  int bad = !(fabs(after - before - expected) <= 1e-3 * (1 + fabs(expected)));
  for (size_t e = 0; e < numValues; ++e)
    bad |= !isfinite(floatsOf("dq")[e]) || !isfinite(floatsOf("dk")[e]);
  printf("the loss changes by %.4f, its gradient says %.4f\n", after - before,
         expected);

  for (size_t i = 0; i < numTensors; ++i)
    free(tensors[i].view.data);
  llsaContextDestroy(context);
  return bad;
}

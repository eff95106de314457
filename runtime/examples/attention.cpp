//===- attention.cpp - one attention from C++ -------------------*- C++ -*-===//
//
// As attention.c, with what C++ makes easier: owners that free, tensors in
// [B, N, H, D] order (strides do it), a workspace of one's own, and a kernel
// that is asked what it takes. Also shows that an error is an object.
//
//     example-attention-cpp kernels/variants/llsa.mlir
//
//===----------------------------------------------------------------------===//
#include "llsa.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

namespace {

constexpr int64_t kHeads = 4, kTokens = 1000, kDim = 32;
constexpr const char *kSpec =
    "B=1,H=4,N=1000,D=32,dtype=f32,levels=1,block=16,topk=4";

struct Deleter {
  void operator()(LlsaContext *p) const { llsaContextDestroy(p); }
  void operator()(LlsaVariant *p) const { llsaVariantDestroy(p); }
  void operator()(LlsaError *p) const { llsaErrorFree(p); }
  void operator()(void *p) const { std::free(p); }
};
template <typename T> using Owner = std::unique_ptr<T, Deleter>;

/// Ends the program with the error's message, if there is an error.
void check(LlsaError *raw) {
  Owner<LlsaError> error(raw);
  if (!error)
    return;
  std::fprintf(stderr, "attention: %s\n", llsaErrorMessage(error.get()));
  std::exit(1);
}

/// Memory in [B, N, H, D] order, seen as [B, H, N, D]; lse as [B, H, N].
struct TokenMajor {
  std::vector<int64_t> shape, strides;
  std::vector<float> data;
  DLTensor view{};

  explicit TokenMajor(const LlsaTensorInfo &info)
      : shape(info.shape, info.shape + info.ndim) {
    int64_t width = info.ndim == 4 ? shape[3] : 1;
    if (info.ndim == 4)
      strides = {shape[1] * shape[2] * width, width, shape[1] * width, 1};
    size_t count = 1;
    for (int64_t size : shape)
      count *= size_t(size);
    data.resize(count);
    view.data = data.data();
    view.device.device_type = kDLCPU;
    view.dtype = info.dtype;
    view.ndim = info.ndim;
    view.shape = shape.data();
    view.strides = strides.empty() ? nullptr : strides.data();
  }
  float at(int64_t head, int64_t token, int64_t channel) const {
    return data[size_t((token * kHeads + head) * kDim + channel)];
  }
};

/// Does every o[head, :, channel] stay within the values of v's channel?
bool withinBounds(const TokenMajor &v, const TokenMajor &o) {
  for (int64_t head = 0; head < kHeads; ++head)
    for (int64_t channel = 0; channel < kDim; ++channel) {
      float low = INFINITY, high = -INFINITY;
      for (int64_t token = 0; token < kTokens; ++token) {
        low = std::min(low, v.at(head, token, channel));
        high = std::max(high, v.at(head, token, channel));
      }
      for (int64_t token = 0; token < kTokens; ++token) {
        float value = o.at(head, token, channel);
        if (!(value >= low - 1e-4f && value <= high + 1e-4f))
          return false;
      }
    }
  return true;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s VARIANT.mlir\n", argv[0]);
    return 2;
  }
  LlsaContext *rawContext;
  check(llsaContextCreate(nullptr, &rawContext));
  Owner<LlsaContext> context(rawContext);
  LlsaVariant *rawVariant;
  check(llsaVariantLoad(argv[1], &rawVariant));
  Owner<LlsaVariant> variant(rawVariant);

  LlsaKernel *kernel; // the context's
  Owner<LlsaError> refused(llsaKernelGet(
      context.get(), variant.get(), "B=1,H=4,N=0,D=32,dtype=f32", &kernel));
  if (!refused || llsaErrorCode(refused.get()) != LLSA_ERROR_INVALID_ARGUMENT)
    return 1;
  std::printf("as it should: %s\n", llsaErrorMessage(refused.get()));
  check(llsaKernelGet(context.get(), variant.get(), kSpec, &kernel));

  std::vector<std::unique_ptr<TokenMajor>> tensors;
  std::vector<DLTensor *> inputs, outputs;
  std::mt19937 random(1);
  LlsaTensorInfo info;
  for (size_t i = 0; i < llsaKernelNumInputs(kernel); ++i) {
    check(llsaKernelInput(kernel, i, &info));
    tensors.push_back(std::make_unique<TokenMajor>(info));
    for (float &value : tensors.back()->data)
      value = float(int32_t(random())) / 2147483648.0f;
    inputs.push_back(&tensors.back()->view);
  }
  const TokenMajor &v = *tensors.back();
  const TokenMajor *o = nullptr;
  for (size_t i = 0; i < llsaKernelNumOutputs(kernel); ++i) {
    check(llsaKernelOutput(kernel, i, &info));
    tensors.push_back(std::make_unique<TokenMajor>(info));
    if (std::strcmp(info.name, "o") == 0)
      o = tensors.back().get();
    outputs.push_back(&tensors.back()->view);
  }
  if (!o)
    return 1;

  size_t bytes = (llsaKernelWorkspaceBytes(kernel) + 63) / 64 * 64 + 64;
  Owner<void> workspace(std::aligned_alloc(64, bytes));
  check(llsaKernelLaunch(kernel, inputs.data(), inputs.size(), outputs.data(),
                         outputs.size(), workspace.get(), bytes, nullptr));

  double checksum = 0;
  for (float value : o->data)
    checksum += value;
  bool good = withinBounds(v, *o);
  std::printf("checksum of o %.6f, %s\n", checksum,
              good ? "within bounds" : "OUT OF BOUNDS");
  return good ? 0 : 1;
}

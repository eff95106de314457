//===- Oracles.cpp - plain CUDA kernels, correct before fast --------------===//
#include "kernels/oracles/Oracles.h"

#include "runtime/cuda/Assembler.h"
#include "runtime/cuda/Nvrtc.h"
#include <fmt/format.h>

using namespace llvm;
using namespace llsa::rt;

namespace llsa::oracles {

// The .cu files, each as a string; made by CMake.
#include "kernels/oracles/OracleSources.inc"

Expected<std::string> compileOracles(ElementType type, StringRef target) {
  if (type == ElementType::I32)
    return createStringError(inconvertibleErrorCode(),
                             "oracles: expected f32, bf16 or f16, got i32");
  Expected<Nvrtc> compiler = Nvrtc::open();
  if (!compiler)
    return compiler.takeError();
  // #line keeps the names of the files in messages.
  std::string text = "#define INFINITY __int_as_float(0x7f800000)\n";
  for (auto [name, source] : kSources)
    text += fmt::format("#line 1 \"{}\"\n{}\n", name, source);
  int element = type == ElementType::F32    ? 0
                : type == ElementType::BF16 ? 1
                                            : 2;
  return compiler->compile({"oracles.cu", std::move(text)}, target,
                           {fmt::format("-DELEMENT={}", element)});
}

Expected<Oracles> Oracles::create(std::shared_ptr<const CudaDevice> device,
                                  ElementType type) {
  Expected<std::string> ptx = compileOracles(type, device->target());
  if (!ptx)
    return ptx.takeError();
  // NVRTC may write PTX that is too new for the driver; an assembler that fits
  // the driver's release is not.
  auto assembler = Assembler::find(device->target(), device);
  if (!assembler)
    return assembler.takeError();
  Expected<AssembledCode> code = (*assembler)->assemble(*ptx, device->target());
  if (!code)
    return code.takeError();
  Oracles oracles;
  oracles.device = device;
  CudaDevice::Scope scope(*device);
  const CudaDriver &cu = device->driver();
  if (Error error =
          cu.check(cu.ModuleLoadDataEx(&oracles.module, code->cubin.c_str(), 0,
                                       nullptr, nullptr),
                   "oracles: cannot load their code"))
    return std::move(error);
  return oracles;
}

Oracles::Oracles(Oracles &&other)
    : device(std::move(other.device)), module(other.module) {
  other.module = nullptr;
}

Oracles::~Oracles() {
  if (!module)
    return;
  CudaDevice::Scope scope(*device);
  device->driver().ModuleUnload(module);
}

Error Oracles::launch(const char *kernel, int64_t threads,
                      ArrayRef<void *> params) const {
  constexpr int64_t kThreads = 256;
  const CudaDriver &cu = device->driver();
  CUfunction function = nullptr;
  CUresult result = cu.ModuleGetFunction(&function, module, kernel);
  CUlaunchConfig config{};
  config.gridDimX = unsigned((threads + kThreads - 1) / kThreads);
  config.gridDimY = config.gridDimZ = 1;
  config.blockDimX = unsigned(kThreads);
  config.blockDimY = config.blockDimZ = 1;
  std::vector<void *> mutableParams(params.begin(), params.end());
  if (result == 0)
    result =
        cu.LaunchKernelEx(&config, function, mutableParams.data(), nullptr);
  return cu.check(result, fmt::format("oracle '{}': cannot launch", kernel));
}

Error Oracles::wait() const {
  const CudaDriver &cu = device->driver();
  return cu.check(cu.StreamSynchronize(nullptr), "an oracle has failed");
}

Error Oracles::pool(const void *x, void *y, int64_t heads, int64_t tokens,
                    int64_t dim, int64_t block) const {
  CudaDevice::Scope scope(*device);
  int64_t pooled = (tokens + block - 1) / block;
  if (Error error = launch("pool", heads * pooled * dim,
                           {&x, &y, &heads, &tokens, &dim, &block}))
    return error;
  return wait();
}

Error Oracles::select(const Sizes &sizes, const void *q, const void *k,
                      int64_t keys, int64_t topk, Within within,
                      void *indices) const {
  CudaDevice::Scope scope(*device);
  int64_t heads = sizes.queryRows(), keyHeads = sizes.keyRows();
  int64_t queries = sizes.queries, dim = sizes.dim;
  if (Error error = launch("select", heads * queries,
                           {&q, &k, &within.indices, &indices, &heads, &queries,
                            &keyHeads, &keys, &dim, &topk, &within.block,
                            &within.entries}))
    return error;
  return wait();
}

Error Oracles::attend(const Sizes &sizes, const void *q,
                      ArrayRef<Source> sources, int64_t tokens, float scale,
                      void *o, void *lse) const {
  CudaDevice::Scope scope(*device);
  int64_t heads = sizes.queryRows(), keyHeads = sizes.keyRows();
  int64_t queries = sizes.queries, dim = sizes.dim, rows = heads * queries;
  Expected<CudaMemory> state =
      CudaMemory::allocate(device, rows * (dim + 2) * int64_t(sizeof(float)));
  if (!state)
    return state.takeError();
  float *outputs = static_cast<float *>(state->data());
  float *maxima = outputs + rows * dim, *sums = maxima + rows;
  int isFirst = 1;
  for (Source source : sources) {
    if (Error error = launch("attend", rows * 32,
                             {&q,
                              &source.keys,
                              &source.values,
                              &source.indices,
                              &maxima,
                              &sums,
                              &outputs,
                              &heads,
                              &queries,
                              &keyHeads,
                              &source.numKeys,
                              &dim,
                              &source.block,
                              &source.every,
                              &source.entries,
                              &source.before,
                              &source.after,
                              &source.span,
                              &tokens,
                              &source.weight,
                              &scale,
                              &isFirst}))
      return error;
    isFirst = 0;
  }
  if (Error error = launch("finish", rows * dim,
                           {&maxima, &sums, &outputs, &o, &lse, &rows, &dim}))
    return error;
  return wait();
}

} // namespace llsa::oracles

//===- GpuTesting.h - kernels on a real GPU ---------------------*- C++ -*-===//
#ifndef LLSA_TEST_GPU_GPUTESTING_H
#define LLSA_TEST_GPU_GPUTESTING_H

#include "runtime/jit/Jit.h"
#include "tools/llsa-run/DeviceTensors.h"
#include "tools/llsa-run/Kernel.h"
#include <cstring>
#include <gtest/gtest.h>

namespace llsa::test {

/// A shape with all that a fast kernel has.
inline constexpr const char *kSpec =
    "B=1,H=4,N=4096,D=64,dtype=bf16,levels=2,block=16,topk=8";

inline std::string message(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "";
}

/// The value; fails the test and ends the program when there is none.
template <typename T> T get(llvm::Expected<T> value) {
  if (!value) {
    ADD_FAILURE() << llvm::toString(value.takeError());
    std::abort();
  }
  return std::move(*value);
}

/// Skips, saying why, where there is no GPU.
struct GpuTest : testing::Test {
  std::shared_ptr<const rt::CudaDevice> device;
  void SetUp() override {
    auto opened = rt::CudaDevice::open(0);
    if (!opened)
      GTEST_SKIP() << llvm::toString(opened.takeError());
    device = std::move(*opened);
  }
};

inline rt::JitOptions jitOptions(const std::string &target = "cuda") {
  rt::JitOptions options;
  options.threads = 2;
  options.target = target;
  return options;
}

/// A kernel with inputs, on the GPU, and outputs that hold garbage.
struct GpuRun {
  KernelSpec spec;
  rt::Jit jit;
  rt::Variant variant;
  rt::Jit::KernelPtr kernel;
  tools::Inputs inputs;
  tools::NamedTensors outputs;
  tools::DeviceTensors tensors;

  GpuRun(rt::Variant source, const std::string &specText,
         tools::Layout layout = tools::Layout::Contiguous,
         const std::string &target = "cuda")
      : spec(get(KernelSpec::parse(specText))), jit(jitOptions(target)),
        variant(std::move(source)), kernel(get(jit.get(variant, spec))),
        inputs(get(tools::makeInputs(
            {tools::InputSource::Kind::Structured, "", 1}, spec,
            get(tools::makeInterpreter(variant, spec, "cpu")).inputs(),
            layout))),
        outputs(get(tools::makeOutputs(kernel->program(), layout))),
        tensors(get(tools::DeviceTensors::create(*kernel->cuda(),
                                                 inputs.tensors, outputs))) {}

  const rt::CudaExecutor &executor() const { return *kernel->cuda(); }
  llvm::Error run(void *workspace = nullptr, int64_t bytes = 0,
                  rt::CUstream stream = nullptr) const {
    return executor().run(tensors.inputs(), tensors.outputs(), workspace, bytes,
                          stream);
  }
  /// Runs and fetches the outputs.
  void finish() {
    ASSERT_EQ(message(run()), "");
    ASSERT_EQ(message(tensors.copyOutputs()), "");
  }
  /// The bits of all outputs as they are on the host, one after the other.
  std::string bits() const {
    std::string all;
    for (const auto &[name, tensor] : outputs)
      all.append(static_cast<const char *>(tensor.data()),
                 size_t(tensor.numBytes()));
    return all;
  }
};

inline rt::Variant shippedVariant(const std::string &name) {
  return get(rt::Variant::fromFile(std::string(LLSA_VARIANTS) + "/" + name));
}

/// A stream that does not wait for the default one.
class Stream {
public:
  explicit Stream(const rt::CudaDevice &device) : device(device) {
    rt::CudaDevice::Scope scope(device);
    EXPECT_EQ(device.driver().StreamCreate(&handle, /*non-blocking*/ 1), 0);
  }
  ~Stream() {
    rt::CudaDevice::Scope scope(device);
    device.driver().StreamDestroy(handle);
  }
  void wait() const {
    rt::CudaDevice::Scope scope(device);
    EXPECT_EQ(device.driver().StreamSynchronize(handle), 0);
  }
  rt::CUstream handle = nullptr;

private:
  const rt::CudaDevice &device;
};

} // namespace llsa::test

#endif // LLSA_TEST_GPU_GPUTESTING_H

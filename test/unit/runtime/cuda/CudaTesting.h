//===- CudaTesting.h - tests on the fake driver -----------------*- C++ -*-===//
#ifndef LLSA_TEST_UNIT_RUNTIME_CUDA_CUDATESTING_H
#define LLSA_TEST_UNIT_RUNTIME_CUDA_CUDATESTING_H

#include "runtime/cuda/CudaDevice.h"
#include "test/unit/runtime/Testing.h"
#include "test/unit/runtime/cuda/FakeDriver.h"
#include <dlfcn.h>

namespace llsa::test {

/// The fake's state.
inline FakeCuda &fake() {
  static FakeCuda *state = static_cast<FakeCuda *>(
      dlsym(dlopen(LLSA_FAKE_DRIVER, RTLD_NOW), "fakeCuda"));
  return *state;
}

/// Every test begins with a healthy fake, no assembler but the driver's, and no
/// cache.
struct CudaTest : testing::Test {
  Setting driver{"LLSA_CUDA_DRIVER", LLSA_FAKE_DRIVER};
  Setting linker{"LLSA_NVJITLINK", "off"}, ptxas{"LLSA_PTXAS", "off"};
  Setting sync{"LLSA_CUDA_SYNC", nullptr};
  Setting lanes{"LLSA_CUDA_LANES", nullptr};
  /// Launches one by one, but for what tests graphs.
  Setting graphs{"LLSA_CUDA_GRAPHS", "0"};
  CudaTest() { fake() = FakeCuda(); }
};

/// Device memory like a Floats.
struct DeviceFloats {
  Floats host;
  rt::CudaMemory memory;
  DeviceFloats(std::vector<int64_t> shape, unsigned seed, int ordinal = 0)
      : host(std::move(shape), seed) {
    memory = get(rt::CudaMemory::allocate(get(rt::CudaDevice::open(ordinal)),
                                          int64_t(host.data.size() * 4)));
    EXPECT_EQ(message(memory.copyFrom(host.data.data())), "");
  }
  Tensor tensor() { return {memory.data(), ElementType::F32, host.shape, {}}; }
};

} // namespace llsa::test

#endif // LLSA_TEST_UNIT_RUNTIME_CUDA_CUDATESTING_H

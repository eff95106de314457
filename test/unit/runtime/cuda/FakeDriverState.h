//===- FakeDriverState.h - what the fake's two halves share -----*- C++ -*-===//
//
// FakeDriver.cpp has devices, contexts, code and memory, FakeStreams.cpp what
// is launched, and in which order.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TEST_UNIT_RUNTIME_CUDA_FAKEDRIVERSTATE_H
#define LLSA_TEST_UNIT_RUNTIME_CUDA_FAKEDRIVERSTATE_H

#include "runtime/cuda/CudaDriver.h"
#include "test/unit/runtime/cuda/FakeDriver.h"
#include <mutex>

#define FAKE extern "C" __attribute__((visibility("default")))

FAKE llsa::test::FakeCuda fakeCuda;

namespace llsa::test::fake {

constexpr rt::CUresult kInvalidValue = 1, kInvalidContext = 201;

extern std::mutex mutex;

/// The primary context of device number `ordinal`, and another one of GPU 0.
inline rt::CUcontext primaryContext(int ordinal) {
  return reinterpret_cast<rt::CUcontext>(uintptr_t(100 + ordinal));
}
inline const rt::CUcontext kAnotherContext =
    reinterpret_cast<rt::CUcontext>(uintptr_t(99));

/// The mutex must be held.
rt::CUcontext currentContext();

/// Counts down to a failure.
bool usesUp(int &left);

} // namespace llsa::test::fake

#endif // LLSA_TEST_UNIT_RUNTIME_CUDA_FAKEDRIVERSTATE_H

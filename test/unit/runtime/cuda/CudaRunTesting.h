//===- CudaRunTesting.h - runs of a program on the fake driver --*- C++ -*-===//
#ifndef LLSA_TEST_UNIT_RUNTIME_CUDA_CUDARUNTESTING_H
#define LLSA_TEST_UNIT_RUNTIME_CUDA_CUDARUNTESTING_H

#include "runtime/cuda/CudaExecutor.h"
#include "test/unit/runtime/FakeCompiler.h"
#include "test/unit/runtime/cuda/CudaTesting.h"

namespace llsa::test {

inline rt::CUstream stream(uintptr_t number) {
  return reinterpret_cast<rt::CUstream>(number);
}

inline int64_t addressOf(const void *data) {
  return int64_t(reinterpret_cast<uintptr_t>(data));
}

/// The fake program, of two kernels, and tensors for it.
struct CudaRunTest : CudaTest {
  DeviceFloats q{{1, 2, 5, 8}, 1}, k{{1, 2, 5, 8}, 2}, v{{1, 2, 5, 8}, 3};
  DeviceFloats o{{1, 2, 5, 8}, 0}, lse{{1, 2, 5}, 0};
  Tensor in[3] = {q.tensor(), k.tensor(), v.tensor()};
  Tensor out[2] = {o.tensor(), lse.tensor()};

  Program program = fakeGpuProgram(spec("B=1,H=2,N=5,D=8,dtype=f32"));

  std::unique_ptr<rt::CudaExecutor> executor(int ordinal = 0) {
    return get(
        rt::CudaExecutor::create(std::make_shared<const Program>(program),
                                 get(rt::CudaDevice::open(ordinal))));
  }
  std::string run(const rt::CudaExecutor &executor, uintptr_t number = 0) {
    return message(executor.run(in, out, nullptr, 0, stream(number)));
  }
};

} // namespace llsa::test

#endif // LLSA_TEST_UNIT_RUNTIME_CUDA_CUDARUNTESTING_H

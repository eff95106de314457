//===- CudaDriverTest.cpp - what is missing, said once and clearly --------===//
#include "test/unit/runtime/cuda/CudaTesting.h"

using namespace llsa::rt;
using namespace llsa::test;

namespace {

struct CudaDriverTest : CudaTest {};

std::string problem() { return message(CudaDriver::open(LLSA_FAKE_DRIVER)); }

TEST_F(CudaDriverTest, NoDriver) {
  EXPECT_EQ(
      message(CudaDriver::open("libno-such-cuda.so.1")),
      "no NVIDIA driver: expected libno-such-cuda.so.1, but "
      "libno-such-cuda.so.1: cannot open shared object file: No such file "
      "or directory");
}

TEST_F(CudaDriverTest, NoGpu) {
  fake().devices = 0;
  EXPECT_EQ(problem(), "no GPU: the NVIDIA driver finds no device");
  fake().devices = 1;
  fake().initResult = kCudaNoDevice;
  EXPECT_EQ(problem(), "no GPU: the NVIDIA driver finds no device");
}

TEST_F(CudaDriverTest, ADriverTooOldForThePtx) {
  fake().version = 12080;
  EXPECT_EQ(problem(), "the driver is too old: it is that of CUDA 12.8, "
                       "expected 12.9 or newer");
  fake().version = 12090;
  EXPECT_EQ(problem(), "");
}

TEST_F(CudaDriverTest, ALibraryThatIsNoDriver) {
  EXPECT_EQ(message(CudaDriver::open("libm.so.6")),
            "the driver in libm.so.6 has no function cuInit: expected the "
            "driver of CUDA 12.9 or newer");
}

TEST_F(CudaDriverTest, ADriverThatCannotStart) {
  fake().initResult = 803;
  EXPECT_EQ(problem(),
            "the NVIDIA driver cannot start: "
            "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803, a fake's text)");
}

TEST_F(CudaDriverTest, AGpuOlderThanSm80) {
  fake().major = 7;
  fake().minor = 5;
  EXPECT_EQ(message(CudaDevice::open(1)),
            "GPU 1 (Fake GPU) is too old: expected compute capability 8.0 or "
            "newer, got 7.5");
  fake().major = 9;
  fake().minor = 0;
  EXPECT_EQ(get(CudaDevice::open(1))->target(), "sm_90a");
}

TEST_F(CudaDriverTest, TargetsOfGpus) {
  const std::tuple<int, int, const char *> cases[] = {
      {8, 0, "sm_80"},    {8, 6, "sm_80"},    {8, 9, "sm_89"}, {9, 0, "sm_90a"},
      {10, 0, "sm_100a"}, {12, 0, "sm_120a"}, {12, 1, "sm_89"}};
  for (auto [major, minor, target] : cases) {
    fake().major = major;
    fake().minor = minor;
    EXPECT_EQ(get(CudaDevice::open(0))->target(), target);
  }
}

TEST_F(CudaDriverTest, Devices) {
  EXPECT_EQ(message(CudaDevice::open(2)),
            "there is no GPU number 2: expected 0 to 1");
  EXPECT_EQ(get(CudaDevice::parse("cuda"))->ordinal(), 0);
  EXPECT_EQ(get(CudaDevice::parse("cuda:1"))->ordinal(), 1);
  EXPECT_EQ(message(CudaDevice::parse("cuda:x")),
            "device 'cuda:x': expected cuda or cuda:NUMBER");
}

TEST_F(CudaDriverTest, OutOfDeviceMemory) {
  auto device = get(CudaDevice::open(1));
  fake().allocateResult = kCudaOutOfMemory;
  llvm::Error error = CudaMemory::allocate(device, 1000).takeError();
  llvm::handleAllErrors(std::move(error), [](const llvm::ErrorInfoBase &info) {
    EXPECT_EQ(info.convertToErrorCode(), std::errc::not_enough_memory);
    EXPECT_EQ(info.message(),
              "cannot allocate 1000 bytes on GPU 1: CUDA_ERROR_OUT_OF_MEMORY "
              "(2, a fake's text)");
  });
  fake().allocateResult = 0;
  EXPECT_EQ(message(CudaMemory::allocate(device, 1000)), "");
}

} // namespace

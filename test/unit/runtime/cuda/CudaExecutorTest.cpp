//===- CudaExecutorTest.cpp - launches, seen by the driver ----------------===//
#include "test/unit/runtime/cuda/CudaRunTesting.h"
#include <fmt/format.h>
#include <thread>
#include <utility>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

using CudaExecutorTest = CudaRunTest;

TEST_F(CudaExecutorTest, LaunchesEveryStepWithItsParameters) {
  auto kernel = executor();
  int64_t strides[] = {1000, 400, 16, 1};
  DeviceFloats wide({2, 400}, 4);
  in[1] = {wide.memory.data(), ElementType::F32, k.host.shape, strides};
  ASSERT_EQ(run(*kernel, 7), "");
  ASSERT_EQ(fake().numLaunches, 2);
  const FakeLaunch &mean = fake().launches[0], &spread = fake().launches[1];
  EXPECT_STREQ(mean.kernel, "fake_mean");
  EXPECT_EQ(mean.ctas, 2u);
  EXPECT_EQ(mean.threads, 64u);
  EXPECT_EQ(mean.sharedBytes, 4096u);
  EXPECT_EQ(mean.stream, stream(7));
  EXPECT_FALSE(mean.dependent);
  EXPECT_EQ(mean.params[0], addressOf(v.memory.data()));
  EXPECT_EQ(mean.params[1], 80);
  EXPECT_EQ(mean.params[2], 40);
  EXPECT_EQ(mean.params[3], 8);
  EXPECT_STREQ(spread.kernel, "fake_spread");
  EXPECT_TRUE(spread.dependent);
  EXPECT_EQ(spread.params[0], mean.params[4]) << "the same workspace";
  EXPECT_EQ(spread.params[1], addressOf(wide.memory.data()));
  EXPECT_EQ(spread.params[2], 1000);
  EXPECT_EQ(spread.params[3], 400);
  EXPECT_EQ(spread.params[4], 16);
  EXPECT_EQ(spread.params[5], addressOf(o.memory.data()));
  EXPECT_EQ(spread.params[9], addressOf(lse.memory.data()));
  EXPECT_EQ(spread.params[11], 5);
}

TEST_F(CudaExecutorTest, ViewsComeBehindTheParameters) {
  fake().views = 1;
  program.kernels[0].views = {{/*arg=*/1, /*rows=*/2, /*cols=*/8}};
  program.kernels[1].views = {{/*arg=*/2, /*rows=*/16, /*cols=*/8}};
  ASSERT_EQ(run(*executor()), "");
  // A map begins with the address that the fake was given.
  EXPECT_EQ(fake().launches[0].params[5], fake().launches[0].params[4]);
  EXPECT_EQ(fake().launches[1].params[12], addressOf(o.memory.data()));
}

TEST_F(CudaExecutorTest, NoDependentLaunchBeforeSm90) {
  fake().major = 8;
  ASSERT_EQ(run(*executor()), "");
  EXPECT_FALSE(fake().launches[1].dependent);
}

TEST_F(CudaExecutorTest, ARunNeitherWaitsNorAllocatesNorCompiles) {
  auto kernel = executor();
  ASSERT_EQ(run(*kernel), "");
  FakeCuda before = fake();
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().numLaunches, before.numLaunches + 6);
  EXPECT_EQ(fake().synchronisations, before.synchronisations);
  EXPECT_EQ(fake().allocations, before.allocations);
  EXPECT_EQ(fake().poolAllocations, before.poolAllocations);
  EXPECT_EQ(fake().copies, 0);
  EXPECT_EQ(fake().loads, 1);
}

TEST_F(CudaExecutorTest, CubinsOfSeveralKernelsAreAllLoaded) {
  program.codeFormat = "cubin";
  program.code =
      get(packCubins({{"fake_mean", "one"}, {"fake_spread", "two"}}));
  auto kernel = executor();
  EXPECT_EQ(fake().loads, 2);
  ASSERT_EQ(run(*kernel), "");
  EXPECT_STREQ(fake().launches[0].kernel, "fake_mean");
  EXPECT_STREQ(fake().launches[1].kernel, "fake_spread");

  program.code = get(packCubins({{"fake_mean", "one"}, {"others", "two"}}));
  EXPECT_EQ(
      message(CudaExecutor::create(std::make_shared<const Program>(program),
                                   get(CudaDevice::open(0)))),
      "kernel 'fake': the code has no kernel 'fake_spread': "
      "CUDA_ERROR_NOT_FOUND (500, a fake's text)");
}

TEST_F(CudaExecutorTest, KnownPlacesAreNotAskedFor) {
  auto kernel = executor();
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().attributes, 5);
  EXPECT_EQ(message(kernel->run(in, out, nullptr, 0, nullptr,
                                CudaExecutor::Places::Known)),
            "");
  EXPECT_EQ(fake().attributes, 5);
}

//===----------------------------------------------------------------------===//
// What a run costs: calls of the driver
//===----------------------------------------------------------------------===//

struct CostTest : CudaExecutorTest {
  /// Calls of one run on a stream, the second one like it.
  int calls(const CudaExecutor &kernel, uintptr_t number, void *workspace,
            CudaExecutor::Places places) {
    auto once = [&] {
      return message(kernel.run(in, out, workspace, workspace ? 4096 : 0,
                                stream(number), places));
    };
    EXPECT_EQ(once(), "");
    int before = fake().calls;
    EXPECT_EQ(once(), "");
    return fake().calls - before;
  }
};

TEST_F(CostTest, ALaunchIsOneCall) {
  auto kernel = executor();
  DeviceFloats workspace({1024}, 0);
  CudaDevice::Scope current(*kernel->device());
  // Two launches, and the questions which context is current, which one the
  // stream's is, and where the workspace is.
  EXPECT_EQ(
      calls(*kernel, 7, workspace.memory.data(), CudaExecutor::Places::Known),
      5);
  EXPECT_EQ(calls(*kernel, 0, nullptr, CudaExecutor::Places::Known), 3)
      << "nothing has to be known of the default stream";
  EXPECT_EQ(calls(*kernel, 7, nullptr, CudaExecutor::Places::Known), 6)
      << "is it captured, and which is it";
  EXPECT_EQ(calls(*kernel, 0, nullptr, CudaExecutor::Places::Check), 8)
      << "where are five tensors";
}

TEST_F(CostTest, AnotherContextIsMadeCurrentAndThenTheOldOne) {
  auto kernel = executor();
  auto second = get(CudaDevice::open(1));
  CudaDevice::Scope other(*second);
  EXPECT_EQ(calls(*kernel, 0, nullptr, CudaExecutor::Places::Known), 5);
  CUcontext now = nullptr;
  kernel->device()->driver().CtxGetCurrent(&now);
  EXPECT_EQ(now, second->primaryContext());
}

TEST_F(CostTest, TensorMapsAreEncodedForNewPlacesAlone) {
  fake().views = 1;
  program.kernels[0].views = {{/*arg=*/1, /*rows=*/2, /*cols=*/8}};
  program.kernels[1].views = {{/*arg=*/2, /*rows=*/16, /*cols=*/8}};
  auto kernel = executor();
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().encodings, 2);
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().encodings, 2);

  // Another place, other strides.
  DeviceFloats second({1, 2, 5, 8}, 0), wide({1, 2, 5, 12}, 0);
  int64_t strides[] = {120, 60, 12, 1};
  Tensor outputs[] = {
      out[0],
      second.tensor(),
      {wide.memory.data(), ElementType::F32, o.host.shape, strides}};
  for (int round = 0; round < 3; ++round)
    for (const Tensor &tensor : outputs) {
      out[0] = tensor;
      ASSERT_EQ(run(*kernel), "");
      EXPECT_EQ(fake().launches[(fake().numLaunches - 1) % 64].params[12],
                addressOf(tensor.data));
    }
  EXPECT_EQ(fake().encodings, 4) << "some are used in turn";

  // More than are kept: each is right nevertheless.
  for (int round = 0; round < 2; ++round)
    for (int64_t offset = 0; offset < 6; ++offset) {
      out[0] = {static_cast<char *>(wide.memory.data()) + 16 * offset,
                ElementType::F32, o.host.shape, strides};
      ASSERT_EQ(run(*kernel), "");
      EXPECT_EQ(fake().launches[(fake().numLaunches - 1) % 64].params[12],
                addressOf(out[0].data));
    }
}

TEST_F(CudaExecutorTest, EveryStreamHasItsWorkspace) {
  auto kernel = executor();
  int before = fake().allocations;
  for (uintptr_t number : {1, 2, 1})
    ASSERT_EQ(run(*kernel, number), "");
  auto workspace = [&](int launch) {
    return fake().launches[launch].params[4];
  };
  EXPECT_NE(workspace(0), workspace(2));
  EXPECT_EQ(workspace(0), workspace(4));
  EXPECT_EQ(fake().poolAllocations, 2);
  EXPECT_EQ(fake().allocations, before);
}

TEST_F(CudaExecutorTest, WorkspaceWithoutPools) {
  fake().pools = 0;
  auto kernel = executor();
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().poolAllocations, 0);
}

TEST_F(CudaExecutorTest, AWorkspaceOfTheCaller) {
  auto kernel = executor();
  CudaMemory memory = get(CudaMemory::allocate(kernel->device(), 1024));
  auto run = [&](void *data, int64_t bytes) {
    return message(kernel->run(in, out, data, bytes, nullptr));
  };
  EXPECT_EQ(run(memory.data(), 1024), "");
  EXPECT_EQ(fake().launches[0].params[4], addressOf(memory.data()) + 64);
  EXPECT_EQ(fake().poolAllocations, 0);
  EXPECT_EQ(run(memory.data(), 100),
            "kernel 'fake': expected a workspace of at least 128 bytes, got "
            "100");
  char *odd = static_cast<char *>(memory.data()) + 64;
  EXPECT_EQ(run(odd, 900),
            fmt::format("kernel 'fake': expected a workspace aligned to 256 "
                        "bytes, got address {}",
                        fmt::ptr(odd)));
}

TEST_F(CudaExecutorTest, AStreamBeingCaptured) {
  auto kernel = executor();
  fake().capturing = true;
  EXPECT_EQ(run(*kernel, 3),
            "kernel 'fake': the stream is being captured, and has no workspace "
            "of 128 bytes yet: expected a workspace, or a run on this stream "
            "before the capture");
  fake().capturing = false;
  EXPECT_EQ(run(*kernel, 3), "");
  fake().capturing = true;
  EXPECT_EQ(run(*kernel, 3), "");
  EXPECT_EQ(fake().poolAllocations, 1);
}

TEST_F(CudaExecutorTest, TensorsElsewhere) {
  auto kernel = executor();
  Tensor host = q.host.tensor();
  std::swap(in[0], host);
  EXPECT_EQ(run(*kernel), "kernel 'fake': 'q' is not in a GPU's memory: "
                          "expected it on GPU 0");
  std::swap(in[0], host);
  DeviceFloats other({1, 2, 5}, 0, /*ordinal=*/1);
  out[1] = other.tensor();
  EXPECT_EQ(run(*kernel),
            "kernel 'fake': 'lse' is on GPU 1: expected it on GPU 0");
  out[1] = lse.tensor();
  EXPECT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().numLaunches, 2) << "nothing was launched before";
}

TEST_F(CudaExecutorTest, MisalignedTensorsAreCopied) {
  auto kernel = executor();
  // k and o begin one element late, and their rows are 9 elements apart.
  DeviceFloats skewK({2, 46}, 5), skewO({2, 46}, 0);
  int64_t strides[] = {92, 46, 9, 1};
  auto skew = [&](DeviceFloats &floats) {
    return Tensor{static_cast<float *>(floats.memory.data()) + 1,
                  ElementType::F32, k.host.shape, strides};
  };
  in[1] = skew(skewK);
  out[0] = skew(skewO);
  ASSERT_EQ(run(*kernel), "");
  const FakeLaunch &spread = fake().launches[1];
  EXPECT_EQ(spread.params[1] % 16, 0);
  EXPECT_EQ(spread.params[2], 80);
  EXPECT_EQ(spread.params[3], 40);
  EXPECT_EQ(spread.params[4], 8);
  const float *packed = reinterpret_cast<const float *>(spread.params[1]);
  for (int h = 0; h < 2; ++h)
    for (int n = 0; n < 5; ++n)
      for (int d = 0; d < 8; ++d)
        EXPECT_EQ(packed[h * 40 + n * 8 + d],
                  skewK.host.data[size_t(1 + h * 46 + n * 9 + d)]);
  // What the kernel leaves in the packed output goes to the caller's rows.
  float *result = reinterpret_cast<float *>(spread.params[5]);
  for (int i = 0; i < 80; ++i)
    result[i] = float(i);
  int poolAllocations = fake().poolAllocations;
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().poolAllocations, poolAllocations) << "copies are kept";
  const float *got = static_cast<const float *>(skewO.memory.data());
  EXPECT_EQ(got[1 + 46 + 9 * 4 + 7], 79.f);
  EXPECT_EQ(got[1 + 8], 0.f) << "between rows nothing is written";
}

TEST_F(CudaExecutorTest, RowsThatRepeatAreCopiedOneByOne) {
  auto kernel = executor();
  DeviceFloats row({9}, 5);
  int64_t strides[] = {0, 0, 0, 1};
  in[1] = {static_cast<float *>(row.memory.data()) + 1, ElementType::F32,
           k.host.shape, strides};
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().copies, 10);
  const float *packed =
      reinterpret_cast<const float *>(fake().launches[1].params[1]);
  for (int i = 0; i < 80; ++i)
    EXPECT_EQ(packed[i], row.host.data[size_t(1 + i % 8)]);
}

TEST_F(CudaExecutorTest, MisalignedTensorsInACapture) {
  auto kernel = executor();
  DeviceFloats skew({81}, 5);
  in[0] = {static_cast<float *>(skew.memory.data()) + 1,
           ElementType::F32,
           q.host.shape,
           {}};
  CudaMemory memory = get(CudaMemory::allocate(kernel->device(), 1024));
  fake().capturing = true;
  EXPECT_EQ(
      message(kernel->run(in, out, memory.data(), 1024, stream(7))),
      "kernel 'fake': the stream is being captured, and has no aligned "
      "copy of 'q' of 320 bytes yet: expected a run on this stream before "
      "the capture");
}

TEST_F(CudaExecutorTest, OutOfDeviceMemory) {
  auto kernel = executor();
  fake().allocateResult = kCudaOutOfMemory;
  EXPECT_EQ(run(*kernel), "kernel 'fake': cannot allocate 128 bytes on GPU 0: "
                          "CUDA_ERROR_OUT_OF_MEMORY (2, a fake's text)");
  fake().allocateResult = 0;
  EXPECT_EQ(run(*kernel), "");
}

// The workspace is there, and the copy of one tensor; that of the next is not.
TEST_F(CudaExecutorTest, OutOfDeviceMemoryInTheMiddle) {
  auto kernel = executor();
  DeviceFloats skewed({81}, 5), another({81}, 6);
  auto misaligned = [&](DeviceFloats &floats) -> Tensor {
    return {static_cast<float *>(floats.memory.data()) + 1,
            ElementType::F32,
            q.host.shape,
            {}};
  };
  Tensor good[] = {in[0], in[1]};
  in[0] = misaligned(skewed);
  in[1] = misaligned(another);
  int before = fake().poolAllocations;
  fake().allocationsLeft = 2;
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(run(*kernel, 7),
              "kernel 'fake': cannot allocate 320 bytes on GPU 0: "
              "CUDA_ERROR_OUT_OF_MEMORY (2, a fake's text)");
  EXPECT_EQ(fake().numLaunches, 0);
  // What needs no more memory runs, on this stream.
  Tensor bad = std::exchange(in[1], good[1]);
  EXPECT_EQ(run(*kernel, 7), "");
  EXPECT_EQ(fake().numLaunches, 2);
  // As does all when there is memory again, and nothing was taken twice.
  in[1] = bad;
  fake().allocationsLeft = -1;
  EXPECT_EQ(run(*kernel, 7), "");
  EXPECT_EQ(fake().numLaunches, 4);
  EXPECT_EQ(fake().poolAllocations - before, 5) << "three blocks, two refusals";
  EXPECT_EQ(run(*kernel, 7), "");
  EXPECT_EQ(fake().poolAllocations - before, 5);
}

// A launch takes memory too, for stacks.
TEST_F(CudaExecutorTest, OutOfDeviceMemoryAtTheSecondLaunch) {
  auto kernel = executor();
  fake().launchesLeft = 1;
  EXPECT_EQ(run(*kernel, 7), "kernel 'fake': cannot launch 'fake_spread': "
                             "CUDA_ERROR_OUT_OF_MEMORY (2, a fake's text)");
  fake().launchesLeft = -1;
  EXPECT_EQ(run(*kernel, 7), "");
  EXPECT_EQ(fake().numLaunches, 3);
}

TEST_F(CudaExecutorTest, AnEarlierKernelHasFailed) {
  auto kernel = executor();
  fake().launchResult = 700;
  EXPECT_EQ(run(*kernel),
            "kernel 'fake': GPU 0 runs nothing any more, because a kernel "
            "before 'fake_mean', of this or another library, has failed "
            "(LLSA_CUDA_SYNC=1 names it if it is ours): "
            "CUDA_ERROR_ILLEGAL_ADDRESS (700, a fake's text)");
}

TEST_F(CudaExecutorTest, WaitingNamesTheKernel) {
  Setting sync("LLSA_CUDA_SYNC", "1");
  auto kernel = executor();
  int before = fake().synchronisations;
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().synchronisations, before + 2);
  fake().synchronizeResult = 700;
  EXPECT_EQ(run(*kernel), "kernel 'fake': 'fake_mean' has failed on GPU 0: "
                          "CUDA_ERROR_ILLEGAL_ADDRESS (700, a fake's text)");
  fake().capturing = true; // nothing can wait in a capture
  EXPECT_EQ(run(*kernel), "");
}

TEST_F(CudaExecutorTest, AStreamOfAnotherGpu) {
  CudaMemory memory = get(CudaMemory::allocate(get(CudaDevice::open(0)), 1024));
  EXPECT_EQ(
      message(executor()->run(in, out, memory.data(), 1024, stream(1001))),
      "kernel 'fake': expected a stream of GPU 0, got one of GPU 1");
  EXPECT_EQ(message(executor()->run(in, out, nullptr, 0, stream(1001))),
            "kernel 'fake': expected a stream of GPU 0, got one of GPU 1");
  EXPECT_EQ(fake().poolAllocations, 0);
}

TEST_F(CudaExecutorTest, AStreamOfAnotherContext) {
  CudaMemory memory = get(CudaMemory::allocate(get(CudaDevice::open(0)), 1024));
  EXPECT_EQ(
      message(executor()->run(in, out, memory.data(), 1024, stream(2001))),
      "kernel 'fake': expected a stream of GPU 0's primary context, got one of "
      "another: CUDA_ERROR_INVALID_HANDLE (400, a fake's text)");
}

TEST_F(CudaExecutorTest, AWorkspaceElsewhere) {
  alignas(256) char host[1024];
  EXPECT_EQ(message(executor()->run(in, out, host, sizeof host, nullptr)),
            "kernel 'fake': 'workspace' is not in a GPU's memory: expected it "
            "on GPU 0");
  CudaMemory memory = get(CudaMemory::allocate(get(CudaDevice::open(1)), 1024));
  EXPECT_EQ(message(executor()->run(in, out, memory.data(), 1024, nullptr)),
            "kernel 'fake': 'workspace' is on GPU 1: expected it on GPU 0");
}

TEST_F(CudaExecutorTest, CodeThatCannotBeLoaded) {
  auto load = [&] {
    return message(CudaExecutor::create(
        std::make_shared<const Program>(program), get(CudaDevice::open(0))));
  };
  fake().loadResult = 222;
  EXPECT_EQ(load(), "kernel 'fake': GPU 0 (Fake GPU) cannot load code for "
                    "sm_90a: CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222, a fake's "
                    "text)");
  fake().loadResult = 0;
  program.kernels[0].sharedBytes = 300000;
  EXPECT_EQ(load(), "kernel 'fake': 'fake_mean' cannot have 300000 bytes of "
                    "shared memory: CUDA_ERROR_INVALID_VALUE (1, a fake's "
                    "text)");
  program.kernels[0].name = "missing";
  EXPECT_EQ(load(), "kernel 'fake': the code has no kernel 'missing': "
                    "CUDA_ERROR_NOT_FOUND (500, a fake's text)");
  program.codeFormat = "elf";
  EXPECT_EQ(load(),
            "kernel 'fake': expected code of format ptx or cubin, got 'elf'");
}

TEST_F(CudaExecutorTest, ThreadsRunOneKernel) {
  auto kernel = executor();
  std::vector<std::thread> threads;
  for (uintptr_t i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 50; ++repeat)
        EXPECT_EQ(run(*kernel, 1 + i % 2), "");
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(fake().numLaunches, 400);
  EXPECT_EQ(fake().poolAllocations, 2);
}

} // namespace

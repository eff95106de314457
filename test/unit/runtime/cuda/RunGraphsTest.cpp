//===- RunGraphsTest.cpp - runs as one launch, seen by the driver ---------===//
#include "test/unit/runtime/cuda/CudaRunTesting.h"
#include <cstring>
#include <thread>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

/// The second kernel alone reads q and writes o.
struct RunGraphsTest : CudaRunTest {
  Setting asGraphs{"LLSA_CUDA_GRAPHS", nullptr};
  DeviceFloats other{{1, 2, 5, 8}, 0};

  RunGraphsTest() { program.kernels[1].dependentLaunch = false; }

  std::string run(const CudaExecutor &executor, uintptr_t number = 7) {
    return CudaRunTest::run(executor, number);
  }
};

TEST_F(RunGraphsTest, LaunchesWhatLaunchesOneByOneWould) {
  fake().views = 1;
  program.kernels[0].views = {{/*arg=*/1, /*rows=*/2, /*cols=*/8}};
  program.kernels[1].views = {{/*arg=*/2, /*rows=*/16, /*cols=*/8}};
  auto kernel = executor();
  Setting oneByOne("LLSA_CUDA_GRAPHS", "0");
  auto plain = executor();
  DeviceFloats workspace({1024}, 0);
  for (const auto &each : {plain.get(), kernel.get()})
    ASSERT_EQ(
        message(each->run(in, out, workspace.memory.data(), 4096, stream(7))),
        "");
  EXPECT_EQ(fake().graphLaunches, 1);
  ASSERT_EQ(fake().numLaunches, 4);
  for (int i : {0, 1}) {
    const FakeLaunch &a = fake().launches[i], &b = fake().launches[2 + i];
    EXPECT_STREQ(a.kernel, b.kernel);
    EXPECT_EQ(a.ctas, b.ctas);
    EXPECT_EQ(a.threads, b.threads);
    EXPECT_EQ(a.sharedBytes, b.sharedBytes);
    EXPECT_EQ(a.stream, b.stream);
    EXPECT_EQ(std::memcmp(a.params, b.params, sizeof(a.params)), 0) << a.kernel;
    EXPECT_EQ(b.follows, (uint64_t(1) << (2 + i)) - 1);
  }
  EXPECT_EQ(fake().graphFlags, 0u) << "all have the stream's priority";
}

TEST_F(RunGraphsTest, ASecondRunSetsWhatHasChangedAlone) {
  auto kernel = executor();
  ASSERT_EQ(run(*kernel), "");
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().graphs, 1);
  EXPECT_EQ(fake().nodeChanges, 0);
  for (auto [tensor, changes] : {std::pair(&other, 1), std::pair(&o, 2)}) {
    out[0] = tensor->tensor();
    ASSERT_EQ(run(*kernel), "");
    EXPECT_EQ(fake().nodeChanges, changes);
    const FakeLaunch &last = fake().launches[fake().numLaunches - 1];
    EXPECT_EQ(last.params[5], addressOf(tensor->memory.data()));
  }
  EXPECT_EQ(fake().graphs, 1);
  EXPECT_EQ(fake().graphLaunches, 4);
}

// Context, the stream's, where the workspace is, captured?, id, graph; of the
// default stream nothing is asked.
TEST_F(RunGraphsTest, WhatARunCosts) {
  auto kernel = executor();
  CudaDevice::Scope current(*kernel->device());
  DeviceFloats workspace({1024}, 0);
  for (auto [number, calls] : {std::pair(7, 6), std::pair(0, 3)}) {
    auto once = [&, number = number] {
      return message(kernel->run(in, out, workspace.memory.data(), 4096,
                                 stream(uintptr_t(number)),
                                 CudaExecutor::Places::Known));
    };
    ASSERT_EQ(once(), "");
    int before = fake().calls;
    ASSERT_EQ(once(), "");
    EXPECT_EQ(fake().calls - before, calls) << number;
  }
}

TEST_F(RunGraphsTest, ARunNeitherWaitsNorAllocatesNorMakesAnything) {
  auto kernel = executor();
  ASSERT_EQ(run(*kernel), "");
  FakeCuda before = fake();
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().graphs, before.graphs);
  EXPECT_EQ(fake().synchronisations, before.synchronisations);
  EXPECT_EQ(fake().allocations, before.allocations);
  EXPECT_EQ(fake().poolAllocations, before.poolAllocations);
}

TEST_F(RunGraphsTest, EveryStreamHasItsOwnUpToEight) {
  auto kernel = executor();
  for (int turn = 0; turn < 2; ++turn)
    for (uintptr_t number : {0, 2, 3, 4, 5, 6, 7, 8, 9})
      ASSERT_EQ(run(*kernel, number), "");
  EXPECT_EQ(fake().graphs, 8);
  EXPECT_EQ(fake().graphLaunches, 18);
  EXPECT_EQ(run(*kernel, 1), "") << "another handle of stream 0";
  kernel.reset();
  EXPECT_EQ(fake().destroyedGraphs, 8);
}

TEST_F(RunGraphsTest, ThreadsOnOneStreamTakeTurns) {
  auto kernel = executor();
  ASSERT_EQ(run(*kernel), "");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 5; ++j)
        EXPECT_EQ(run(*kernel), "");
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(fake().graphs, 1);
  EXPECT_EQ(fake().graphLaunches, 21);
}

TEST_F(RunGraphsTest, ACaptureRecordsLaunches) {
  auto kernel = executor();
  ASSERT_EQ(run(*kernel), ""); // it has its workspace now
  fake().capturing = true;
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().graphLaunches, 1);
  EXPECT_EQ(fake().numLaunches, 4);
}

TEST_F(RunGraphsTest, OneByOneWhereADriverCannotDoIt) {
  for (int nodes : {0, 1, 2}) { // 2: the graph is there, a change fails
    SCOPED_TRACE(nodes);
    fake() = FakeCuda();
    auto kernel = executor();
    fake().nodesLeft = nodes;
    ASSERT_EQ(run(*kernel), "");
    out[0] = other.tensor();
    ASSERT_EQ(run(*kernel), "");
    EXPECT_EQ(fake().graphLaunches, nodes == 2 ? 1 : 0);
    EXPECT_EQ(fake().numLaunches, 4);
    EXPECT_EQ(fake().launches[3].params[5], addressOf(other.memory.data()));
    out[0] = o.tensor();
  }
}

TEST_F(RunGraphsTest, OneByOneWhereThatIsTheSameOrWanted) {
  auto launches = [&](bool asGraph) {
    fake() = FakeCuda();
    auto kernel = executor();
    ASSERT_EQ(run(*kernel), "");
    EXPECT_EQ(fake().graphLaunches, int(asGraph));
  };
  launches(true);
  {
    Setting sync("LLSA_CUDA_SYNC", "1"); // to name a kernel that fails
    launches(false);
  }
  program.kernels[1].dependentLaunch = true; // begins before another has ended
  launches(false);
  program.kernels[1].dependentLaunch = false;
  program.steps.resize(1);
  launches(false);
}

TEST_F(RunGraphsTest, ErrorsSayWhereTheyCameUp) {
  auto kernel = executor();
  fake().launchResult = 700;
  EXPECT_EQ(run(*kernel),
            "kernel 'fake': GPU 0 runs nothing any more, because a kernel "
            "before 'fake_mean' and the kernels behind it, of this or another "
            "library, has failed (LLSA_CUDA_SYNC=1 names it if it is ours): "
            "CUDA_ERROR_ILLEGAL_ADDRESS (700, a fake's text)");
  fake().launchResult = 2;
  EXPECT_EQ(run(*kernel),
            "kernel 'fake': cannot launch 'fake_mean' and the kernels behind "
            "it: CUDA_ERROR_OUT_OF_MEMORY (2, a fake's text)");
  fake().launchResult = 0;
  EXPECT_EQ(run(*kernel), "");
  CudaMemory memory = get(CudaMemory::allocate(get(CudaDevice::open(0)), 1024));
  EXPECT_EQ(message(kernel->run(in, out, memory.data(), 1024, stream(1001))),
            "kernel 'fake': expected a stream of GPU 0, got one of GPU 1");
  EXPECT_EQ(message(kernel->run(in, out, memory.data(), 1024, stream(2001))),
            "kernel 'fake': expected a stream of GPU 0's primary context, got "
            "one of another: CUDA_ERROR_INVALID_HANDLE (400, a fake's text)");
}

} // namespace

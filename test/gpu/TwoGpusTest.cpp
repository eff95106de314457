//===- TwoGpusTest.cpp - a process with several GPUs ----------------------===//
#include "test/gpu/GpuTesting.h"
#include <thread>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

/// Skips where there is one GPU alone.
struct GpuTwoGpusTest : GpuTest {
  std::shared_ptr<const CudaDevice> other;
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped())
      return;
    auto opened = CudaDevice::open(1);
    if (!opened)
      GTEST_SKIP() << llvm::toString(opened.takeError());
    other = std::move(*opened);
  }
  static GpuRun runOn(const std::string &target) {
    return GpuRun(shippedVariant("llsa.mlir"), kSpec, tools::Layout::Contiguous,
                  target);
  }
  std::string expected() {
    GpuRun run = runOn("cuda:0");
    run.finish();
    return run.bits();
  }
  static CudaMemory workspace(const GpuRun &run) {
    return get(CudaMemory::allocate(run.executor().device(),
                                    run.kernel->workspaceBytes()));
  }
};

TEST_F(GpuTwoGpusTest, EachGivesTheSameBits) {
  std::string bits = expected();
  GpuRun run = runOn("cuda:1");
  EXPECT_EQ(run.executor().device()->ordinal(), 1);
  run.finish();
  EXPECT_EQ(run.bits(), bits);
}

// As a model does whose layers lie on several GPUs.
TEST_F(GpuTwoGpusTest, InTurnsFromOneThread) {
  std::string bits = expected();
  GpuRun first = runOn("cuda:0"), second = runOn("cuda:1");
  for (const auto &current : {device, other}) {
    CudaDevice::Scope scope(*current);
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(message(first.run()), "");
      ASSERT_EQ(message(second.run()), "");
      CUcontext now = nullptr;
      ASSERT_EQ(device->driver().CtxGetCurrent(&now), 0);
      ASSERT_EQ(now, current->primaryContext()) << "what was current stays so";
    }
    for (GpuRun *run : {&first, &second}) {
      ASSERT_EQ(message(run->tensors.copyOutputs()), "");
      EXPECT_EQ(run->bits(), bits);
    }
  }
}

TEST_F(GpuTwoGpusTest, AtOnceFromTwoThreads) {
  std::string bits = expected(), errors[2];
  GpuRun runs[2] = {runOn("cuda:0"), runOn("cuda:1")};
  Stream streams[2] = {Stream(*device), Stream(*other)};
  std::vector<std::thread> threads;
  for (size_t i : {0, 1})
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 50 && errors[i].empty(); ++repeat)
        errors[i] = message(runs[i].run(nullptr, 0, streams[i].handle));
      streams[i].wait();
    });
  for (std::thread &thread : threads)
    thread.join();
  for (size_t i : {0, 1}) {
    EXPECT_EQ(errors[i], "");
    ASSERT_EQ(message(runs[i].tensors.copyOutputs()), "");
    EXPECT_EQ(runs[i].bits(), bits) << "GPU " << i;
  }
}

TEST_F(GpuTwoGpusTest, ACaptureOnTheOneThatIsNotCurrent) {
  std::string bits = expected();
  GpuRun run = runOn("cuda:1");
  Stream stream(*other);
  CudaMemory memory = workspace(run);
  CudaDevice::Scope scope(*device);
  const CudaDriver &cu = device->driver();
  CUgraph graph = nullptr;
  CUgraphExec executable = nullptr;
  ASSERT_EQ(cu.StreamBeginCapture(stream.handle, /*thread's own*/ 1), 0);
  EXPECT_EQ(message(run.run(memory.data(), memory.size(), stream.handle)), "");
  ASSERT_EQ(cu.StreamEndCapture(stream.handle, &graph), 0);
  ASSERT_EQ(cu.GraphInstantiate(&executable, graph, 0), 0);
  ASSERT_EQ(cu.GraphLaunch(executable, stream.handle), 0);
  stream.wait();
  ASSERT_EQ(message(run.tensors.copyOutputs()), "");
  EXPECT_EQ(run.bits(), bits);
  cu.GraphExecDestroy(executable);
  cu.GraphDestroy(graph);
}

TEST_F(GpuTwoGpusTest, AStreamOfTheOther) {
  std::string bits = expected();
  GpuRun run = runOn("cuda:0");
  Stream stream(*other);
  CudaMemory memory = workspace(run);
  for (void *own : {memory.data(), static_cast<void *>(nullptr)})
    EXPECT_EQ(message(run.run(own, own ? memory.size() : 0, stream.handle)),
              "kernel 'llsa': expected a stream of GPU 0, got one of GPU 1");
  run.finish();
  EXPECT_EQ(run.bits(), bits);
}

TEST_F(GpuTwoGpusTest, TensorsOfTheOther) {
  GpuRun here = runOn("cuda:0"), there = runOn("cuda:1");
  EXPECT_EQ(message(there.executor().run(here.tensors.inputs(),
                                         there.tensors.outputs(), nullptr, 0,
                                         nullptr)),
            "kernel 'llsa': 'q' is on GPU 0: expected it on GPU 1");
  CudaMemory memory = workspace(here);
  EXPECT_EQ(message(there.run(memory.data(), memory.size())),
            "kernel 'llsa': 'workspace' is on GPU 0: expected it on GPU 1");
  there.finish();
}

} // namespace

//===- CudaGraphTest.cpp - streams, graphs, steps, with a fake driver -----===//
#include "runtime/cuda/CudaGraph.h"
#include "runtime/cuda/CudaSteps.h"
#include "test/unit/runtime/Testing.h"
#include <dlfcn.h>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

/// Every test of this program sees the fake.
class CudaGraphTest : public testing::Test {
protected:
  void SetUp() override {
    setenv("LLSA_CUDA_DRIVER", LLSA_FAKE_DRIVER, 1);
    void *library = dlopen(LLSA_FAKE_DRIVER, RTLD_NOW);
    ASSERT_NE(library, nullptr) << dlerror();
    getCalls =
        reinterpret_cast<const char *(*)()>(dlsym(library, "fakeDriverCalls"));
    fail = reinterpret_cast<void (*)(const char *, int)>(
        dlsym(library, "fakeDriverFail"));
    device = get(CudaDevice::open(0));
    fail("", 0);
    calls();
  }

  /// What was called since the last time.
  std::string calls() { return getCalls(); }

  const char *(*getCalls)() = nullptr;
  void (*fail)(const char *, int) = nullptr;
  std::shared_ptr<const CudaDevice> device;
};

TEST_F(CudaGraphTest, AStreamIsEmptiedBeforeItIsDestroyed) {
  { CudaStream stream = get(CudaStream::create(device)); }
  EXPECT_EQ(calls(),
            "cuStreamCreate\ncuStreamSynchronize\ncuStreamDestroy_v2\n");
}

TEST_F(CudaGraphTest, AMovedStreamIsDestroyedOnce) {
  {
    CudaStream stream = get(CudaStream::create(device));
    CudaStream other = std::move(stream);
    stream = std::move(other);
  }
  EXPECT_EQ(calls(),
            "cuStreamCreate\ncuStreamSynchronize\ncuStreamDestroy_v2\n");
}

TEST_F(CudaGraphTest, WorkIsRecordedOnceAndLaunchedOften) {
  CudaStream stream = get(CudaStream::create(device));
  calls();
  int recorded = 0;
  {
    CudaGraph graph = get(CudaGraph::capture(stream, [&](CUstream on) {
      EXPECT_EQ(on, stream.handle());
      ++recorded;
      return llvm::Error::success();
    }));
    EXPECT_EQ(message(graph.launch(stream.handle())), "");
    EXPECT_EQ(message(graph.launch(stream.handle())), "");
  }
  EXPECT_EQ(recorded, 1);
  EXPECT_EQ(
      calls(),
      "cuStreamBeginCapture_v2\ncuStreamEndCapture\n"
      "cuGraphInstantiateWithFlags node priorities\n"
      "cuGraphLaunch\ncuGraphLaunch\ncuGraphExecDestroy\ncuGraphDestroy\n");
}

TEST_F(CudaGraphTest, WorkThatFailsEndsTheRecording) {
  CudaStream stream = get(CudaStream::create(device));
  calls();
  EXPECT_EQ(message(CudaGraph::capture(stream,
                                       [&](CUstream) {
                                         return llvm::createStringError(
                                             llvm::inconvertibleErrorCode(),
                                             "no tensors");
                                       })),
            "no tensors");
  EXPECT_EQ(calls(),
            "cuStreamBeginCapture_v2\ncuStreamEndCapture\ncuGraphDestroy\n");
}

TEST_F(CudaGraphTest, AnErrorOfTheDriverSaysWhatWasTried) {
  CudaStream stream = get(CudaStream::create(device));
  auto nothing = [](CUstream) { return llvm::Error::success(); };
  fail("cuStreamBeginCapture_v2", 900);
  EXPECT_EQ(message(CudaGraph::capture(stream, nothing)),
            "cannot start to record a graph: A_FAKE_ERROR (900, as asked for)");
  fail("cuStreamEndCapture", 901);
  EXPECT_EQ(message(CudaGraph::capture(stream, nothing)),
            "cannot record a graph: A_FAKE_ERROR (901, as asked for)");
  fail("cuGraphInstantiateWithFlags", 2);
  EXPECT_EQ(message(CudaGraph::capture(stream, nothing)),
            "cannot make a graph ready to launch: A_FAKE_ERROR (2, as asked "
            "for)");
  fail("cuStreamSynchronize", 700);
  EXPECT_EQ(message(stream.synchronize("kernel 'attend' failed")),
            "kernel 'attend' failed: A_FAKE_ERROR (700, as asked for)");
  fail("", 0);
}

TEST_F(CudaGraphTest, TimeIsBetweenTwoEventsAroundTheWork) {
  CudaStream stream = get(CudaStream::create(device));
  calls();
  EXPECT_EQ(get(timeOnStream(
                stream, "work",
                [&] {
                  EXPECT_EQ(calls(),
                            "cuEventCreate\ncuEventCreate\ncuEventRecord\n");
                  return llvm::Error::success();
                })),
            1.5);
  EXPECT_EQ(calls(), "cuEventRecord\ncuEventSynchronize\ncuEventElapsedTime\n"
                     "cuEventDestroy_v2\ncuEventDestroy_v2\n");
}

TEST_F(CudaGraphTest, EventsAreDestroyedWhenTheWorkFails) {
  CudaStream stream = get(CudaStream::create(device));
  calls();
  fail("cuEventSynchronize", 700);
  EXPECT_EQ(message(timeOnStream(stream, "kernel 'pool' failed",
                                 [] { return llvm::Error::success(); })),
            "kernel 'pool' failed: A_FAKE_ERROR (700, as asked for)");
  fail("", 0);
  EXPECT_NE(calls().find("cuEventDestroy_v2\ncuEventDestroy_v2\n"),
            std::string::npos);
}

/// Two kernels, of which the first runs twice; they use the workspace alone.
Program threeSteps() {
  Program program;
  program.variant = "three";
  program.target = "sm_90a";
  program.spec = spec("B=1,H=1,N=16,D=8,dtype=f32");
  program.buffers = {{"w", Buffer::Role::Workspace, ElementType::F32, {64}, 0}};
  program.workspaceBytes = 256;
  for (const char *name : {"pool", "attend"}) {
    Kernel kernel;
    kernel.name = name;
    kernel.ctas = 1;
    program.kernels.push_back(kernel);
  }
  program.steps = {{0, {0}}, {1, {0}}, {0, {0}}};
  program.codeFormat = "cubin";
  program.code = "code";
  return program;
}

TEST_F(CudaGraphTest, AStepAloneIsAProgram) {
  Program one = onlyStep(threeSteps(), 1);
  EXPECT_EQ(message(one.verify()), "");
  ASSERT_EQ(one.steps.size(), 1u);
  EXPECT_EQ(one.steps[0].kernel, 1);
  EXPECT_EQ(one.workspaceBytes, 256);
  EXPECT_EQ(one.code, "code");
}

TEST_F(CudaGraphTest, StepsRunOneByOne) {
  auto executor = get(
      CudaExecutor::create(std::make_shared<Program>(threeSteps()), device));
  CudaSteps steps = get(CudaSteps::create(*executor));
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps.kernel(0).name, "pool");
  EXPECT_EQ(steps.kernel(1).name, "attend");
  CudaMemory workspace = get(CudaMemory::allocate(device, 256));
  calls();
  EXPECT_EQ(message(steps.run(1, {}, {}, workspace, nullptr)), "");
  EXPECT_EQ(message(steps.run(2, {}, {}, workspace, nullptr)), "");
  EXPECT_EQ(calls(), "launch attend\nlaunch pool\n");
  EXPECT_EQ(message(executor->run({}, {}, workspace.data(), 256, nullptr)), "");
  EXPECT_EQ(calls(), "launch pool\nlaunch attend\nlaunch pool\n");
}

} // namespace

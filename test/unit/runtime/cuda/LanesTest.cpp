//===- LanesTest.cpp - steps side by side, seen by the driver -------------===//
#include "runtime/program/StepOrder.h"
#include "test/unit/runtime/cuda/CudaRunTesting.h"
#include <set>
#include <thread>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

/// A program of steps that use nothing, so that any order is right and the one
/// that is asked for can be seen.
Program laneProgram(std::vector<Step> steps) {
  Program program = fakeGpuProgram(spec("B=1,H=2,N=5,D=8,dtype=f32"));
  program.variant = "lanes";
  program.buffers.clear();
  program.workspaceBytes = 0;
  program.kernels.clear();
  for (size_t i = 0; i < steps.size(); ++i) {
    Kernel &kernel = program.kernels.emplace_back();
    kernel.name = std::string(1, char('a' + i));
    kernel.ctas = 1;
    steps[i].kernel = int64_t(i);
  }
  program.steps = std::move(steps);
  EXPECT_EQ(message(program.verify()), "");
  return program;
}

/// b is beside c and d; e waits for it.
std::vector<Step> besideTheMiddle() {
  return {{0, {}, 0, {}},
          {0, {}, 1, {0}},
          {0, {}, 0, {}},
          {0, {}, 0, {}},
          {0, {}, 0, {1}}};
}

/// Lane 1 begins and ends beside the whole of lane 0.
std::vector<Step> besideAll() {
  return {{0, {}, 1, {}},  {0, {}, 0, {}}, {0, {}, 1, {1}},
          {0, {}, 0, {0}}, {0, {}, 1, {}}, {0, {}, 0, {}}};
}

struct LanesTest : CudaTest {
  std::shared_ptr<const CudaDevice> device = get(CudaDevice::open(0));

  std::unique_ptr<CudaExecutor> executor(std::vector<Step> steps) {
    return get(CudaExecutor::create(
        std::make_shared<const Program>(laneProgram(std::move(steps))),
        device));
  }
  std::string run(const CudaExecutor &executor, uintptr_t number = 7) {
    return message(executor.run({}, {}, nullptr, 0, stream(number)));
  }
  /// What a launch of the caller on the stream would follow now.
  uint64_t followedNext(uintptr_t number = 7) {
    CudaDevice::Scope scope(*device);
    CUlaunchConfig config{};
    config.stream = stream(number);
    EXPECT_EQ(device->driver().LaunchKernelEx(
                  &config,
                  reinterpret_cast<CUfunction>(const_cast<char *>("next")),
                  nullptr, nullptr),
              0);
    return fake().launches[(fake().numLaunches - 1) % 64].follows;
  }
  /// Checks that the launches from number `first` on are ordered as lanes and
  /// waits say, and that all of them come behind `before`.
  void expectOrder(const CudaExecutor &executor, int first, uint64_t before) {
    const std::vector<Step> &steps = executor.program().steps;
    StepOrder order(steps);
    for (size_t b = 0; b < steps.size(); ++b) {
      uint64_t expected = before;
      for (size_t a = 0; a < steps.size(); ++a)
        if (order.precedes(a, b))
          expected |= uint64_t(1) << (size_t(first) + a);
      const FakeLaunch &launch = fake().launches[size_t(first) + b];
      EXPECT_EQ(launch.kernel, std::string(1, char('a' + b)));
      EXPECT_EQ(launch.follows, expected) << launch.kernel;
    }
  }
};

TEST_F(LanesTest, StepsWaitForWhatTheyNameAndForNothingElse) {
  for (const std::vector<Step> &steps : {besideTheMiddle(), besideAll()}) {
    auto kernel = executor(steps);
    for (uintptr_t number : {7, 0, 2}) {
      SCOPED_TRACE(number);
      fake().numLaunches = 0;
      fake().hasOrders = false;
      uint64_t before = followedNext(number);
      EXPECT_EQ(before, 0u);
      ASSERT_EQ(run(*kernel, number), "");
      expectOrder(*kernel, 1, 1);
      // What comes next on the stream comes behind all.
      EXPECT_EQ(followedNext(number), (uint64_t(2) << steps.size()) - 1);
      ASSERT_EQ(run(*kernel, number), "");
      expectOrder(*kernel, int(steps.size()) + 2,
                  (uint64_t(4) << steps.size()) - 1);
    }
  }
}

TEST_F(LanesTest, LanesAreStreams) {
  auto kernel = executor(besideTheMiddle());
  ASSERT_EQ(run(*kernel), "");
  for (int i : {0, 2, 3, 4})
    EXPECT_EQ(fake().launches[i].stream, stream(7));
  EXPECT_NE(fake().launches[1].stream, stream(7));
}

TEST_F(LanesTest, ARunNeitherWaitsNorCreates) {
  auto kernel = executor(besideAll());
  EXPECT_EQ(fake().streams, 1) << "when it is loaded";
  EXPECT_EQ(fake().events, 4) << "start, end, two steps that are waited for";
  ASSERT_EQ(run(*kernel), "");
  FakeCuda before = fake();
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().streams, 1);
  EXPECT_EQ(fake().events, 4);
  EXPECT_EQ(fake().synchronisations, before.synchronisations);
  EXPECT_EQ(fake().allocations, before.allocations);
  EXPECT_EQ(fake().poolAllocations, before.poolAllocations);
}

// As few calls as the order needs: of besideTheMiddle(), a and b are recorded
// and waited for, and the end is b's.
TEST_F(LanesTest, WhatLanesCost) {
  auto kernel = executor(besideTheMiddle());
  CudaDevice::Scope current(*device);
  ASSERT_EQ(run(*kernel), "");
  int before = fake().calls;
  ASSERT_EQ(run(*kernel), "");
  // Context, the stream's, captured?, priority and range, five launches, four
  // for the order.
  EXPECT_EQ(fake().calls - before, 14);
}

TEST_F(LanesTest, OneLaneIfTheEnvironmentSaysSo) {
  Setting one("LLSA_CUDA_LANES", "1");
  auto kernel = executor(besideAll());
  EXPECT_EQ(fake().streams, 0);
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().eventRecords, 0);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(fake().launches[i].stream, stream(7));
    EXPECT_EQ(fake().launches[i].follows, (uint64_t(1) << i) - 1);
    EXPECT_EQ(fake().launches[i].priority, FakeLaunch::kNoPriority);
  }
}

TEST_F(LanesTest, OneLaneIfThereIsNoStream) {
  fake().streamsLeft = 0;
  auto kernel = executor(besideAll());
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().numLaunches, 6);
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(fake().launches[i].stream, stream(7));
}

TEST_F(LanesTest, Lane0HasPriority) {
  auto kernel = executor(besideTheMiddle());
  // Of the stream, of lane 0, of lane 1: from -5, the highest, to 0.
  const int cases[][3] = {{0, -1, 0}, {-3, -4, -3}, {-5, -5, -4}};
  for (bool capturing : {false, true})
    for (auto [base, lane0, lane1] : cases) {
      fake().numLaunches = 0;
      fake().hasOrders = false;
      fake().capturing = capturing;
      fake().streamPriority = base;
      ASSERT_EQ(run(*kernel), "");
      for (int i = 0; i < 5; ++i)
        EXPECT_EQ(fake().launches[i].priority, i == 1 ? lane1 : lane0)
            << capturing << " " << base << " " << i;
    }
}

//===----------------------------------------------------------------------===//
// As a graph of their own
//===----------------------------------------------------------------------===//

TEST_F(LanesTest, EdgesOfAGraphOrderThem) {
  Setting asGraph("LLSA_CUDA_GRAPHS", "1");
  for (const std::vector<Step> &steps : {besideTheMiddle(), besideAll()}) {
    auto kernel = executor(steps);
    fake().numLaunches = 0;
    fake().hasOrders = false;
    EXPECT_EQ(followedNext(), 0u);
    ASSERT_EQ(run(*kernel), "");
    expectOrder(*kernel, 1, 1);
    EXPECT_EQ(followedNext(), (uint64_t(2) << steps.size()) - 1);
  }
  EXPECT_EQ(fake().graphLaunches, 2);
  EXPECT_EQ(fake().eventRecords, 0);
}

TEST_F(LanesTest, AGraphHasTheirPriorities) {
  Setting asGraph("LLSA_CUDA_GRAPHS", "1");
  fake().streamPriority = -3;
  auto kernel = executor(besideTheMiddle());
  ASSERT_EQ(run(*kernel), "");
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(fake().launches[i].priority, i == 1 ? -3 : -4) << i;
  EXPECT_EQ(fake().graphFlags, 8u) << "a node's priority, not the stream's";
}

TEST_F(LanesTest, AGraphOfOneLaneIsAChain) {
  Setting asGraph("LLSA_CUDA_GRAPHS", "1"), one("LLSA_CUDA_LANES", "1");
  auto kernel = executor(besideAll());
  ASSERT_EQ(run(*kernel), "");
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(fake().launches[i].follows, (uint64_t(1) << i) - 1);
    EXPECT_EQ(fake().launches[i].priority, FakeLaunch::kNoPriority);
  }
}

//===----------------------------------------------------------------------===//
// Captures
//===----------------------------------------------------------------------===//

TEST_F(LanesTest, ACaptureUsesItsOwnStreamAlone) {
  fake().capturing = true;
  for (const std::vector<Step> &steps : {besideTheMiddle(), besideAll()}) {
    auto kernel = executor(steps);
    fake().numLaunches = 0;
    fake().hasOrders = false;
    // Into an empty graph, and behind something else, twice.
    ASSERT_EQ(run(*kernel), "");
    expectOrder(*kernel, 0, 0);
    int first = int(steps.size());
    EXPECT_EQ(followedNext(), (uint64_t(1) << first) - 1);
    for (int i = 0; i < 2; ++i) {
      first = fake().numLaunches;
      ASSERT_EQ(run(*kernel), "");
      expectOrder(*kernel, first, (uint64_t(1) << first) - 1);
    }
    for (int i = 0; i < fake().numLaunches; ++i)
      EXPECT_EQ(fake().launches[i].stream, stream(7));
    EXPECT_EQ(fake().eventRecords, 0);
  }
}

TEST_F(LanesTest, OneLaneIfADriverCannotSetDependencies) {
  auto &driver = const_cast<CudaDriver &>(device->driver());
  CudaDriver whole = driver;
  fake().capturing = true;
  for (auto forget : std::initializer_list<void (*)(CudaDriver &)>{
           [](CudaDriver &d) { d.StreamGetCaptureInfo = nullptr; },
           [](CudaDriver &d) {
             d.StreamUpdateCaptureDependencies = nullptr;
           }}) {
    forget(driver);
    fake().numLaunches = 0;
    fake().hasOrders = false;
    EXPECT_EQ(run(*executor(besideAll())), "");
    for (int i = 0; i < 6; ++i)
      EXPECT_EQ(fake().launches[i].follows, (uint64_t(1) << i) - 1);
    driver = whole;
  }
  // Without priorities the order is the same.
  driver.GraphKernelNodeGetAttribute = nullptr;
  fake().numLaunches = 0;
  fake().hasOrders = false;
  auto kernel = executor(besideAll());
  EXPECT_EQ(run(*kernel), "");
  expectOrder(*kernel, 0, 0);
  EXPECT_EQ(fake().launches[1].priority, FakeLaunch::kNoPriority);
  driver = whole;
}

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

// Wherever a launch fails: what was launched is waited for by the stream, the
// side stream is given back, and the next run is as if nothing had been.
TEST_F(LanesTest, AFailureInTheMiddleStillJoins) {
  for (bool capturing : {false, true})
    for (const std::vector<Step> &steps : {besideTheMiddle(), besideAll()}) {
      auto kernel = executor(steps);
      fake().capturing = capturing;
      for (int launched = 0; launched < int(steps.size()); ++launched) {
        fake().numLaunches = 0;
        fake().hasOrders = false;
        fake().launchesLeft = launched;
        EXPECT_EQ(run(*kernel),
                  std::string("kernel 'lanes': cannot launch '") +
                      char('a' + launched) +
                      "': CUDA_ERROR_OUT_OF_MEMORY (2, a fake's text)");
        fake().launchesLeft = -1;
        EXPECT_EQ(followedNext(), (uint64_t(1) << launched) - 1) << launched;
        ASSERT_EQ(run(*kernel), "");
        expectOrder(*kernel, launched + 1, (uint64_t(2) << launched) - 1);
      }
      EXPECT_EQ(fake().streams, 1);
    }
}

// Events fail, too, the last ones of all included.
TEST_F(LanesTest, AFailureToOrderIsAnError) {
  auto kernel = executor(besideAll());
  ASSERT_EQ(run(*kernel), "");
  for (int *left : {&fake().recordsLeft, &fake().waitsLeft})
    for (int before = 0; before < 4; ++before) {
      int synchronisations = fake().synchronisations;
      *left = before;
      EXPECT_EQ(run(*kernel),
                "kernel 'lanes': cannot launch kernels side by side: "
                "CUDA_ERROR_OUT_OF_MEMORY (2, a fake's text)");
      *left = -1;
      // Where something is on the side stream that no event can stand for, the
      // host waits for it.
      EXPECT_EQ(fake().synchronisations > synchronisations, before > 0);
    }
  EXPECT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().streams, 1);
}

TEST_F(LanesTest, AStreamOfAnotherGpu) {
  for (const std::vector<Step> &steps : {besideTheMiddle(), besideAll()})
    EXPECT_EQ(run(*executor(steps), 1001),
              "kernel 'lanes': expected a stream of GPU 0, got one of GPU 1");
}

TEST_F(LanesTest, WaitingNamesTheKernel) {
  Setting sync("LLSA_CUDA_SYNC", "1");
  auto kernel = executor(besideTheMiddle());
  ASSERT_EQ(run(*kernel), "");
  EXPECT_EQ(fake().synchronisations, 5);
  fake().synchronizeResult = 700;
  EXPECT_EQ(run(*kernel), "kernel 'lanes': 'a' has failed on GPU 0: "
                          "CUDA_ERROR_ILLEGAL_ADDRESS (700, a fake's text)");
}

//===----------------------------------------------------------------------===//
// Side streams
//===----------------------------------------------------------------------===//

TEST_F(LanesTest, AStreamKeepsItsSideStream) {
  auto kernel = executor(besideTheMiddle());
  auto sideOf = [&](uintptr_t number) {
    EXPECT_EQ(run(*kernel, number), "");
    return fake().launches[(fake().numLaunches - 4) % 64].stream;
  };
  std::set<void *> sides;
  for (int round = 0; round < 3; ++round)
    for (uintptr_t number : {3, 4, 5})
      sides.insert(sideOf(number));
  EXPECT_EQ(sides.size(), 3u);
  EXPECT_EQ(fake().streams, 3);
  EXPECT_EQ(sideOf(4), sideOf(4));
  // However many streams there are, some of them share.
  for (uintptr_t number = 10; number < 60; ++number)
    sideOf(number);
  EXPECT_EQ(fake().streams, 8);
}

TEST_F(LanesTest, ASideStreamIsOneRuns) {
  SideStreams &sides = device->sideStreams();
  auto first = sides.take(stream(3), 2), second = sides.take(stream(3), 2);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->stream, second->stream);
  CUstream handle = first->stream;
  sides.giveBack(std::move(first));
  sides.giveBack(std::move(second));
  EXPECT_EQ(sides.take(stream(3), 5)->events.size(), 5u);
  EXPECT_NE(handle, nullptr);
}

TEST_F(LanesTest, SideStreamsGoWithTheDevice) {
  executor(besideAll());
  int streams = fake().streams, events = fake().events;
  EXPECT_EQ(fake().destroyedStreams, 0);
  device.reset();
  EXPECT_EQ(fake().destroyedStreams, streams);
  EXPECT_EQ(fake().destroyedEvents, events);
}

TEST_F(LanesTest, ThreadsRunOneKernel) {
  auto kernel = executor(besideAll());
  std::vector<std::thread> threads;
  for (uintptr_t i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 50; ++repeat)
        EXPECT_EQ(run(*kernel, 100 + i), "");
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(fake().numLaunches, 4 * 50 * 6);
  EXPECT_LE(fake().streams, 8);
}

} // namespace

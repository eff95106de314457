//===- LanesTest.cpp - kernels side by side -------------------------------===//
#include "runtime/cuda/CudaGraph.h"
#include "runtime/support/Env.h"
#include "test/gpu/GpuTesting.h"
#include <atomic>
#include <cstdlib>
#include <dlfcn.h>
#include <map>
#include <random>
#include <thread>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

constexpr const char *kLaneSpec =
    "B=1,H=4,N=32768,D=64,dtype=bf16,levels=2,block=16,topk=8";

/// A function of the driver that only tests need.
template <typename Function> Function driverFunction(const char *name) {
  static void *library = dlopen(env::cudaDriver().c_str(), RTLD_NOW);
  return reinterpret_cast<Function>(dlsym(library, name));
}

/// While it lives, kernels that are loaded have one lane.
struct OneLane {
  OneLane() { setenv("LLSA_CUDA_LANES", "1", 1); }
  ~OneLane() { unsetenv("LLSA_CUDA_LANES"); }
};

/// The forward that keeps what its backward needs, and the backward: compiled
/// once.
const std::vector<Program> &programs() {
  static const std::vector<Program> programs = [] {
    Jit jit(jitOptions());
    std::vector<Program> both;
    for (const char *pass : {"keep", "backward"})
      both.push_back(get(jit.get(shippedVariant("llsa.mlir"),
                                 get(KernelSpec::parse(std::string(kLaneSpec) +
                                                       ",pass=" + pass))))
                         ->program());
    return both;
  }();
  return programs;
}

/// Both, loaded as the environment says now.
struct Passes {
  std::vector<std::unique_ptr<CudaExecutor>> executors;

  explicit Passes(const std::shared_ptr<const CudaDevice> &device) {
    for (const Program &program : programs())
      executors.push_back(get(CudaExecutor::create(
          std::make_shared<const Program>(program), device)));
  }
};

size_t numAside(const Program &program) {
  return size_t(llvm::count_if(
      program.steps, [](const Step &step) { return step.lane == 1; }));
}

/// Tensors for both passes, and a workspace for each; inputs are random.
struct PassMemory {
  const Passes &passes;
  std::map<std::string, CudaMemory> tensors;
  CudaMemory workspaces[2];

  PassMemory(const Passes &passes, std::shared_ptr<const CudaDevice> device)
      : passes(passes) {
    for (const Program &program : programs())
      for (const Buffer &buffer : program.buffers) {
        if (buffer.role == Buffer::Role::Workspace ||
            tensors.count(buffer.name))
          continue;
        size_t shift = 2000 * tensors.size();
        CudaMemory &own = tensors[buffer.name];
        own = get(CudaMemory::allocate(device, buffer.numBytes()));
        fill(own, buffer.role == Buffer::Role::Output, shift);
      }
    for (size_t i : {0, 1})
      fill(workspaces[i] =
               get(CudaMemory::allocate(device, programs()[i].workspaceBytes)),
           true);
  }
  static void fill(const CudaMemory &memory, bool garbage, size_t shift = 0) {
    std::string bytes(size_t(memory.size()), '\xff');
    // bfloat16 numbers between 2^-8 and 2^1 of both signs, again and again.
    static const std::vector<uint16_t> numbers = [] {
      std::vector<uint16_t> all(99991);
      std::mt19937 random(11);
      for (uint16_t &bits : all)
        bits = uint16_t((random() & 0x8000) | ((random() % 9 + 119) << 7) |
                        (random() & 127));
      return all;
    }();
    size_t period = numbers.size() * sizeof(uint16_t);
    for (size_t at = 0; !garbage && at < bytes.size(); at += period - shift)
      std::memcpy(&bytes[at],
                  reinterpret_cast<const char *>(numbers.data()) + shift,
                  std::min(period - shift, bytes.size() - at));
    EXPECT_EQ(message(memory.copyFrom(bytes.data())), "");
  }
  /// One of the passes.
  std::string run(size_t pass, CUstream stream) const {
    std::vector<Tensor> given[2];
    for (const Buffer &buffer : programs()[pass].buffers)
      if (buffer.role != Buffer::Role::Workspace)
        given[buffer.role == Buffer::Role::Output].push_back(
            {tensors.at(buffer.name).data(), buffer.type, buffer.shape, {}});
    return message(
        passes.executors[pass]->run(given[0], given[1], workspaces[pass].data(),
                                    workspaces[pass].size(), stream));
  }
  /// Both passes, one behind the other.
  std::string run(CUstream stream) const {
    std::string text = run(0, stream);
    return text.empty() ? run(1, stream) : text;
  }
  /// All results, and garbage in their place and in the workspaces.
  std::string take() const {
    std::string all;
    for (size_t i : {0, 1})
      for (const Buffer &buffer : programs()[i].buffers)
        if (buffer.role == Buffer::Role::Output) {
          std::string bytes(size_t(buffer.numBytes()), 0);
          const CudaMemory &memory = tensors.at(buffer.name);
          EXPECT_EQ(message(memory.copyTo(bytes.data())), "");
          fill(memory, true);
          all += bytes;
        }
    for (const CudaMemory &workspace : workspaces)
      fill(workspace, true);
    return all;
  }
};

/// By LLSA_CUDA_GRAPHS: lanes are the edges of a run's own graph, or streams.
struct GpuLanesTest : GpuTest, testing::WithParamInterface<const char *> {
  std::string expected; ///< the results of one lane, kernel by kernel

  void TearDown() override { unsetenv("LLSA_CUDA_GRAPHS"); }
  void SetUp() override {
    GpuTest::SetUp();
    if (IsSkipped())
      return;
    setenv("LLSA_CUDA_GRAPHS", "0", 1);
    OneLane oneLane;
    Passes passes(device);
    PassMemory memory(passes, device);
    ASSERT_EQ(memory.run(nullptr), "");
    expected = memory.take();
    setenv("LLSA_CUDA_GRAPHS", GetParam(), 1);
  }
};

INSTANTIATE_TEST_SUITE_P(, GpuLanesTest, testing::Values("1", "0"));

// The steps of the forward form a chain.
TEST_P(GpuLanesTest, TheBackwardHasThem) {
  EXPECT_EQ(numAside(programs()[0]), 0u) << programs()[0].explain;
  EXPECT_GT(numAside(programs()[1]), 0u) << programs()[1].explain;
}

TEST_P(GpuLanesTest, TheyGiveTheBitsOfOneLane) {
  Passes passes(device);
  PassMemory memory(passes, device);
  Stream stream(*device);
  for (CUstream on : {CUstream(nullptr), stream.handle})
    for (int i = 0; i < 10; ++i) {
      // Runs that nothing separates: inputs, results and workspace are theirs
      // in turn.
      for (int repeat = 0; repeat < 1 + i; ++repeat)
        ASSERT_EQ(memory.run(on), "");
      stream.wait();
      ASSERT_TRUE(memory.take() == expected) << "run " << i;
    }
}

// An input that arrives on the stream just before, and is overwritten just
// behind: lane 1 comes after the one and before the other.
TEST_P(GpuLanesTest, TheStreamsOrderHoldsForThem) {
  Passes passes(device);
  PassMemory memory(passes, device), source(passes, device);
  Stream stream(*device);
  CudaDevice::Scope scope(*device);
  const CudaDriver &cu = device->driver();
  auto set = driverFunction<CUresult (*)(CUdeviceptr, unsigned char, size_t,
                                         CUstream)>("cuMemsetD8Async");
  auto address = [](const CudaMemory &block) {
    return CUdeviceptr(reinterpret_cast<uintptr_t>(block.data()));
  };
  for (int i = 0; i < 10; ++i) {
    for (const char *name : {"q", "k", "v", "do"}) {
      const CudaMemory &to = memory.tensors.at(name),
                       &from = source.tensors.at(name);
      ASSERT_EQ(cu.MemcpyDtoDAsync(address(to), address(from),
                                   size_t(to.size()), stream.handle),
                0);
    }
    ASSERT_EQ(memory.run(stream.handle), "");
    for (const char *name : {"q", "k", "v", "do"}) {
      const CudaMemory &block = memory.tensors.at(name);
      ASSERT_EQ(set(address(block), 0xff, size_t(block.size()), stream.handle),
                0);
    }
    stream.wait();
    ASSERT_TRUE(memory.take() == expected) << "run " << i;
  }
}

TEST_P(GpuLanesTest, AReplayedGraphHasThem) {
  Passes passes(device);
  PassMemory memory(passes, device);
  CudaDevice::Scope scope(*device);
  CudaStream stream = get(CudaStream::create(device));
  CudaGraph graph =
      get(CudaGraph::capture(stream, [&](CUstream on) -> llvm::Error {
        // Twice: the second behind all of the first.
        for (int i = 0; i < 2; ++i)
          if (std::string text = memory.run(on); !text.empty())
            return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                           text);
        return llvm::Error::success();
      }));
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(message(graph.launch(stream.handle())), "");
    ASSERT_EQ(message(stream.synchronize("a graph failed")), "");
    ASSERT_TRUE(memory.take() == expected) << "replay " << i;
  }
}

// The nodes of a graph, and two priorities where there are two lanes: what runs
// beside nothing has the priority of the stream.
TEST_P(GpuLanesTest, AGraphHasTheirPriorities) {
  Passes passes(device);
  PassMemory memory(passes, device);
  CudaDevice::Scope scope(*device);
  const CudaDriver &cu = device->driver();
  auto getNodes =
      driverFunction<CUresult (*)(CUgraph, CUgraphNode *, size_t *)>(
          "cuGraphGetNodes");
  Stream stream(*device);
  for (size_t pass : {0, 1}) {
    CUgraph graph = nullptr;
    ASSERT_EQ(cu.StreamBeginCapture(stream.handle, /*thread-local*/ 1), 0);
    EXPECT_EQ(memory.run(pass, stream.handle), "");
    ASSERT_EQ(cu.StreamEndCapture(stream.handle, &graph), 0);
    size_t count = 0;
    ASSERT_EQ(getNodes(graph, nullptr, &count), 0);
    ASSERT_EQ(count, programs()[pass].steps.size());
    std::vector<CUgraphNode> nodes(count);
    ASSERT_EQ(getNodes(graph, nodes.data(), &count), 0);
    std::map<int, size_t> priorities;
    for (CUgraphNode node : nodes) {
      CUlaunchAttributeValue value{};
      ASSERT_EQ(
          cu.GraphKernelNodeGetAttribute(node, kPriorityAttribute, &value), 0);
      ++priorities[value.number];
    }
    size_t aside = numAside(programs()[pass]);
    std::map<int, size_t> expected = {{0, count}};
    if (aside != 0)
      expected = {{-1, count - aside}, {0, aside}}; // the higher: -1
    EXPECT_EQ(priorities, expected) << "pass " << pass;
    cu.GraphDestroy(graph);
  }
}

TEST_P(GpuLanesTest, AnotherGpuGivesTheSameBits) {
  auto other = CudaDevice::open(1);
  if (!other)
    GTEST_SKIP() << llvm::toString(other.takeError());
  Passes here(device), there(*other);
  PassMemory hereMemory(here, device), thereMemory(there, *other);
  Stream hereStream(*device), thereStream(**other);
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(hereMemory.run(hereStream.handle), "");
    ASSERT_EQ(thereMemory.run(thereStream.handle), "");
    hereStream.wait();
    thereStream.wait();
    ASSERT_TRUE(hereMemory.take() == expected) << "run " << i;
    ASSERT_TRUE(thereMemory.take() == expected) << "run " << i;
  }
}

TEST_P(GpuLanesTest, TwoHostThreadsAtOnce) {
  Passes passes(device);
  std::vector<std::unique_ptr<PassMemory>> memories;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 2; ++i) {
    memories.push_back(std::make_unique<PassMemory>(passes, device));
    streams.push_back(std::make_unique<Stream>(*device));
  }
  std::vector<std::thread> threads;
  std::string errors[2];
  for (size_t i : {0, 1})
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 50 && errors[i].empty(); ++repeat)
        errors[i] = memories[i]->run(streams[i]->handle);
      streams[i]->wait();
    });
  for (std::thread &thread : threads)
    thread.join();
  for (size_t i : {0, 1}) {
    EXPECT_EQ(errors[i], "");
    EXPECT_TRUE(memories[i]->take() == expected) << "thread " << i;
  }
}

// In every mode of a capture: what the other thread does neither spoils it nor
// gets into it.
TEST_P(GpuLanesTest, ACaptureInOneThreadWhileAnotherRuns) {
  Passes passes(device);
  PassMemory captured(passes, device), running(passes, device),
      once(passes, device);
  Stream first(*device), second(*device);
  // Streams whose first run, which makes their graphs, is during a capture.
  Stream fresh[] = {Stream(*device), Stream(*device), Stream(*device)};
  CudaDevice::Scope scope(*device);
  const CudaDriver &cu = device->driver();
  // What a stream's first run creates is there.
  ASSERT_EQ(running.run(second.handle), "");
  second.wait();
  for (int mode : {0, 1, 2}) { // global, thread-local, relaxed
    std::atomic<bool> stop{false};
    std::string error;
    std::atomic<int> runs{0};
    bool isFresh = true;
    std::thread other([&] {
      while (!stop && error.empty()) {
        error = running.run(second.handle);
        if (error.empty() && runs > 8 && std::exchange(isFresh, false))
          error = once.run(fresh[mode].handle);
        if (!error.empty()) // nobody shall wait for more
          runs = 1 << 20;
        // In the global mode nobody may wait.
        if (++runs % 8 == 0 && mode != 0)
          second.wait();
      }
    });
    while (runs == 0)
      std::this_thread::yield();
    std::vector<CUgraph> graphs;
    for (int i = 0; i < 20; ++i) {
      CUgraph graph = nullptr;
      EXPECT_EQ(cu.StreamBeginCapture(first.handle, mode), 0);
      EXPECT_EQ(captured.run(first.handle), "") << "mode " << mode;
      for (int before = runs; i == 0 && runs < before + 12;)
        std::this_thread::yield();
      EXPECT_EQ(cu.StreamEndCapture(first.handle, &graph), 0)
          << "mode " << mode;
      graphs.push_back(graph);
    }
    stop = true;
    other.join();
    second.wait();
    fresh[mode].wait();
    EXPECT_EQ(error, "") << "mode " << mode;
    EXPECT_TRUE(running.take() == expected) << "mode " << mode;
    EXPECT_TRUE(once.take() == expected) << "mode " << mode;
    for (CUgraph graph : {graphs.front(), graphs.back()}) {
      CUgraphExec executable = nullptr;
      ASSERT_EQ(cu.GraphInstantiate(&executable, graph, 0), 0);
      ASSERT_EQ(cu.GraphLaunch(executable, first.handle), 0);
      first.wait();
      EXPECT_TRUE(captured.take() == expected) << "mode " << mode;
      cu.GraphExecDestroy(executable);
    }
    for (CUgraph graph : graphs)
      cu.GraphDestroy(graph);
  }
}

TEST_P(GpuLanesTest, AStreamWithAPriority) {
  Passes passes(device);
  PassMemory memory(passes, device);
  CudaDevice::Scope scope(*device);
  const CudaDriver &cu = device->driver();
  int least = 0, greatest = 0;
  ASSERT_EQ(cu.CtxGetStreamPriorityRange(&least, &greatest), 0);
  auto create = driverFunction<CUresult (*)(CUstream *, unsigned, int)>(
      "cuStreamCreateWithPriority");
  for (int priority : {least, (least + greatest) / 2, greatest}) {
    CUstream stream = nullptr;
    ASSERT_EQ(create(&stream, /*non-blocking*/ 1, priority), 0);
    for (int i = 0; i < 5; ++i)
      ASSERT_EQ(memory.run(stream), "");
    EXPECT_EQ(cu.StreamSynchronize(stream), 0);
    EXPECT_TRUE(memory.take() == expected) << "priority " << priority;
    cu.StreamDestroy(stream);
  }
}

TEST_P(GpuLanesTest, WaitingForEveryKernel) {
  setenv("LLSA_CUDA_SYNC", "1", 1);
  {
    Passes passes(device);
    PassMemory memory(passes, device);
    Stream stream(*device);
    EXPECT_EQ(memory.run(stream.handle), "");
    EXPECT_TRUE(memory.take() == expected);
  }
  unsetenv("LLSA_CUDA_SYNC");
}

} // namespace

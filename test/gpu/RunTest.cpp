//===- RunTest.cpp - streams, graphs, workspaces, strides, bad input ------===//
#include "test/gpu/GpuTesting.h"
#include <map>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;
using llsa::tools::Layout;

namespace {

struct GpuRunTest : GpuTest {
  /// The bits of a run as it should be.
  std::string expected() {
    GpuRun run(shippedVariant("llsa.mlir"), kSpec);
    run.finish();
    return run.bits();
  }
  /// Memory for a workspace, all bytes alike.
  CudaMemory workspace(const GpuRun &run, unsigned char byte) {
    CudaMemory memory =
        get(CudaMemory::allocate(device, run.kernel->workspaceBytes()));
    std::string bytes(size_t(memory.size()), char(byte));
    EXPECT_EQ(message(memory.copyFrom(bytes.data())), "");
    return memory;
  }
};

TEST_F(GpuRunTest, EveryRunGivesTheSameBits) {
  std::string bits = expected();
  GpuRun run(shippedVariant("llsa.mlir"), kSpec);
  for (int i = 0; i < 20; ++i) {
    run.finish();
    ASSERT_EQ(run.bits(), bits) << "run " << i;
  }
}

TEST_F(GpuRunTest, NothingIsReadFromTheWorkspace) {
  std::string bits = expected();
  GpuRun run(shippedVariant("llsa.mlir"), kSpec);
  for (unsigned char byte : {0xff, 0x00, 0x7f}) {
    CudaMemory memory = workspace(run, byte);
    ASSERT_EQ(message(run.run(memory.data(), memory.size())), "");
    ASSERT_EQ(message(run.tensors.copyOutputs()), "");
    EXPECT_EQ(run.bits(), bits) << "filled with " << int(byte);
  }
}

TEST_F(GpuRunTest, AReplayedGraphGivesTheSameBits) {
  std::string bits = expected();
  GpuRun run(shippedVariant("llsa.mlir"), kSpec);
  Stream stream(*device);
  CudaMemory memory = workspace(run, 0xff);
  CudaDevice::Scope scope(*device);
  const CudaDriver &cu = device->driver();
  CUgraph graph = nullptr;
  CUgraphExec executable = nullptr;
  ASSERT_EQ(cu.StreamBeginCapture(stream.handle, /*relaxed*/ 2), 0);
  EXPECT_EQ(message(run.run(memory.data(), memory.size(), stream.handle)), "");
  ASSERT_EQ(cu.StreamEndCapture(stream.handle, &graph), 0);
  ASSERT_EQ(cu.GraphInstantiate(&executable, graph, 0), 0);
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(cu.GraphLaunch(executable, stream.handle), 0);
    stream.wait();
    ASSERT_EQ(message(run.tensors.copyOutputs()), "");
    EXPECT_EQ(run.bits(), bits) << "replay " << i;
  }
  cu.GraphExecDestroy(executable);
  cu.GraphDestroy(graph);
}

TEST_F(GpuRunTest, ACaptureWantsAWorkspace) {
  GpuRun run(shippedVariant("llsa.mlir"), kSpec);
  Stream stream(*device);
  CudaDevice::Scope scope(*device);
  const CudaDriver &cu = device->driver();
  CUgraph graph = nullptr;
  ASSERT_EQ(cu.StreamBeginCapture(stream.handle, 2), 0);
  std::string text = message(run.run(nullptr, 0, stream.handle));
  EXPECT_NE(text.find("the stream is being captured, and has no workspace of"),
            std::string::npos)
      << text;
  ASSERT_EQ(cu.StreamEndCapture(stream.handle, &graph), 0);
  cu.GraphDestroy(graph);
  // The capture was not spoilt, and neither is the stream.
  EXPECT_EQ(message(run.run(nullptr, 0, stream.handle)), "");
  ASSERT_EQ(cu.StreamBeginCapture(stream.handle, 2), 0);
  EXPECT_EQ(message(run.run(nullptr, 0, stream.handle)), "");
  ASSERT_EQ(cu.StreamEndCapture(stream.handle, &graph), 0);
  cu.GraphDestroy(graph);
}

TEST_F(GpuRunTest, TwoStreamsAtOnce) {
  std::string bits = expected();
  GpuRun a(shippedVariant("llsa.mlir"), kSpec);
  Stream first(*device), second(*device);
  // One kernel, two sets of outputs, two streams.
  tools::NamedTensors outputs = get(tools::makeOutputs(a.kernel->program()));
  tools::DeviceTensors b = get(
      tools::DeviceTensors::create(a.executor(), a.inputs.tensors, outputs));
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(message(a.run(nullptr, 0, first.handle)), "");
    ASSERT_EQ(message(a.executor().run(b.inputs(), b.outputs(), nullptr, 0,
                                       second.handle)),
              "");
  }
  first.wait();
  second.wait();
  ASSERT_EQ(message(a.tensors.copyOutputs()), "");
  ASSERT_EQ(message(b.copyOutputs()), "");
  EXPECT_EQ(a.bits(), bits);
  std::string others;
  for (const auto &[name, tensor] : outputs)
    others.append(static_cast<const char *>(tensor.data()),
                  size_t(tensor.numBytes()));
  EXPECT_EQ(others, bits);
}

// A run's graph is given other tensors while it still runs with the last ones.
TEST_F(GpuRunTest, RunsInARowKeepTheirOwnTensors) {
  std::string bits = expected();
  GpuRun a(shippedVariant("llsa.mlir"), kSpec);
  Stream stream(*device);
  constexpr size_t kSets = 6;
  std::vector<tools::NamedTensors> outputs;
  std::vector<tools::DeviceTensors> sets;
  for (size_t i = 0; i < kSets; ++i)
    outputs.push_back(get(tools::makeOutputs(a.kernel->program())));
  for (size_t i = 0; i < kSets; ++i)
    sets.push_back(get(tools::DeviceTensors::create(
        a.executor(), a.inputs.tensors, outputs[i])));
  for (const tools::DeviceTensors &set : sets)
    ASSERT_EQ(message(a.executor().run(set.inputs(), set.outputs(), nullptr, 0,
                                       stream.handle)),
              "");
  stream.wait();
  for (size_t i = 0; i < kSets; ++i) {
    ASSERT_EQ(message(sets[i].copyOutputs()), "");
    std::string own;
    for (const auto &[name, tensor] : outputs[i])
      own.append(static_cast<const char *>(tensor.data()),
                 size_t(tensor.numBytes()));
    EXPECT_EQ(own, bits) << "set " << i;
  }
}

TEST_F(GpuRunTest, LaunchedOneByOneItGivesTheSameBits) {
  std::string bits = expected();
  setenv("LLSA_CUDA_GRAPHS", "0", 1);
  EXPECT_EQ(expected(), bits);
  unsetenv("LLSA_CUDA_GRAPHS");
}

TEST_F(GpuRunTest, StridesDoNotMatter) {
  auto values = [](const GpuRun &run) {
    return run.outputs.at("o").toArray().data;
  };
  GpuRun plain(shippedVariant("llsa.mlir"), kSpec);
  plain.finish();
  for (Layout layout : {Layout::TokensFirst, Layout::Padded}) {
    GpuRun run(shippedVariant("llsa.mlir"), kSpec, layout);
    run.finish();
    EXPECT_EQ(values(run), values(plain));
  }
}

TEST_F(GpuRunTest, MisalignedTensorsGiveTheSameBits) {
  std::string bits = expected();
  GpuRun run(shippedVariant("llsa.mlir"), kSpec);
  std::vector<Tensor> inputs = run.tensors.inputs().vec();
  // Every input one element further on, with rows one element longer.
  std::vector<CudaMemory> memory;
  std::vector<std::vector<int64_t>> strides;
  for (Tensor &tensor : inputs) {
    int64_t rows = 1, dim = tensor.shape.back();
    for (int64_t size : tensor.shape.drop_back())
      rows *= size;
    std::vector<uint16_t> packed(size_t(rows * dim)),
        skewed(size_t(rows * (dim + 1) + 1));
    CudaDevice::Scope scope(*device);
    ASSERT_EQ(device->driver().MemcpyDtoH(
                  packed.data(),
                  CUdeviceptr(reinterpret_cast<uintptr_t>(tensor.data)),
                  packed.size() * 2),
              0);
    for (int64_t r = 0; r < rows; ++r)
      std::copy_n(&packed[size_t(r * dim)], dim,
                  &skewed[size_t(1 + r * (dim + 1))]);
    memory.push_back(
        get(CudaMemory::allocate(device, int64_t(skewed.size()) * 2)));
    ASSERT_EQ(message(memory.back().copyFrom(skewed.data())), "");
    std::vector<int64_t> own(tensor.shape.size(), 1);
    int64_t stride = dim + 1;
    for (size_t d = own.size() - 1; d-- > 0; stride *= tensor.shape[d])
      own[d] = stride;
    strides.push_back(std::move(own));
    tensor.data = static_cast<uint16_t *>(memory.back().data()) + 1;
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    inputs[i].strides = strides[i];
  ASSERT_EQ(message(run.executor().run(inputs, run.tensors.outputs(), nullptr,
                                       0, nullptr)),
            "");
  ASSERT_EQ(message(run.tensors.copyOutputs()), "");
  EXPECT_EQ(run.bits(), bits);
}

//===----------------------------------------------------------------------===//
// Bad input
//===----------------------------------------------------------------------===//

TEST_F(GpuRunTest, ATensorOnTheHost) {
  GpuRun run(shippedVariant("llsa.mlir"), kSpec);
  std::vector<Tensor> inputs = run.tensors.inputs().vec();
  inputs[0] = run.inputs.tensors.at("q").view();
  EXPECT_EQ(
      message(run.executor().run(inputs, run.tensors.outputs(), nullptr, 0,
                                 nullptr)),
      "kernel 'llsa': 'q' is not in a GPU's memory: expected it on GPU 0");
  run.finish();
}

TEST_F(GpuRunTest, MoreMemoryThanThereIs) {
  auto memory = CudaMemory::allocate(device, int64_t(1) << 50);
  std::string text = message(memory.takeError());
  EXPECT_EQ(text.rfind("cannot allocate 1125899906842624 bytes on GPU 0: "
                       "CUDA_ERROR_OUT_OF_MEMORY (2, ",
                       0),
            0u)
      << text;
  GpuRun(shippedVariant("llsa.mlir"), kSpec).finish();
}

// All of the card's memory is taken when the backward wants its workspace.
TEST_F(GpuRunTest, OutOfMemoryBeforeABackward) {
  Jit jit(jitOptions());
  Variant variant = shippedVariant("llsa.mlir");
  auto kernel = [&](const char *pass) {
    return get(jit.get(variant, get(KernelSpec::parse(
                                    "B=2,H=8,N=65536,D=64,dtype=bf16,levels=2,"
                                    "pass=" +
                                    std::string(pass)))));
  };
  Jit::KernelPtr keep = kernel("keep"), backward = kernel("backward");
  std::map<std::string, CudaMemory> memory;
  for (const Jit::KernelPtr &each : {keep, backward})
    for (const Buffer &buffer : each->program().buffers)
      if (buffer.role != Buffer::Role::Workspace &&
          !memory.count(buffer.name)) {
        CudaMemory &own = memory[buffer.name];
        own = get(CudaMemory::allocate(device, buffer.numBytes()));
        std::string ones(size_t(own.size()), '\1'); // small numbers
        ASSERT_EQ(message(own.copyFrom(ones.data())), "");
      }
  Stream stream(*device);
  auto run = [&](const Jit::KernelPtr &each) {
    std::vector<Tensor> tensors[2];
    for (const Buffer &buffer : each->program().buffers)
      if (buffer.role != Buffer::Role::Workspace)
        tensors[buffer.role == Buffer::Role::Output].push_back(
            {memory.at(buffer.name).data(), buffer.type, buffer.shape, {}});
    std::string text = message(
        each->cuda()->run(tensors[0], tensors[1], nullptr, 0, stream.handle));
    stream.wait();
    return text;
  };
  ASSERT_EQ(run(keep), "");
  std::vector<CudaMemory> rest;
  for (int64_t bytes = int64_t(1) << 36; bytes >= int64_t(1) << 20;) {
    auto block = CudaMemory::allocate(device, bytes);
    if (block)
      rest.push_back(std::move(*block));
    else
      bytes /= 2;
    llvm::consumeError(block.takeError());
  }
  std::string text = run(backward);
  EXPECT_NE(text.find("cannot allocate"), std::string::npos) << text;
  EXPECT_NE(text.find("CUDA_ERROR_OUT_OF_MEMORY"), std::string::npos) << text;
  EXPECT_EQ(run(keep), "") << "it has its workspace";
  rest.clear();
  EXPECT_EQ(run(backward), "");
  GpuRun(shippedVariant("llsa.mlir"), kSpec).finish();
}

TEST_F(GpuRunTest, CodeThatNoAssemblerTakes) {
  Program program =
      GpuRun(shippedVariant("llsa.mlir"), kSpec).kernel->program();
  program.codeFormat = "ptx";
  program.code = ".version 8.8\n.target sm_80\n.address_size 64\nnonsense\n";
  std::string text =
      message(CudaExecutor::create(std::make_shared<Program>(program), device)
                  .takeError());
  EXPECT_EQ(text.rfind("kernel 'llsa': GPU 0 (", 0), 0u) << text;
  EXPECT_NE(text.find("the assembler says: "), std::string::npos) << text;
  GpuRun(shippedVariant("llsa.mlir"), kSpec).finish();
}

} // namespace

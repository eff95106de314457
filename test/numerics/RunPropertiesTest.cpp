//===- RunPropertiesTest.cpp - threads, memory, forms ---------------------===//
//
// What holds for a run beside its numbers: the number of threads cannot be seen
// in it, the workspace is what the algorithm needs, and no result depends on
// how tensors lie in memory.
//
//===----------------------------------------------------------------------===//
#include "test/numerics/ReadVariant.h"
#include "test/numerics/RunCase.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace llsa;
using namespace llsa::numerics;
using namespace llsa::tools;

/// Bitwise equality, NaN included.
static bool sameBits(const HostTensor &a, const HostTensor &b) {
  return a.numBytes() == b.numBytes() &&
         std::memcmp(a.data(), b.data(), size_t(a.numBytes())) == 0;
}

TEST(RunProperties, ResultsDoNotDependOnTheNumberOfThreads) {
  std::string text = readVariant("llsa.mlir");
  for (const char *specText :
       {"B=2,H=3,N=1000,D=32,dtype=f32,levels=2,block=8,topk=4",
        "B=1,H=2,Hkv=1,N=777,D=64,dtype=bf16,levels=1",
        "B=1,H=1,M=333,N=4099,D=16,dtype=f16,levels=3,block=6,topk=3:2:5"}) {
    SCOPED_TRACE(specText);
    KernelSpec spec = llvm::cantFail(KernelSpec::parse(specText));
    NamedTensors first;
    for (unsigned threads : {1u, 2u, 3u, 5u}) {
      auto kernel = TestKernel::create(text, spec, threads);
      ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
      auto inputs = makeInputs({}, spec, kernel->interpreter->inputs());
      ASSERT_TRUE(bool(inputs)) << llvm::toString(inputs.takeError());
      auto outputs = kernel->run(inputs->tensors);
      ASSERT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
      if (first.empty())
        first = std::move(*outputs);
      else
        for (const auto &[name, tensor] : *outputs)
          EXPECT_TRUE(sameBits(tensor, first.at(name)))
              << name << " with " << threads;
    }
  }
}

TEST(RunProperties, ResultsDoNotDependOnStrides) {
  std::string text = readVariant("llsa.mlir");
  KernelSpec spec = llvm::cantFail(KernelSpec::parse(
      "B=2,H=4,Hkv=2,N=500,D=24,dtype=bf16,levels=2,block=5,topk=3"));
  auto kernel = TestKernel::create(text, spec);
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
  std::map<std::string, std::vector<double>> first;
  for (Layout layout :
       {Layout::Contiguous, Layout::TokensFirst, Layout::Padded}) {
    auto inputs = makeInputs({}, spec, kernel->interpreter->inputs(), layout);
    ASSERT_TRUE(bool(inputs)) << llvm::toString(inputs.takeError());
    auto outputs = kernel->run(inputs->tensors, layout);
    ASSERT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
    for (const auto &[name, tensor] : *outputs) {
      std::vector<double> values = tensor.toArray().data;
      auto known = first.emplace(name, values);
      EXPECT_EQ(known.first->second, values) << name;
    }
  }
}

/// A second run over the same memory gives the same bits: nothing is read
/// that was not written in the same run.
TEST(RunProperties, RunsAreRepeatable) {
  KernelSpec spec = llvm::cantFail(
      KernelSpec::parse("B=1,H=2,N=1500,D=32,dtype=f16,levels=2,block=7"));
  auto kernel = TestKernel::create(readVariant("llsa.mlir"), spec);
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
  auto inputs = makeInputs({}, spec, kernel->interpreter->inputs());
  ASSERT_TRUE(bool(inputs)) << llvm::toString(inputs.takeError());
  auto one = kernel->run(inputs->tensors), two = kernel->run(inputs->tensors);
  ASSERT_TRUE(one && two);
  for (const auto &[name, tensor] : *one)
    EXPECT_TRUE(sameBits(tensor, two->at(name))) << name;
}

/// Inputs, outputs, pooled levels, indices, and at most 64 MB more.
TEST(RunProperties, TheWorkspaceIsPooledLevelsAndIndices) {
  for (const char *specText :
       {"B=1,H=1,N=65536,D=64,dtype=f32", "B=1,H=8,N=65536,D=64,dtype=bf16",
        "B=2,H=4,Hkv=2,N=65537,D=128,dtype=f16,levels=3,block=12,topk=5"}) {
    SCOPED_TRACE(specText);
    KernelSpec spec = llvm::cantFail(KernelSpec::parse(specText));
    auto program = Compiler().compile(readVariant("llsa.mlir"), "llsa", spec,
                                      CompileOptions());
    ASSERT_TRUE(bool(program)) << llvm::toString(program.takeError());
    int64_t block = spec.block.value_or(16), levels = spec.levels.value_or(3),
            topk = 8;
    double bytes = 0;
    int64_t m = spec.M, n = spec.N;
    for (int64_t level = 1; level <= levels; ++level) {
      m = (m + block - 1) / block;
      n = (n + block - 1) / block;
      double tokens = double(spec.B) * double(spec.H * m + 2 * spec.Hkv * n);
      bytes += tokens * double(spec.D * byteSize(spec.dtype));
      bytes += double(spec.B * spec.H * m * topk) * 4;
    }
    EXPECT_LE(double(program->program.workspaceBytes), bytes + 1e6);
    EXPECT_GE(double(program->program.workspaceBytes), bytes / 4);
  }
}

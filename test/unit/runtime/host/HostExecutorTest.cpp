//===- HostExecutorTest.cpp - load and run a Program ------------*- C++ -*-===//
#include "runtime/host/HostExecutor.h"
#include "test/unit/runtime/FakeCompiler.h"
#include "test/unit/runtime/Testing.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include <cmath>
#include <thread>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

std::unique_ptr<HostExecutor> executor(Program program, ThreadPool &threads) {
  return get(HostExecutor::create(
      std::make_shared<const Program>(std::move(program)), threads));
}

std::string loadError(const Program &program) {
  return message(HostModule::load(program));
}

/// Arguments of the fake attention.
struct Arguments {
  Floats q, k, v, o, lse;
  explicit Arguments(const KernelSpec &s)
      : q({s.B, s.H, s.M, s.D}, 1), k({s.B, s.Hkv, s.N, s.D}, 2),
        v({s.B, s.Hkv, s.N, s.D}, 3), o({s.B, s.H, s.M, s.D}),
        lse({s.B, s.H, s.M}) {}
  std::string run(const HostExecutor &kernel, void *workspace = nullptr,
                  int64_t bytes = 0) {
    Tensor in[] = {q.tensor(), k.tensor(), v.tensor()};
    Tensor out[] = {o.tensor(), lse.tensor()};
    return message(kernel.run(in, out, workspace, bytes));
  }
};

const KernelSpec kSpec = spec("B=2,H=4,Hkv=2,M=5,N=300,D=16,dtype=f32");

TEST(HostExecutor, RunsAllSteps) {
  ThreadPool threads(2);
  auto kernel = executor(fakeProgram(kSpec), threads);
  Arguments a(kSpec);
  EXPECT_EQ(a.run(*kernel), "");
  for (int b = 0; b < 2; ++b)
    for (int h = 0; h < 4; ++h)
      for (int m = 0; m < 5; ++m) {
        EXPECT_EQ(a.lse.data[size_t((b * 4 + h) * 5 + m)], logf(300));
        for (int d = 0; d < 16; ++d) {
          double mean = 0;
          for (int n = 0; n < 300; ++n)
            mean += a.v.data[size_t(((b * 2 + h / 2) * 300 + n) * 16 + d)];
          EXPECT_NEAR(a.o.data[size_t(((b * 4 + h) * 5 + m) * 16 + d)],
                      mean / 300, 1e-5);
        }
      }
}

TEST(HostExecutor, StridesAreObeyed) {
  KernelSpec s = spec("B=1,H=2,N=3,D=8,dtype=f32");
  ThreadPool threads(1);
  auto kernel = executor(fakeProgram(s), threads);
  Arguments plain(s);
  EXPECT_EQ(plain.run(*kernel), "");

  // v as [B, N, H, D], o with gaps between rows.
  std::vector<float> v(48), o(2 * 3 * 11, 7.f);
  for (int h = 0; h < 2; ++h)
    for (int n = 0; n < 3; ++n)
      for (int d = 0; d < 8; ++d)
        v[size_t((n * 2 + h) * 8 + d)] =
            plain.v.data[size_t((h * 3 + n) * 8 + d)];
  int64_t vStrides[] = {48, 8, 16, 1}, oStrides[] = {0, 33, 11, 1};
  Tensor in[] = {plain.q.tensor(),
                 plain.k.tensor(),
                 {v.data(), ElementType::F32, plain.v.shape, vStrides}};
  Tensor out[] = {{o.data(), ElementType::F32, plain.o.shape, oStrides},
                  plain.lse.tensor()};
  EXPECT_EQ(message(kernel->run(in, out)), "");
  for (int row = 0; row < 6; ++row)
    for (int d = 0; d < 11; ++d)
      EXPECT_EQ(o[size_t(row * 11 + d)],
                d < 8 ? plain.o.data[size_t(row * 8 + d)] : 7.f);
}

TEST(HostExecutor, ResultsDoNotDependOnThreads) {
  std::vector<float> first;
  for (unsigned count : {1u, 2u, 5u}) {
    ThreadPool threads(count);
    auto kernel = executor(fakeProgram(kSpec), threads);
    Arguments a(kSpec);
    EXPECT_EQ(a.run(*kernel), "");
    if (first.empty())
      first = a.o.data;
    EXPECT_EQ(a.o.data, first);
  }
}

TEST(HostExecutor, SeveralThreadsLaunchAtOnce) {
  ThreadPool threads(2);
  auto kernel = executor(fakeProgram(kSpec), threads);
  Arguments reference(kSpec);
  EXPECT_EQ(reference.run(*kernel), "");
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        Arguments a(kSpec);
        EXPECT_EQ(a.run(*kernel), "");
        EXPECT_EQ(a.o.data, reference.o.data);
      }
    });
  for (std::thread &caller : callers)
    caller.join();
}

TEST(HostExecutor, EveryStepIsTimedWhenAsked) {
  ThreadPool threads(1);
  auto kernel = executor(fakeProgram(kSpec), threads);
  Arguments a(kSpec);
  Tensor in[] = {a.q.tensor(), a.k.tensor(), a.v.tensor()};
  Tensor out[] = {a.o.tensor(), a.lse.tensor()};
  std::vector<double> times(7, -1.0);
  EXPECT_EQ(message(kernel->run(in, out, nullptr, 0, &times)), "");
  ASSERT_EQ(times.size(), 2u);
  EXPECT_GT(times[0], 0);
  EXPECT_GT(times[1], 0);
}

TEST(HostExecutor, Workspace) {
  ThreadPool threads(1);
  Program program = fakeProgram(kSpec);
  int64_t bytes = program.workspaceBytes;
  auto kernel = executor(std::move(program), threads);
  Arguments a(kSpec);
  alignas(64) char memory[4096];
  ASSERT_LE(bytes + 1, 4096);
  EXPECT_EQ(a.run(*kernel, memory, bytes), "");
  EXPECT_EQ(a.run(*kernel, memory, bytes - 1),
            "kernel 'fake': expected a workspace of at least 320 bytes, got "
            "319");
  EXPECT_EQ(a.run(*kernel, memory + 1, bytes + 64)
                .find("kernel 'fake': expected a workspace aligned to 64 "
                      "bytes, got address 0x"),
            0u);
}

TEST(HostExecutor, NoMemoryForTheWorkspaceIsAnError) {
  ThreadPool threads(1);
  Program program = fakeProgram(kSpec);
  program.workspaceBytes = int64_t(1) << 56;
  auto kernel = executor(std::move(program), threads);
  Arguments a(kSpec);
  EXPECT_EQ(a.run(*kernel), "kernel 'fake': cannot allocate a workspace of "
                            "72057594037927936 bytes");
}

TEST(HostExecutor, WrongTensorsAreRefusedBeforeAnythingRuns) {
  ThreadPool threads(1);
  auto kernel = executor(fakeProgram(kSpec), threads);
  Arguments a(kSpec);
  a.k.shape[3] = 8;
  EXPECT_EQ(a.run(*kernel), "kernel 'fake': input 'k': expected shape [2, 2, "
                            "300, 16], got [2, 2, 300, 8]");
  EXPECT_EQ(a.o.data, Arguments(kSpec).o.data);
}

TEST(HostModule, CodeThatCannotBeLoaded) {
  Program program = fakeProgram(kSpec);
  program.kernels[1].name = "no_such_kernel";
  std::string text = loadError(program);
  EXPECT_EQ(text.find("cannot load the code of kernel 'fake': "), 0u) << text;
  EXPECT_NE(text.find("no_such_kernel"), std::string::npos) << text;

  program = fakeProgram(kSpec);
  program.code = "hello";
  EXPECT_EQ(loadError(program), "cannot load the code of kernel 'fake': "
                                "expected a relocatable ELF object, got 5 "
                                "bytes of 'elf'");
  program = fakeProgram(kSpec);
  program.target = "sm_90a";
  EXPECT_EQ(loadError(program),
            "cannot load the code of kernel 'fake': target 'sm_90a': it is not "
            "for this CPU");
}

TEST(HostModule, DamagedCodeIsAnError) {
  Program program = fakeProgram(kSpec);
  program.code.resize(200); // headers beyond the end
  EXPECT_NE(loadError(program), "");
}

TEST(HostModule, CodeForAnotherCPUIsRefused) {
  llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  std::string missing, present;
  for (std::string name : {"avx512f", "xop", "sse2"}) // no CPU has all
    if (auto feature = host.find(name); feature != host.end())
      (feature->second ? present : missing) = name;
  if (missing.empty() || present.empty())
    GTEST_SKIP() << "LLVM does not know these features here";
  Program program = fakeProgram(kSpec);
  program.target = "cpu:some:+" + present + ",-" + missing + ",+a-tuning-hint";
  EXPECT_EQ(loadError(program), "");
  program.target += ",+" + missing;
  EXPECT_EQ(loadError(program),
            "cannot load the code of kernel 'fake': target '" + program.target +
                "': this CPU has no " + missing);
}

TEST(HostModule, FeaturesThatNoKernelUsesMayBeMissing) {
  // No machine has all; a virtual one may have none.
  Program program = fakeProgram(kSpec);
  program.target = "cpu:some:+mwaitx,+rdpru,+sgx,+kl,+lwp,+rtm,+xsaves";
  EXPECT_EQ(loadError(program), "");
}

} // namespace

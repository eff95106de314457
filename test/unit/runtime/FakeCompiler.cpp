//===- FakeCompiler.cpp -----------------------------------------*- C++ -*-===//
#include "test/unit/runtime/FakeCompiler.h"

#include "llvm/Support/MemoryBuffer.h"
#include <atomic>
#include <fmt/format.h>
#include <unistd.h>

using namespace llvm;

static std::atomic<int> counter{0};

namespace llsa {

namespace test {

int compilations() { return counter; }

Program fakeProgram(const KernelSpec &s) {
  using Role = Buffer::Role;
  Program program;
  program.variant = "fake";
  program.target = kFakeTarget;
  program.spec = s;
  ElementType f32 = ElementType::F32;
  program.buffers = {{"q", Role::Input, f32, {s.B, s.H, s.M, s.D}, 0},
                     {"k", Role::Input, f32, {s.B, s.Hkv, s.N, s.D}, 0},
                     {"v", Role::Input, f32, {s.B, s.Hkv, s.N, s.D}, 0},
                     {"o", Role::Output, f32, {s.B, s.H, s.M, s.D}, 0},
                     {"lse", Role::Output, f32, {s.B, s.H, s.M}, 0},
                     {"mean", Role::Workspace, f32, {s.B, s.Hkv, s.D}, 64}};
  program.workspaceBytes = 64 + program.buffers.back().numBytes();
  Kernel mean, spread;
  mean.name = "fake_mean";
  mean.items = s.B * s.Hkv;
  mean.flops = 2.5e9;
  spread.name = "fake_spread";
  spread.items = s.B * s.H * s.M;
  program.kernels = {mean, spread};
  program.steps = {{0, {2, 5}}, {1, {5, 1, 3, 4}}};
  program.explain = "the mean of v, \"everywhere\"\n";
  program.codeFormat = "elf";
  auto object = MemoryBuffer::getFile(LLSA_FAKE_KERNELS);
  if (!object) {
    fmt::print(stderr, "cannot read {}\n", LLSA_FAKE_KERNELS);
    abort();
  }
  program.code = (*object)->getBuffer().str();
  return program;
}

} // namespace test

Expected<std::string> resolveTarget(StringRef target) {
  if (target == "cpu")
    return std::string(test::kFakeTarget);
  if (target == "sm_90a")
    return target.str();
  return createStringError(
      inconvertibleErrorCode(),
      fmt::format("target '{}' is unknown; expected cpu or sm_90a",
                  target.str()));
}

StringRef buildId() { return "fake-build"; }

Expected<CompileResult> Compiler::compile(StringRef source, StringRef name,
                                          const KernelSpec &spec,
                                          const CompileOptions &) const {
  ++counter;
  if (source.contains("sleep"))
    ::usleep(50000);
  if (source.contains("refuse"))
    return createStringError(inconvertibleErrorCode(),
                             fmt::format("{}:1:1: refused", name.str()));
  CompileResult result;
  result.program = test::fakeProgram(spec);
  result.program.variant = name.str();
  if (source.contains("ptx"))
    result.program.code = ".version 8.8";
  result.times = {{Stage::Bind, 1.0}, {Stage::Asm, 2.0}};
  return result;
}

} // namespace llsa

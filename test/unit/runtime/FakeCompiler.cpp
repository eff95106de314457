//===- FakeCompiler.cpp -----------------------------------------*- C++ -*-===//
#include "test/unit/runtime/FakeCompiler.h"

#include "llvm/Support/MemoryBuffer.h"
#include <atomic>
#include <bits/functexcept.h> // throws without a throw, which is off here
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

/// The two kernels as PTX that any assembler takes.
static const char kFakePtx[] = R"(.version 8.8
.target sm_90a
.address_size 64
.visible .entry fake_mean(.param .b64 v, .param .b64 s0, .param .b64 s1,
  .param .b64 s2, .param .b64 mean) .maxntid 64 { ret; }
.visible .entry fake_spread(.param .b64 mean, .param .b64 k, .param .b64 k0,
  .param .b64 k1, .param .b64 k2, .param .b64 o, .param .b64 o0,
  .param .b64 o1, .param .b64 o2, .param .b64 lse, .param .b64 l0,
  .param .b64 l1) .maxntid 64 { ret; }
)";

Program fakeGpuProgram(const KernelSpec &s) {
  Program program = fakeProgram(s);
  program.target = "sm_90a";
  program.codeFormat = "ptx";
  program.code = kFakePtx;
  for (Kernel &kernel : program.kernels) {
    kernel.ctas = kernel.items;
    kernel.warps = 2;
  }
  program.kernels[0].sharedBytes = 4096;
  program.kernels[1].dependentLaunch = true;
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
                                          const CompileOptions &options) const {
  ++counter;
  if (source.contains("sleep"))
    ::usleep(50000);
  if (source.contains("refuse"))
    return createStringError(inconvertibleErrorCode(),
                             fmt::format("{}:1:1: refused", name.str()));
  if (source.contains("memory"))
    std::__throw_bad_alloc();
  if (source.contains("throw"))
    std::__throw_length_error("much too long");
  CompileResult result;
  result.program = options.target == "sm_90a" ? test::fakeGpuProgram(spec)
                                              : test::fakeProgram(spec);
  result.program.variant = name.str();
  if (source.contains("ptx"))
    result.program.code = ".version 8.8";
  if (source.contains("twice")) {
    result.program.deviceFunctions = {"twice"};
    result.program.code += ".extern .func (.param .b32 r) twice(.param .b32 "
                           "x);\n";
  }
  result.times = {{Stage::Bind, 1.0}, {Stage::Asm, 2.0}};
  return result;
}

} // namespace llsa

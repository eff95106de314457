//===- AssemblerTest.cpp - PTX to machine code ----------------------------===//
#include "runtime/cuda/AssembleProgram.h"
#include "runtime/cuda/CubinArchive.h"
#include "runtime/cuda/Ptxas.h"
#include "test/unit/runtime/FakeCompiler.h"
#include "test/unit/runtime/cuda/CudaTesting.h"
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

struct AssemblerTest : CudaTest {
  Program program = fakeGpuProgram(spec("B=1,H=2,N=5,D=8,dtype=f32"));
};

/// A program that prints `text` and ends with `code`.
std::string script(const TemporaryFolder &folder, const char *text, int code) {
  std::string path = folder.path + "/script";
  overwrite(path, fmt::format("#!/bin/sh\necho '{}'\nexit {}\n", text, code));
  chmod(path.c_str(), 0700);
  return path;
}

TEST_F(AssemblerTest, ThereIsNone) {
  fake().major = 7;
  EXPECT_EQ(message(Assembler::find("sm_90a")),
            "there is nothing to assemble PTX with: expected "
            "libnvJitLink.so.13 or .12 (LLSA_NVJITLINK), ptxas (LLSA_PTXAS) or "
            "a GPU's driver, of CUDA 12.9 or newer\n"
            "  nvJitLink: switched off by LLSA_NVJITLINK\n"
            "  ptxas: switched off by LLSA_PTXAS\n"
            "  the driver's compiler: GPU 0 (Fake GPU) is too old: expected "
            "compute capability 8.0 or newer, got 7.0");
}

TEST_F(AssemblerTest, TheDriverIsLast) {
  auto assembler = get(Assembler::find("sm_90a"));
  EXPECT_EQ(assembler->name(), "the driver's compiler");
  EXPECT_EQ(message(assembler->assemble(program.code, "sm_80")),
            "the driver's compiler makes code for GPU 0 (sm_90a) alone, not "
            "for sm_80: expected nvJitLink or ptxas");
}

TEST_F(AssemblerTest, ASearchFindsTheSameMeanwhile) {
  AssemblerSearch search("sm_90a", get(CudaDevice::open(0)));
  EXPECT_EQ(get(search.take())->name(), "the driver's compiler");
  // A compilation that fails takes nothing of it, not even an error.
  fake().major = 7;
  { AssemblerSearch unwanted("sm_90a", nullptr); }
  std::string text = message(AssemblerSearch("sm_90a", nullptr).take());
  EXPECT_EQ(text, message(Assembler::find("sm_90a")));
}

TEST_F(AssemblerTest, OldAndBrokenOnesAreNotTaken) {
  TemporaryFolder folder;
  std::string old =
      script(folder, "Cuda compilation tools, release 12.8, V12.8.93", 0);
  Setting ptxas("LLSA_PTXAS", old.c_str());
  EXPECT_EQ(message(Ptxas::find()),
            "ptxas: " + old +
                " is too old: expected release 12.9 or newer, got 12.8");
  EXPECT_EQ(get(Assembler::find("sm_90a"))->name(), "the driver's compiler");
  std::string broken = script(folder, "no licence", 3);
  EXPECT_EQ(message(Ptxas::find()),
            "ptxas: " + broken + " ends with 3: no licence");
  setenv("LLSA_PTXAS", "/no/such/ptxas", 1);
  EXPECT_EQ(message(Ptxas::find()), "ptxas: '/no/such/ptxas' is no program");
  setenv("LLSA_NVJITLINK", "libm.so.6", 1);
  EXPECT_EQ(message(NvJitLink::open()),
            "nvJitLink: libm.so.6 is too old: expected release 12.9 or newer");
}

TEST_F(AssemblerTest, OneNewerThanTheDriverIsNotTaken) {
  TemporaryFolder folder;
  std::string future = script(folder, "release 14.2, V14.2.1", 0);
  Setting ptxas("LLSA_PTXAS", future.c_str());
  EXPECT_EQ(get(Assembler::find("sm_90a"))->name(), "ptxas 14.2");
  auto device = get(CudaDevice::open(0));
  EXPECT_EQ(get(Assembler::find("sm_90a", device))->name(),
            "the driver's compiler");
}

TEST_F(AssemblerTest, BeforeSm90ThoseOfWholeProgramsComeFirst) {
  auto reasons = [&](const char *target) {
    fake().major = 7; // no driver
    std::string text = message(Assembler::find(target));
    return std::pair(text.find("\n  nvJitLink: "), text.find("\n  ptxas: "));
  };
  for (const char *target : {"sm_80", "sm_89"})
    EXPECT_GT(reasons(target).first, reasons(target).second) << target;
  for (const char *target : {"sm_90a", "sm_100a", "sm_120a"})
    EXPECT_LT(reasons(target).first, reasons(target).second) << target;
}

TEST_F(AssemblerTest, Disassembling) {
  TemporaryFolder folder;
  Setting path("PATH", folder.path.c_str()), home("CUDA_HOME", nullptr);
  EXPECT_EQ(message(disassemble("code")),
            "there is nothing to disassemble a cubin with: expected cuobjdump "
            "or nvdisasm\n"
            "  there is no cuobjdump on PATH\n"
            "  there is no nvdisasm on PATH");
  std::string tool = script(folder, "sass", 0);
  ASSERT_EQ(rename(tool.c_str(), (folder.path + "/nvdisasm").c_str()), 0);
  EXPECT_EQ(get(disassemble("code")), "sass\n");
}

//===----------------------------------------------------------------------===//
// Kernels are assembled apart
//===----------------------------------------------------------------------===//

/// Gives back the text's kernel as its code, later for the first one.
struct FakeAssembler : Assembler {
  std::string refused; ///< kernels whose names contain it
  std::string name() const override { return "fake 1.0"; }
  llvm::Expected<AssembledCode> assemble(llvm::StringRef ptx,
                                         llvm::StringRef) const override {
    llvm::StringRef kernel =
        ptx.split(".entry ").second.take_until([](char c) { return c == '('; });
    if (kernel == "fake_mean")
      usleep(20000);
    if (!refused.empty() && kernel.contains(refused))
      return llvm::createStringError("no " + kernel);
    return AssembledCode{("code of " + kernel).str(),
                         ("Compiling entry function '" + kernel +
                          "' for 'sm_90a'\nUsed " +
                          std::to_string(kernel.size()) + " registers\n")
                             .str()};
  }
};

TEST_F(AssemblerTest, EveryKernelHasACubinOfItsOwn) {
  for (unsigned threads : {0u, 1u, 2u, 5u}) {
    Program own = program;
    ASSERT_EQ(message(assembleProgram(own, FakeAssembler(), threads)), "");
    EXPECT_EQ(own.codeFormat, "cubin");
    auto cubins = get(unpackCubins(own.code));
    ASSERT_EQ(cubins.size(), 2u);
    EXPECT_EQ(cubins[0].kernel, "fake_mean");
    EXPECT_EQ(cubins[0].code, "code of fake_mean");
    EXPECT_EQ(cubins[1].kernel, "fake_spread");
    EXPECT_EQ(cubins[1].code, "code of fake_spread");
    EXPECT_NE(own.explain.find("fake_mean      9 registers"),
              std::string::npos);
    EXPECT_NE(own.explain.find("fake_spread    11 registers"),
              std::string::npos);
  }
}

TEST_F(AssemblerTest, TheFirstKernelsErrorIsTheMessage) {
  FakeAssembler assembler;
  assembler.refused = "fake";
  for (unsigned threads : {1u, 2u})
    EXPECT_EQ(message(assembleProgram(program, assembler, threads)),
              "kernel 'fake': no fake_mean");
  assembler.refused = "spread";
  EXPECT_EQ(message(assembleProgram(program, assembler)),
            "kernel 'fake': no fake_spread");
  EXPECT_EQ(program.codeFormat, "ptx");
}

TEST(CubinArchive, OneCubinIsNoArchive) {
  EXPECT_EQ(get(packCubins({{"k", "code"}})), "code");
  auto cubins = get(unpackCubins("code"));
  ASSERT_EQ(cubins.size(), 1u);
  EXPECT_EQ(cubins[0].kernel, "");
  EXPECT_EQ(cubins[0].code, "code");
}

TEST(CubinArchive, ADamagedOneIsAnError) {
  std::string code = get(packCubins({{"a", "code"}, {"b", "code"}}));
  EXPECT_NE(message(unpackCubins(code.substr(0, code.size() - 3))), "");
  EXPECT_NE(message(unpackCubins("!<arch>\nnonsense")), "");
}

TEST_F(AssemblerTest, ResourcesFromALog) {
  auto resources = parseResources(R"(ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'plain' for 'sm_90a'
ptxas info    : Function properties for plain
ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 10 registers, used 0 barriers
ptxas info    : Compile time = 11.153 ms
ptxas info    : Compiling entry function 'spill' for 'sm_90a'
ptxas info    : Function properties for spill
    664 bytes stack frame, 672 bytes spill stores, 784 bytes spill loads
ptxas info    : Used 64 registers, used 1 barriers, 664 bytes cumulative stack size, 80 bytes smem
info    : used 99 registers, used 1 barriers, 936 stack, 1088 bytes smem
)");
  EXPECT_EQ(resources.size(), 2u);
  EXPECT_EQ(resources["plain"].registers, 10);
  EXPECT_EQ(resources["plain"].spillStores, 0);
  EXPECT_EQ(resources["plain"].sharedBytes, 0);
  EXPECT_EQ(resources["spill"].registers, 64);
  EXPECT_EQ(resources["spill"].stackBytes, 664);
  EXPECT_EQ(resources["spill"].spillStores, 672);
  EXPECT_EQ(resources["spill"].spillLoads, 784);
  EXPECT_EQ(resources["spill"].sharedBytes, 80);
}

TEST_F(AssemblerTest, ResourcesAreExplained) {
  llvm::StringMap<KernelResources> resources;
  resources["fake_mean"] = {168, 0, 0, 0, 1024};
  resources["fake_spread"] = {255, 80, 16, 24, 0};
  program.kernels[0].warps = 8;
  program.kernels[0].sharedBytes = 98304;
  EXPECT_EQ(explainResources(program, resources, "ptxas 13.0"),
            "assembled  by ptxas 13.0\n"
            "  fake_mean      168 registers, no spills, 99328 bytes of shared "
            "memory: "
            "1 CTA of 8 warps per multiprocessor, 8 of 64 warps (12%)\n"
            "  fake_spread    255 registers, 16 bytes spilled (24 read back), "
            "80 bytes "
            "of stack, 0 bytes of shared memory: 4 CTAs of 2 warps per "
            "multiprocessor, 8 of 64 warps (12%)\n");
}

TEST_F(AssemblerTest, WhatFitsOnAMultiprocessor) {
  auto ctas = [](const char *target, int64_t warps, int64_t registers,
                 int64_t shared) {
    return occupancy(target, warps, registers, shared)->ctas;
  };
  EXPECT_EQ(ctas("sm_90a", 4, 32, 0), 16) << "by warps";
  EXPECT_EQ(ctas("sm_90a", 1, 32, 0), 32) << "by CTAs";
  EXPECT_EQ(ctas("sm_89", 2, 16, 0), 24) << "by CTAs";
  EXPECT_EQ(ctas("sm_90a", 8, 128, 0), 2) << "by registers";
  EXPECT_EQ(ctas("sm_80", 4, 32, 80 << 10), 2) << "by shared memory";
  EXPECT_EQ(ctas("sm_90a", 4, 32, 112 << 10), 2);
  EXPECT_EQ(ctas("sm_90a", 4, 32, 227 << 10), 1);
  EXPECT_FALSE(occupancy("sm_70", 4, 32, 0).has_value());
}

//===----------------------------------------------------------------------===//
// NVIDIA's own, where they are installed
//===----------------------------------------------------------------------===//

struct RealAssemblerTest : AssemblerTest {
  void check(const Assembler &assembler, const std::string &refusal) {
    AssembledCode code = get(assembler.assemble(program.code, "sm_90a"));
    EXPECT_EQ(code.cubin.substr(1, 3), "ELF");
    auto resources = parseResources(code.log);
    EXPECT_GT(resources["fake_mean"].registers, 0);
    EXPECT_GT(resources["fake_spread"].registers, 0);
    std::string bad = program.code + "\n.visible .entry bad() { nonsense; }";
    std::string text = message(assembler.assemble(bad, "sm_90a"));
    EXPECT_EQ(text.rfind(refusal, 0), 0u) << text;
    EXPECT_NE(text.find("line 1"), std::string::npos) << text;
    // Threads at once give what one gives.
    Program again = program;
    EXPECT_EQ(message(assembleProgram(program, assembler, 1)), "");
    EXPECT_EQ(program.codeFormat, "cubin");
    for (int i = 0; i < 3; ++i) {
      Program parallel = again;
      EXPECT_EQ(message(assembleProgram(parallel, assembler, 4)), "");
      EXPECT_TRUE(parallel.code == program.code);
      EXPECT_EQ(parallel.explain, program.explain);
    }
    EXPECT_NE(program.explain.find("assembled  by " + assembler.name()),
              std::string::npos);
  }
};

TEST_F(RealAssemblerTest, NvJitLink) {
  Setting linker("LLSA_NVJITLINK", nullptr);
  auto opened = NvJitLink::open();
  if (!opened)
    GTEST_SKIP() << llvm::toString(opened.takeError());
  auto assembler = get(Assembler::find("sm_90a"));
  EXPECT_EQ(assembler->name(), "nvJitLink " + opened->version().str());
  check(*assembler, assembler->name() + " refuses the code for sm_90a: ");
}

TEST_F(RealAssemblerTest, Ptxas) {
  Setting ptxas("LLSA_PTXAS", nullptr);
  auto found = Ptxas::find();
  if (!found)
    GTEST_SKIP() << llvm::toString(found.takeError());
  auto assembler = get(Assembler::find("sm_80"));
  EXPECT_EQ(assembler->name(), "ptxas " + found->version().str());
  check(*assembler, assembler->name() + " refuses the code for sm_90a: " +
                        found->path() + " ends with ");
}

} // namespace

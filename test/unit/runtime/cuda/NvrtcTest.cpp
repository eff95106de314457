//===- NvrtcTest.cpp - CUDA C++ of users ----------------------------------===//
#include "runtime/cuda/DeviceFunctions.h"
#include "runtime/cuda/NvJitLink.h"
#include "test/unit/runtime/cuda/CudaTesting.h"

using namespace llsa::rt;
using namespace llsa::test;

namespace {

TEST(NvrtcMissing, SaysSo) {
  Setting off("LLSA_NVRTC", "off");
  EXPECT_EQ(message(Nvrtc::open()), "NVRTC: switched off by LLSA_NVRTC");
  Setting none("LLSA_NVRTC", "libno-such-nvrtc.so");
  EXPECT_EQ(
      message(Nvrtc::open()),
      "NVRTC, which compiles CUDA C++, is not there: libno-such-nvrtc.so: "
      "cannot open shared object file: No such file or directory");
}

/// Needs NVIDIA's libraries; skips where there are none.
struct NvrtcTest : testing::Test {
  void SetUp() override {
    auto nvrtc = Nvrtc::open();
    if (!nvrtc)
      GTEST_SKIP() << llvm::toString(nvrtc.takeError());
    auto linker = NvJitLink::open();
    if (!linker)
      GTEST_SKIP() << llvm::toString(linker.takeError());
  }
};

const CudaSource kDouble = {"double.cu", "extern \"C\" __device__ float twice("
                                         "float x) { return x + x; }\n"};
const CudaSource kCudaKernel = {
    "kernel.cu", "extern \"C\" __device__ float twice(float x);\n"
                 "extern \"C\" __global__ void call(float *x) {\n"
                 "  x[threadIdx.x] = twice(x[threadIdx.x]);\n}\n"};

TEST_F(NvrtcTest, MakesPtx) {
  std::string ptx = get(
      get(Nvrtc::open())
          .compile(
              {"set.cu",
               "extern \"C\" __global__ void set(float *x) { *x = VALUE; }"},
              "sm_90a", {"-DVALUE=7"}));
  EXPECT_NE(ptx.find(".entry set("), std::string::npos);
  EXPECT_NE(ptx.find(".target sm_90a"), std::string::npos);
}

TEST_F(NvrtcTest, ErrorsShowTheUsersOwnLines) {
  EXPECT_EQ(message(get(Nvrtc::open())
                        .compile({"mine/score.cu", "// a comment\n"
                                                   "__device__ float f(float "
                                                   "x) { return y; }\n"},
                                 "sm_90a")),
            "'mine/score.cu' does not compile for sm_90a: NVRTC says:\n"
            "mine/score.cu(2): error: identifier \"y\" is undefined\n"
            "  __device__ float f(float x) { return y; }\n"
            "                                       ^\n\n"
            "1 error detected in the compilation of \"mine/score.cu\".");
}

/// A program whose kernel calls twice().
llsa::Program callingTwice() {
  llsa::Program program;
  program.variant = "mine";
  program.target = "sm_90a";
  program.codeFormat = "ptx";
  program.code =
      get(get(Nvrtc::open()).compile(kCudaKernel, "sm_90a", {"-rdc=true"}));
  program.deviceFunctions = {"twice"};
  return program;
}

TEST_F(NvrtcTest, LinksAUsersFunctionIntoAKernel) {
  llsa::Program program = callingTwice();
  EXPECT_EQ(message(linkDeviceFunctions(program, {kDouble})), "");
  AssembledCode code =
      get(get(NvJitLink::open())
              .link({{LinkInput::Kind::PTX, program.code, "mine"}}, "sm_90a"));
  EXPECT_EQ(code.cubin.substr(1, 3), "ELF");
  EXPECT_NE(code.log.find("'call'"), std::string::npos) << code.log;
  EXPECT_EQ(program.explain, "functions  twice from 'double.cu'\n");
}

TEST_F(NvrtcTest, AFunctionThatDoesNotFitIsNamed) {
  llsa::Program program = callingTwice();
  EXPECT_EQ(message(linkDeviceFunctions(program, {})),
            "variant 'mine': it calls the device function twice: expected the "
            "CUDA C++ source, got none");
  EXPECT_EQ(message(linkDeviceFunctions(
                program, {{"a.cu", "__device__ float twice(float x) { return "
                                   "x + x; }"}})),
            "variant 'mine': no source defines the device function 'twice': "
            "expected an extern \"C\" __device__ function of that name, got "
            "_Z5twicef");
  std::string bad = message(linkDeviceFunctions(
      program, {{"bad.cu", "float twice(float x) { return z; }"}}));
  EXPECT_EQ(bad.rfind("'bad.cu' does not compile for sm_90a: NVRTC says:\n"
                      "bad.cu(1): error: ",
                      0),
            0u)
      << bad;
  program.deviceFunctions.clear();
  EXPECT_EQ(message(linkDeviceFunctions(program, {kDouble})),
            "variant 'mine': it calls no device function, but is given "
            "'double.cu'");
}

} // namespace

//===- ExecutorTest.cpp - Programs on the emulator ------------------------===//
#include "runtime/emulator/EmulatorExecutor.h"
#include "runtime/host/ThreadPool.h"
#include "test/unit/runtime/Testing.h"
#include <fmt/format.h>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

/// Two kernels over [4, 8] floats: "twice" writes 2 x to the workspace, "plus"
/// adds 1 to that. One warp per row, lane = column.
Program program(const std::string &plus = "st.global.f32 [%rd6], %f1;",
                const std::string &twice = "st.global.f32 [%rd6], %f1;") {
  Program p;
  p.variant = "sum";
  p.target = "sm_90a";
  p.codeFormat = "ptx";
  using Role = Buffer::Role;
  p.buffers = {{"x", Role::Input, ElementType::F32, {4, 8}, 0},
               {"y", Role::Output, ElementType::F32, {4, 8}, 0},
               {"t", Role::Workspace, ElementType::F32, {4, 8}, 0}};
  p.workspaceBytes = 128;
  Kernel kernel;
  kernel.items = kernel.ctas = 4;
  for (const char *name : {"twice", "plus"}) {
    kernel.name = name;
    p.kernels.push_back(kernel);
  }
  p.steps = {{0, {0, 2}}, {1, {2, 1}}};
  const std::string head =
      ".reg .pred %p<3>; .reg .b32 %r<8>; .reg .b32 %f<4>; .reg .b64 %rd<9>;"
      "mov.u32 %r1, %tid.x; mov.u32 %r2, %ctaid.x; setp.ge.u32 %p1, %r1, 8;"
      "@%p1 ret; cvt.u64.u32 %rd1, %r1; cvt.u64.u32 %rd2, %r2;";
  // A workspace buffer has no strides: its rows are 8 apart.
  p.code = ".version 8.8 .target sm_90a .address_size 64\n"
           ".visible .entry twice(.param .u64 x, .param .u64 sx, .param .u64 t)"
           "{" +
           head +
           "ld.param.u64 %rd3, [x]; ld.param.u64 %rd4, [sx];"
           "ld.param.u64 %rd5, [t]; mad.lo.u64 %rd7, %rd2, %rd4, %rd1;"
           "shl.b64 %rd7, %rd7, 2; add.u64 %rd7, %rd7, %rd3;"
           "ld.global.f32 %f1, [%rd7]; add.f32 %f1, %f1, %f1;"
           "mad.lo.u64 %rd6, %rd2, 8, %rd1; shl.b64 %rd6, %rd6, 2;"
           "add.u64 %rd6, %rd6, %rd5;\n" +
           twice +
           "\nret; }\n"
           ".visible .entry plus(.param .u64 t, .param .u64 y, .param .u64 sy)"
           "{" +
           head +
           "ld.param.u64 %rd3, [t]; ld.param.u64 %rd5, [y];"
           "ld.param.u64 %rd4, [sy]; mad.lo.u64 %rd7, %rd2, 8, %rd1;"
           "shl.b64 %rd7, %rd7, 2; add.u64 %rd7, %rd7, %rd3;\n"
           "ld.global.f32 %f1, [%rd7]; add.f32 %f1, %f1, 0f3F800000;"
           "mad.lo.u64 %rd6, %rd2, %rd4, %rd1; shl.b64 %rd6, %rd6, 2;"
           "add.u64 %rd6, %rd6, %rd5;\n" +
           plus + "\nret; }\n";
  return p;
}

std::unique_ptr<EmulatorExecutor> executor(Program p, ThreadPool &threads) {
  return get(EmulatorExecutor::create(std::make_shared<Program>(std::move(p)),
                                      threads));
}

/// Runs a program over rows that are `stride` apart.
std::string run(Program p, int64_t stride, std::vector<float> &y) {
  ThreadPool threads(2);
  std::vector<float> x(size_t(4 * stride), 1e9f);
  for (int64_t r = 0; r < 4; ++r)
    for (int64_t c = 0; c < 8; ++c)
      x[size_t(r * stride + c)] = float(10 * r + c);
  y.assign(size_t(4 * stride), -5);
  std::vector<int64_t> shape = {4, 8}, strides = {stride, 1};
  Tensor in{x.data(), ElementType::F32, shape, strides};
  Tensor out{y.data(), ElementType::F32, shape, strides};
  return message(executor(std::move(p), threads)->run(in, out));
}

TEST(EmulatorExecutor, RunsTheStepsInOrder) {
  for (int64_t stride : {8, 12}) {
    std::vector<float> y;
    ASSERT_EQ(run(program(), stride, y), "");
    for (int64_t r = 0; r < 4; ++r)
      for (int64_t c = 0; c < stride; ++c)
        EXPECT_EQ(y[size_t(r * stride + c)],
                  c < 8 ? 2 * float(10 * r + c) + 1 : -5.0f)
            << "row " << r << " column " << c;
  }
}

TEST(EmulatorExecutor, CopiesTensorsThatAreNotAligned) {
  // Both kernels also access 16 bytes at a time, as those of the compiler do.
  auto kernel = [](ThreadPool &threads) {
    return executor(
        program("and.b32 %r3, %r1, 3; setp.eq.u32 %p2, %r3, 0; @%p2 "
                "st.global.v4.f32 [%rd6], {%f1, %f1, %f1, %f1};"
                "st.global.f32 [%rd6], %f1;",
                "st.global.f32 [%rd6], %f1;"
                "ld.global.v4.f32 {%f0, %f1, %f2, %f3}, [%rd3];"),
        threads);
  };
  ThreadPool threads(2);
  std::vector<int64_t> shape = {4, 8};
  for (int64_t start : {0, 1, 4})
    for (int64_t stride : {8, 9, 12}) {
      std::vector<float> x(64, 1e9f), y(64, -5.f);
      std::vector<int64_t> strides = {stride, 1};
      auto at = [&](std::vector<float> &data, int64_t r, int64_t c) -> float & {
        return data[size_t(start + r * stride + c)];
      };
      for (int64_t r = 0; r < 4; ++r)
        for (int64_t c = 0; c < 8; ++c)
          at(x, r, c) = float(10 * r + c);
      Tensor in{x.data() + start, ElementType::F32, shape, strides};
      Tensor out{y.data() + start, ElementType::F32, shape, strides};
      ASSERT_EQ(message(kernel(threads)->run(in, out)), "");
      for (int64_t r = 0; r < 4; ++r)
        for (int64_t c = 0; c < 8; ++c) {
          EXPECT_EQ(at(y, r, c), 2 * float(10 * r + c) + 1);
          at(y, r, c) = -5;
        }
      EXPECT_EQ(y, std::vector<float>(64, -5.f)) << "only rows are written";
    }
}

TEST(EmulatorExecutor, ChecksTheWorkspace) {
  ThreadPool threads(1);
  Floats x({4, 8}, 1), y({4, 8});
  auto kernel = executor(program(), threads);
  alignas(64) char memory[256] = "the caller's";
  auto run = [&](void *workspace, int64_t bytes) {
    return message(kernel->run(x.tensor(), y.tensor(), workspace, bytes));
  };
  EXPECT_EQ(run(memory, 128), "");
  EXPECT_STREQ(memory, "the caller's") << "buffers have memory of their own";
  EXPECT_EQ(run(memory, 127), "variant 'sum': expected a workspace of at least "
                              "128 bytes, got 127");
  EXPECT_EQ(run(memory + 32, 128)
                .find("variant 'sum': expected a workspace aligned to 64 "
                      "bytes, got address 0x"),
            0u);
  EXPECT_EQ(run(x.data.data(), 128),
            "variant 'sum': workspace: expected memory of its own, but it "
            "overlaps 'x'");
}

TEST(EmulatorExecutor, ReportsWhatKernelsDoWrong) {
  std::vector<float> y;
  EXPECT_EQ(
      run(program("st.global.f32 [%rd6+4], %f1;"), 8, y),
      "variant 'sum': kernel 'plus', PTX line 7 ('st.global.f32 [%rd6+4], "
      "%f1'), block (3,0,0), warp 0, lane 7: writes 4 bytes at byte 128 "
      "of buffer 'y', which has 128: out of bounds");
  EXPECT_EQ(run(program("@%p1 st.global.f32 [%rd6], %f1;"), 8, y),
            "variant 'sum': element 0 of 'y', of 32, was never written");
  EXPECT_EQ(
      run(program("st.global.f32 [%rd6], %f1;"
                  "st.global.f32 [%rd6+8], %f1;"),
          12, y),
      "variant 'sum': kernel 'plus', PTX line 7 ('st.global.f32 [%rd6+8], "
      "%f1'), block (3,0,0), warp 0, lane 6: writes 4 bytes at byte 176 "
      "of buffer 'y', which has 176: out of bounds");
  EXPECT_EQ(run(program("st.global.f32 [%rd6], %f1; setp.eq.u32 %p2, %r2, 1;"
                        "@%p2 st.global.f32 [%rd6+8], %f1;"),
                12, y),
            "variant 'sum': byte 80 behind the start of 'y' was written, which "
            "lies between its rows");
  // Lane 3 of block 2 leaves its element of the workspace unwritten.
  EXPECT_EQ(
      run(program("st.global.f32 [%rd6], %f1;",
                  "mad.lo.u32 %r3, %r2, 10, %r1; setp.ne.u32 %p2, %r3, 23;"
                  "@%p2 st.global.f32 [%rd6], %f1;"),
          8, y),
      "variant 'sum': kernel 'plus', PTX line 6 ('ld.global.f32 %f1, "
      "[%rd7]'), block (2,0,0), warp 0, lane 3: reads 4 bytes at byte 76 "
      "of buffer 't', which has 128, of which byte 76 was never written");
}

TEST(EmulatorExecutor, ReadsNothingBetweenTheRowsOfAnInput) {
  Program p = program();
  // The last column's neighbour instead of the column.
  size_t at = p.code.find("ld.global.f32 %f1, [%rd7]");
  p.code.replace(at, 25, "ld.global.f32 %f1, [%rd7+4]");
  std::vector<float> y;
  EXPECT_EQ(run(p, 12, y),
            "variant 'sum': kernel 'twice', PTX line 2 ('ld.global.f32 %f1, "
            "[%rd7+4]'), block (0,0,0), warp 0, lane 7: reads 4 bytes at byte "
            "32 of buffer 'x', which has 176, of which byte 32 was never "
            "written");
}

TEST(EmulatorExecutor, RefusesWhatItCannotRun) {
  ThreadPool threads(1);
  auto create = [&](Program p) {
    return message(EmulatorExecutor::create(
        std::make_shared<Program>(std::move(p)), threads));
  };
  Program p = program();
  p.codeFormat = "cubin";
  EXPECT_EQ(create(p),
            "variant 'sum': expected code of format ptx, got 'cubin'");
  p = program();
  p.kernels[1].name = "minus";
  EXPECT_EQ(create(p), "variant 'sum': the module has no entry 'minus'");
  p = program("wobble;");
  EXPECT_EQ(create(p), "variant 'sum': kernel 'plus': PTX line 7 ('wobble'): "
                       "unknown instruction 'wobble'");
  p = program();
  p.target = "sm_89";
  p.kernels[0].sharedBytes = 100 << 10;
  EXPECT_EQ(create(p), "variant 'sum': kernel 'twice': 102400 bytes of shared "
                       "memory, but sm_89 has 101376");
}

TEST(EmulatorExecutor, KnowsItsTargets) {
  EXPECT_TRUE(EmulatorExecutor::isDeviceText("emulator:sm_80"));
  EXPECT_FALSE(EmulatorExecutor::isDeviceText("emulators"));
  EXPECT_EQ(get(EmulatorExecutor::targetOf("emulator")), "sm_90a");
  EXPECT_EQ(get(EmulatorExecutor::targetOf("emulator:sm_120a")), "sm_120a");
  EXPECT_EQ(message(EmulatorExecutor::targetOf("emulator:sm_90")),
            "device 'emulator:sm_90': expected emulator, or emulator: and one "
            "of sm_80, sm_89, sm_90a, sm_100a, sm_120a");
}

} // namespace

//===- AtomicTest.cpp - atom and red --------------------------------------===//
#include "test/unit/runtime/emulator/PtxTesting.h"
#include <cstring>

using namespace llsa::test;

namespace {

uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

/// The first words of global memory behind a body that starts with these.
std::vector<uint32_t> after(const std::string &body,
                            std::vector<uint32_t> start,
                            const LaunchSetting &setting = {}) {
  start.resize(std::max<size_t>(start.size(), 64));
  std::vector<uint32_t> in(64, 0);
  EXPECT_EQ(runBody(body, in, start, setting), "") << body;
  return start;
}

TEST(Atomic, IntegersFromManyCTAs) {
  LaunchSetting many;
  many.ctas = 40;
  many.warps = 2;
  EXPECT_EQ(after("red.global.add.u32 [%rd1], %r0;", {5}, many)[0],
            5u + 40 * 63 * 32);
  EXPECT_EQ(
      after("atom.global.max.s32 %r1, [%rd1], %r0;", {uint32_t(-7)}, many)[0],
      63u);
  EXPECT_EQ(
      after("atom.global.min.u32 %r1, [%rd1], %r0;", {uint32_t(-7)}, many)[0],
      0u);
  EXPECT_EQ(after("red.relaxed.gpu.global.xor.b32 [%rd1], %r0;", {9})[0], 9u);
  EXPECT_EQ(after("red.global.or.b32 [%rd1], %r0;", {64})[0], 95u);
  // Each lane sees another old value: lanes go by number.
  std::vector<uint32_t> got =
      words("mov.u32 %r1, 0; st.global.u32 [%rd1], 100;"
            "bar.warp.sync -1;"
            "atom.global.add.u32 %r2, [%rd1], 1;"
            "bar.warp.sync -1; st.global.u32 [%rd3], %r2;");
  for (uint32_t t = 0; t < 32; ++t)
    EXPECT_EQ(got[t], 100 + t);
}

TEST(Atomic, SwapsAndCounts) {
  EXPECT_EQ(after("setp.eq.u32 %p1, %r0, 3; mov.u32 %r2, 42;"
                  "@%p1 atom.global.exch.b32 %r1, [%rd1], %r2;",
                  {5})[0],
            42u);
  // Lane t swaps t for t + 1: all succeed, in turn.
  EXPECT_EQ(after("add.u32 %r2, %r0, 1;"
                  "atom.global.cas.b32 %r1, [%rd1], %r0, %r2;",
                  {0})[0],
            32u);
  EXPECT_EQ(after("atom.global.inc.u32 %r1, [%rd1], 9;", {0})[0], 2u);
  EXPECT_EQ(after("atom.global.dec.u32 %r1, [%rd1], 9;", {0})[0], 8u);
}

TEST(Atomic, Floats) {
  EXPECT_EQ(after("cvt.rn.f32.u32 %f1, %r0; red.global.add.f32 [%rd1], %f1;",
                  {bitsOf(0.5f)})[0],
            bitsOf(496.5f));
  EXPECT_EQ(after("mov.b32 %r1, 0x3f804000; red.global.add.noftz.bf16x2 "
                  "[%rd1], %r1;",
                  {0})[0],
            0x42004280u); // 32 times 1 and 2
  EXPECT_EQ(after("mov.b32 %r1, 0x3c004000; red.global.add.noftz.f16x2 "
                  "[%rd1], %r1;",
                  {0})[0],
            0x50005400u);
}

TEST(Atomic, Vectors) {
  std::vector<uint32_t> got =
      after("mov.b32 %f1, 0f3f800000; mov.b32 %f2, 0f40000000;"
            "mov.b32 %f3, 0f40400000; mov.b32 %f4, 0f40800000;"
            "red.global.add.v4.f32 [%rd1], {%f1, %f2, %f3, %f4};",
            {0, 0, 0, bitsOf(1)});
  EXPECT_EQ(got[0], bitsOf(32));
  EXPECT_EQ(got[1], bitsOf(64));
  EXPECT_EQ(got[2], bitsOf(96));
  EXPECT_EQ(got[3], bitsOf(129));
  got = after("mov.b32 %r1, 0x3f804000;"
              "red.global.add.noftz.v4.bf16x2 [%rd1], {%r1, %r1, %r1, %r1};",
              {0, 0, 0, 0});
  for (unsigned i = 0; i < 4; ++i)
    EXPECT_EQ(got[i], 0x42004280u);
}

TEST(Atomic, InSharedMemory) {
  LaunchSetting setting;
  setting.warps = 4;
  setting.sharedBytes = 4;
  setting.declarations = ".extern .shared .align 4 .b8 shared[];";
  std::vector<uint32_t> got =
      words("mov.u32 %r10, shared; setp.eq.u32 %p1, %r0, 0;"
            "@%p1 st.shared.u32 [%r10], 7; bar.sync 0;\n"
            "red.shared.add.u32 [%r10], 1; bar.sync 0;"
            "ld.shared.u32 %r2, [%r10]; st.global.u32 [%rd3], %r2;",
            setting);
  for (uint32_t value : got)
    EXPECT_EQ(value, 135u);
}

} // namespace

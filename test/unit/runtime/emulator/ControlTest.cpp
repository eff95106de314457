//===- ControlTest.cpp - predicates, divergence, calls --------------------===//
#include "test/unit/runtime/emulator/PtxTesting.h"

using namespace llsa::test;

namespace {

/// Compares words() with a function of the thread.
template <typename F>
void expectWords(const std::string &body, F f,
                 const LaunchSetting &setting = {}) {
  std::vector<uint32_t> got = words(body, setting);
  for (uint32_t t = 0; t < got.size(); ++t)
    EXPECT_EQ(got[t], uint32_t(f(t))) << "thread " << t;
}

TEST(Control, PredicatesGuardSingleLanes) {
  expectWords("setp.lt.u32 %p1, %r0, 7; setp.ge.u32 %p2, %r0, 20;\n"
              "mov.u32 %r1, 1; @%p1 mov.u32 %r1, 2; @!%p1 add.u32 %r1, %r1, 10;"
              "or.pred %p3, %p1, %p2; @%p3 add.u32 %r1, %r1, 100;"
              "st.global.u32 [%rd3], %r1;",
              [](uint32_t t) {
                return (t < 7 ? 2 : 11) + (t < 7 || t >= 20 ? 100 : 0);
              });
}

TEST(Control, BranchesPartAndMeetAgain) {
  // What runs where both paths have joined sees all lanes.
  expectWords("and.b32 %r1, %r0, 1; setp.eq.u32 %p1, %r1, 0;\n"
              "@%p1 bra EVEN;\n"
              "mul.lo.u32 %r2, %r0, 3; activemask.b32 %r3;\n"
              "bra JOIN;\n"
              "EVEN: mul.lo.u32 %r2, %r0, 5; activemask.b32 %r3;\n"
              "JOIN: activemask.b32 %r4; add.u32 %r2, %r2, %r4;"
              "add.u32 %r2, %r2, %r3;"
              "st.global.u32 [%rd3], %r2;",
              [](uint32_t t) {
                return (t % 2 ? 3 * t + 0xaaaaaaaa : 5 * t + 0x55555555) +
                       0xffffffff;
              });
}

TEST(Control, LanesLeaveALoopOneByOne) {
  // Lane t sums 0 + ... + t.
  expectWords("mov.u32 %r1, 0; mov.u32 %r2, 0;\n"
              "LOOP: add.u32 %r2, %r2, %r1; add.u32 %r1, %r1, 1;\n"
              "setp.le.u32 %p1, %r1, %r0; @%p1 bra LOOP;\n"
              "bar.warp.sync -1; st.global.u32 [%rd3], %r2;",
              [](uint32_t t) { return t * (t + 1) / 2; });
}

TEST(Control, NestedLoopsWithBreaks) {
  expectWords(
      "mov.u32 %r1, 0; mov.u32 %r3, 0;\n"
      "OUTER: mov.u32 %r2, 0;\n"
      "INNER: add.u32 %r3, %r3, 1; setp.gt.u32 %p1, %r3, 50;"
      "@%p1 bra DONE;\n"
      "add.u32 %r2, %r2, 1; setp.lt.u32 %p2, %r2, %r1; @%p2 bra INNER;\n"
      "add.u32 %r1, %r1, 1; setp.lt.u32 %p3, %r1, %r0; @%p3 bra OUTER;\n"
      "DONE: st.global.u32 [%rd3], %r3;",
      [](uint32_t t) {
        uint32_t count = 0;
        for (uint32_t i = 0;;) {
          for (uint32_t j = 0;;) {
            if (++count > 50)
              return count;
            if (++j >= i)
              break;
          }
          if (++i >= t)
            return count;
        }
      });
}

TEST(Control, LanesThatExitAreNotWaitedFor) {
  expectWords("setp.ge.u32 %p1, %r0, 10; mov.u32 %r1, 0;\n"
              "st.global.u32 [%rd3], %r1; @%p1 exit;\n"
              "vote.sync.ballot.b32 %r1, 1, 0x3ff; bar.sync 0;\n"
              "st.global.u32 [%rd3], %r1;",
              [](uint32_t t) { return t < 10 ? 0x3ff : 0; });
}

TEST(Control, TablesOfBranches) {
  expectWords("and.b32 %r1, %r0, 3;\n"
              "T: .branchtargets A, B, A, C;\n"
              "brx.idx %r1, T;\n"
              "A: mov.u32 %r2, 10; bra JOIN;\n"
              "B: mov.u32 %r2, 20; bra JOIN;\n"
              "C: mov.u32 %r2, 30;\n"
              "JOIN: activemask.b32 %r3; add.u32 %r2, %r2, %r3;"
              "st.global.u32 [%rd3], %r2;",
              [](uint32_t t) {
                const uint32_t values[] = {10, 20, 10, 30};
                return values[t % 4] + 0xffffffff;
              });
}

TEST(Control, FunctionsTakeAndReturnValues) {
  LaunchSetting setting;
  setting.declarations =
      ".func (.param .b32 result) square(.param .b32 x) { .reg .b32 %a;"
      "ld.param.b32 %a, [x]; mul.lo.u32 %a, %a, %a;"
      "st.param.b32 [result], %a; ret; }\n";
  expectWords(
      "setp.lt.u32 %p1, %r0, 16; add.u32 %r2, %r0, 7;\n"
      "@%p1 bra SECOND;\n"
      "{ .param .b32 p; .param .b32 q; st.param.b32 [p], %r0;"
      "call.uni (q), square, (p); ld.param.b32 %r2, [q]; }\n"
      "SECOND: st.global.u32 [%rd3], %r2;",
      [](uint32_t t) { return t < 16 ? t + 7 : t * t; }, setting);
}

TEST(Control, LocalMemoryBelongsToALane) {
  expectWords(".local .align 4 .b8 buffer[16]; .reg .b64 %l;\n"
              "mov.u64 %l, buffer; cvta.local.u64 %l, %l;\n"
              "st.u32 [%l+4], %r0; ld.local.u32 %r1, [buffer+4];"
              "st.global.u32 [%rd3], %r1;",
              [](uint32_t t) { return t; });
}

TEST(Control, SpecialRegisters) {
  LaunchSetting setting;
  setting.warps = 2;
  setting.sharedBytes = 48;
  expectWords(
      "mov.u32 %r1, %laneid; mov.u32 %r2, %ntid.x; shl.b32 %r2, %r2, 8;"
      "or.b32 %r1, %r1, %r2; mov.u32 %r2, %lanemask_lt;"
      "add.u32 %r1, %r1, %r2; mov.u32 %r2, %dynamic_smem_size;"
      "shl.b32 %r2, %r2, 20; add.u32 %r1, %r1, %r2;"
      "st.global.u32 [%rd3], %r1;",
      [](uint32_t t) {
        return (t % 32 | 64 << 8) + ((1u << t % 32) - 1) + (48 << 20);
      },
      setting);
}

TEST(Control, WarpsMeetAtBarriers) {
  // Each warp stores, and reads what the other stored, 50 times.
  LaunchSetting setting;
  setting.warps = 2;
  setting.sharedBytes = 256;
  setting.declarations = ".extern .shared .align 16 .b8 shared[];";
  expectWords(
      "mov.u32 %r10, shared; mad.lo.u32 %r1, %r0, 4, %r10;"
      "xor.b32 %r2, %r0, 32; mad.lo.u32 %r2, %r2, 4, %r10;"
      "mov.u32 %r3, %r0; mov.u32 %r4, 0;\n"
      "LOOP: st.shared.u32 [%r1], %r3; bar.sync 0;"
      "ld.shared.u32 %r5, [%r2]; add.u32 %r3, %r3, %r5; bar.sync 1, 64;\n"
      "add.u32 %r4, %r4, 1; setp.lt.u32 %p1, %r4, 20; @%p1 bra LOOP;\n"
      "st.global.u32 [%rd3], %r3;",
      [](uint32_t t) {
        uint32_t a = t, b = t ^ 32;
        for (unsigned i = 0; i < 20; ++i)
          a = b = a + b;
        return a;
      },
      setting);
}

TEST(Control, BarriersReduce) {
  LaunchSetting setting;
  setting.warps = 2;
  expectWords(
      "setp.lt.u32 %p1, %r0, 40; barrier.sync.aligned 0;\n"
      "bar.red.popc.u32 %r1, 0, %p1; bar.red.and.pred %p2, 0, %p1;"
      "bar.red.or.pred %p3, 0, %p1; selp.u32 %r2, 100, 0, %p2;"
      "selp.u32 %r3, 1000, 0, %p3; add.u32 %r1, %r1, %r2;"
      "add.u32 %r1, %r1, %r3; st.global.u32 [%rd3], %r1;",
      [](uint32_t) { return 1040; }, setting);
}

TEST(Control, GlobalsAndConstantsOfTheModule) {
  LaunchSetting setting;
  setting.declarations = ".global .align 4 .u32 table[4] = {5, 6, 7, 8};"
                         ".const .align 4 .u32 seven = 7;";
  expectWords(
      "and.b32 %r1, %r0, 3; .reg .b64 %t; mov.u64 %t, table;"
      "mad.wide.u32 %t, %r1, 4, %t; ld.global.u32 %r2, [%t];"
      "ld.const.u32 %r3, [seven]; mul.lo.u32 %r2, %r2, %r3;"
      "st.global.u32 [%rd3], %r2;",
      [](uint32_t t) { return 7 * (5 + t % 4); }, setting);
}

} // namespace

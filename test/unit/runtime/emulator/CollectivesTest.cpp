//===- CollectivesTest.cpp - shfl, vote, match, redux, elect --------------===//
#include "test/unit/runtime/emulator/PtxTesting.h"

using namespace llsa::test;

namespace {

/// Runs a body in which %r1 holds 1000 + lane, and which leaves its result in
/// %r2.
template <typename F> void expectResult(const std::string &body, F f) {
  std::vector<uint32_t> got = words("add.u32 %r1, %r0, 1000;\n" + body +
                                    "\nst.global.u32 [%rd3], %r2;");
  for (uint32_t t = 0; t < 32; ++t)
    EXPECT_EQ(got[t], uint32_t(f(t))) << body << " in lane " << t;
}

TEST(Shuffle, AllModes) {
  expectResult("shfl.sync.bfly.b32 %r2, %r1, 5, 31, -1;",
               [](uint32_t t) { return 1000 + (t ^ 5); });
  expectResult("shfl.sync.up.b32 %r2, %r1, 3, 0, -1;",
               [](uint32_t t) { return 1000 + (t >= 3 ? t - 3 : t); });
  expectResult("shfl.sync.down.b32 %r2, %r1, 3, 31, -1;",
               [](uint32_t t) { return 1000 + (t + 3 < 32 ? t + 3 : t); });
  expectResult("shfl.sync.idx.b32 %r2, %r1, 9, 31, -1;",
               [](uint32_t) { return 1009; });
  // Segments of eight lanes: a clamp of 0x1807 for down and idx.
  expectResult("shfl.sync.down.b32 %r2, %r1, 3, 0x1807, -1;",
               [](uint32_t t) { return 1000 + (t % 8 + 3 < 8 ? t + 3 : t); });
  expectResult("shfl.sync.idx.b32 %r2, %r1, %r0, 0x1807, -1;",
               [](uint32_t t) { return 1000 + t; });
  expectResult("shfl.sync.up.b32 %r2|%p1, %r1, 3, 0x1800, -1;"
               "selp.u32 %r3, 1, 0, %p1; mad.lo.u32 %r2, %r3, 5000, %r2;",
               [](uint32_t t) { return t % 8 >= 3 ? 6000 + t - 3 : 1000 + t; });
}

TEST(Shuffle, SomeLanesAlone) {
  // Both halves shuffle at instructions of their own.
  expectResult("setp.lt.u32 %p1, %r0, 16; @%p1 bra LOW;\n"
               "shfl.sync.bfly.b32 %r2, %r1, 1, 31, 0xffff0000; bra JOIN;\n"
               "LOW: shfl.sync.bfly.b32 %r2, %r1, 2, 31, 0xffff;\n"
               "JOIN:",
               [](uint32_t t) { return 1000 + (t ^ (t < 16 ? 2 : 1)); });
}

TEST(Vote, AllModes) {
  expectResult("setp.lt.u32 %p1, %r0, 5; vote.sync.ballot.b32 %r2, %p1, -1;",
               [](uint32_t) { return 31; });
  expectResult("setp.lt.u32 %p1, %r0, 5; vote.sync.ballot.b32 %r2, !%p1, -1;",
               [](uint32_t) { return ~31u; });
  auto vote = [](const char *mode, const char *bound) {
    return fmt::format("setp.lt.u32 %p1, %r0, {}; vote.sync.{}.pred %p2, %p1, "
                       "-1; selp.u32 %r2, 1, 0, %p2;",
                       bound, mode);
  };
  auto is = [](uint32_t value) { return [=](uint32_t) { return value; }; };
  expectResult(vote("all", "5"), is(0));
  expectResult(vote("all", "32"), is(1));
  expectResult(vote("any", "1"), is(1));
  expectResult(vote("any", "0"), is(0));
  expectResult(vote("uni", "0"), is(1));
  expectResult(vote("uni", "5"), is(0));
}

TEST(Match, GroupsEqualValues) {
  expectResult("and.b32 %r3, %r0, 1; match.any.sync.b32 %r2, %r3, -1;",
               [](uint32_t t) { return t % 2 ? 0xaaaaaaaa : 0x55555555; });
  expectResult("and.b32 %r3, %r0, 1; match.all.sync.b32 %r2|%p1, %r3, -1;"
               "@%p1 mov.u32 %r2, 77;",
               [](uint32_t) { return 0; });
  expectResult("mov.u32 %r3, 9; match.all.sync.b32 %r2|%p1, %r3, -1;"
               "@%p1 add.u32 %r2, %r2, 1;",
               [](uint32_t) { return 0; });
}

TEST(Redux, ReducesTheWarp) {
  expectResult("redux.sync.add.u32 %r2, %r1, -1;",
               [](uint32_t) { return 32 * 1000 + 31 * 16; });
  expectResult("sub.u32 %r3, %r0, 9; redux.sync.min.s32 %r2, %r3, -1;",
               [](uint32_t) { return -9; });
  expectResult("sub.u32 %r3, %r0, 9; redux.sync.max.u32 %r2, %r3, -1;",
               [](uint32_t) { return -1; });
  expectResult("redux.sync.or.b32 %r2, %r0, -1;", [](uint32_t) { return 31; });
  expectResult("redux.sync.and.b32 %r2, %r1, -1;", [](uint32_t) {
    uint32_t all = ~0u;
    for (uint32_t t = 0; t < 32; ++t)
      all &= 1000 + t;
    return all;
  });
  expectResult("redux.sync.xor.b32 %r2, %r0, -1;", [](uint32_t) { return 0; });
}

TEST(Elect, ChoosesOneLane) {
  expectResult("elect.sync %r2|%p1, -1; @%p1 add.u32 %r2, %r2, 50;",
               [](uint32_t t) { return t == 0 ? 50 : 0; });
  expectResult("mov.u32 %r2, 3; setp.lt.u32 %p3, %r0, 8; @%p3 bra JOIN;\n"
               "elect.sync %r2|%p1, 0xffffff00; @%p1 add.u32 %r2, %r2, 50;\n"
               "JOIN:",
               [](uint32_t t) { return t < 8    ? 3
                                       : t == 8 ? 58
                                                : 8; });
}

} // namespace

//===- DiagnosticsTest.cpp - every fault that is reported, word for word --===//
//
// Beside each fault stands the same program without it, so that no alarm is
// given for nothing.
//
//===----------------------------------------------------------------------===//
#include "test/unit/runtime/emulator/PtxTesting.h"

using namespace llsa::test;

namespace {

/// %r10 = shared, %r11 = shared + 4 * %tid.x, %r12 = %tid.x / 32, %p1 = is warp
/// 0, %p2 = is thread 0. One line.
const std::string kShared =
    "mov.u32 %r10, shared; mad.lo.u32 %r11, %r0, 4, %r10;"
    "shr.u32 %r12, %r0, 5; setp.eq.u32 %p1, %r12, 0; setp.eq.u32 %p2, %r0, "
    "0;\n";

TEST(Diagnostics, GlobalOutOfBounds) {
  std::vector<uint32_t> in(40), out(64);
  EXPECT_EQ(runBody("ld.global.u32 %r1, [%rd4+32];", in, out), "");
  EXPECT_EQ(runBody("ld.global.u32 %r1, [%rd4+36];", in, out),
            "kernel 'test', PTX line 2 ('ld.global.u32 %r1, [%rd4+36]'), block "
            "(0,0,0), warp 0, lane 31: reads 4 bytes at byte 160 of buffer "
            "'in', which has 160: out of bounds");
  EXPECT_EQ(runBody("st.global.u32 [%rd1+-4], %r0;", in, out),
            "kernel 'test', PTX line 2 ('st.global.u32 [%rd1+-4], %r0'), block "
            "(0,0,0), warp 0, lane 0: writes 4 bytes at byte -4 of buffer "
            "'out', which has 256: out of bounds");
  EXPECT_EQ(runBody("mov.u64 %rd5, 64; ld.global.u32 %r1, [%rd5];", in, out),
            "kernel 'test', PTX line 2 ('ld.global.u32 %r1, [%rd5]'), block "
            "(0,0,0), warp 0, lane 0: reads 4 bytes at address 0x40, where "
            "there is no buffer: out of bounds");
  EXPECT_EQ(runBody("st.global.u32 [%rd2], %r0;", in, out),
            "kernel 'test', PTX line 2 ('st.global.u32 [%rd2], %r0'), block "
            "(0,0,0), warp 0, lane 0: writes 4 bytes at byte 0 of buffer 'in', "
            "which has 160, which may only be read");
}

TEST(Diagnostics, BlocksThatNestTooDeep) {
  std::vector<uint32_t> in(40), out(64);
  auto nest = [&](size_t depth) {
    return runBody(std::string(depth, '{') + std::string(depth, '}'), in, out);
  };
  EXPECT_EQ(nest(255), "") << "the body is one more";
  for (size_t depth : {256, 1000000})
    EXPECT_EQ(nest(depth), "PTX line 2: expected blocks within each other "
                           "at most 256 deep, got more");
}

TEST(Diagnostics, Misaligned) {
  std::vector<uint64_t> in(40), out(64);
  EXPECT_EQ(runBody("ld.global.v2.u32 {%r1, %r2}, [%rd2+8];", in, out), "");
  EXPECT_EQ(
      runBody("ld.global.v2.u32 {%r1, %r2}, [%rd2+4];", in, out),
      "kernel 'test', PTX line 2 ('ld.global.v2.u32 {%r1, %r2}, "
      "[%rd2+4]'), block (0,0,0), warp 0, lane 0: reads 8 bytes at byte 4 "
      "of buffer 'in', which has 320: the address is not a multiple of 8");
  EXPECT_EQ(runBody(kShared + "st.shared.u32 [%r11+2], %r0;", withShared(256)),
            "kernel 'test', PTX line 3 ('st.shared.u32 [%r11+2], %r0'), block "
            "(0,0,0), warp 0, lane 0: writes 4 bytes at shared address 0x2, "
            "which is not a multiple of 4");
}

TEST(Diagnostics, SharedOutOfBounds) {
  EXPECT_EQ(runBody(kShared + "st.shared.u32 [%r11], %r0;", withShared(128)),
            "");
  EXPECT_EQ(runBody(kShared + "st.shared.u32 [%r11+4], %r0;", withShared(128)),
            "kernel 'test', PTX line 3 ('st.shared.u32 [%r11+4], %r0'), block "
            "(0,0,0), warp 0, lane 31: writes 4 bytes at shared address 0x80, "
            "outside the 128 bytes of shared memory");
}

TEST(Diagnostics, UninitialisedShared) {
  // Lane 31's word is not written.
  std::string body = kShared + "setp.lt.u32 %p3, %r0, {};"
                               "@%p3 st.shared.u32 [%r11], %r0; bar.sync 0;\n"
                               "ld.shared.u32 %r1, [%r11];";
  auto with = [&](const char *bound) {
    std::string text = body;
    return text.replace(text.find("{}"), 2, bound);
  };
  EXPECT_EQ(runBody(with("32"), withShared(128)), "");
  EXPECT_EQ(runBody(with("31"), withShared(128)),
            "kernel 'test', PTX line 4 ('ld.shared.u32 %r1, [%r11]'), block "
            "(0,0,0), warp 0, lane 31: reads 4 bytes at shared address 0x7c, "
            "which were never written");
  // What an earlier CTA has written counts for nothing.
  LaunchSetting two = withShared(128);
  two.ctas = 2;
  std::string text = kShared + "mov.u32 %r1, %ctaid.x; setp.eq.u32 %p3, %r1, 0;"
                               "@%p3 st.shared.u32 [%r11], %r0; bar.sync 0;\n"
                               "ld.shared.u32 %r1, [%r11];";
  EXPECT_EQ(runBody(text, two),
            "kernel 'test', PTX line 4 ('ld.shared.u32 %r1, [%r11]'), block "
            "(1,0,0), warp 0, lane 0: reads 4 bytes at shared address 0x0, "
            "which were never written");
}

TEST(Diagnostics, CopyReadBeforeItsWait) {
  std::string copy = kShared + "mad.lo.u32 %r11, %r0, 16, %r10;"
                               "mad.wide.u32 %rd5, %r0, 16, %rd2;"
                               "cp.async.cg.shared.global [%r11], [%rd5], 16;"
                               "cp.async.commit_group;\n";
  std::vector<uint32_t> in(128), out(1);
  auto run = [&](const std::string &body) {
    return runBody(copy + body, in, out, withShared(512));
  };
  EXPECT_EQ(run("cp.async.wait_group 0; ld.shared.u32 %r1, [%r11];"), "");
  EXPECT_EQ(run("cp.async.wait_group 1; ld.shared.u32 %r1, [%r11];"),
            "kernel 'test', PTX line 4 ('ld.shared.u32 %r1, [%r11]'), block "
            "(0,0,0), warp 0, lane 0: reads 4 bytes at shared address 0x0, "
            "written at PTX line 3 by cp.async of warp 0, lane 0, an "
            "asynchronous copy that was not waited for");
  // Another lane's copy needs a barrier, too.
  std::string other = "cp.async.wait_group 0;{} xor.b32 %r1, %r11, 16;"
                      "ld.shared.u32 %r1, [%r1];";
  auto with = [&](const char *barrier) {
    std::string text = other;
    return run(text.replace(text.find("{}"), 2, barrier));
  };
  EXPECT_EQ(with("bar.warp.sync -1;"), "");
  EXPECT_EQ(with("bar.sync 0;"), "");
  EXPECT_EQ(
      with(""),
      "kernel 'test', PTX line 4 ('ld.shared.u32 %r1, [%r1]'), block "
      "(0,0,0), warp 0, lane 0: reads 4 bytes at shared address 0x10, "
      "written at PTX line 3 by cp.async of warp 0, lane 1: that lane has "
      "waited for its copy, but no bar.warp.sync or bar.sync has shown it "
      "to the others");
  // An overwritten destination is a race as well.
  EXPECT_EQ(run("st.shared.u32 [%r11], %r0;"),
            "kernel 'test', PTX line 4 ('st.shared.u32 [%r11], %r0'), block "
            "(0,0,0), warp 0, lane 0: writes 4 bytes at shared address 0x0, "
            "written at PTX line 3 by cp.async of warp 0, lane 0, an "
            "asynchronous copy that was not waited for");
}

/// One bulk copy of 512 bytes by thread 0, before which an mbarrier is made.
const std::string kBulk =
    kShared + "@%p2 mbarrier.init.shared.b64 [%r10+1024], 1; bar.sync 0;\n"
              "add.u32 %r20, %r10, 1024;"
              "@%p2 mbarrier.arrive.expect_tx.shared.b64 _, [%r20], 512;"
              "@%p2 cp.async.bulk.shared::cluster.global."
              "mbarrier::complete_tx::bytes [%r10], [%rd2], 512, [%r20];\n";

TEST(Diagnostics, BulkCopyReadBeforeItsWait) {
  std::vector<uint32_t> in(128), out(1);
  auto run = [&](const std::string &body) {
    return runBody(kBulk + body, in, out, withShared(1032, 2));
  };
  std::string wait = "WAIT: mbarrier.try_wait.parity.shared.b64 %p3, [%r20], 0;"
                     "@!%p3 bra WAIT;\n";
  EXPECT_EQ(run(wait + "ld.shared.u32 %r1, [%r11];"), "");
  EXPECT_EQ(run("@%p1 ld.shared.u32 %r1, [%r11];"),
            "kernel 'test', PTX line 5 ('ld.shared.u32 %r1, [%r11]'), block "
            "(0,0,0), warp 0, lane 0: reads 4 bytes at shared address 0x0, "
            "written at PTX line 4 by a bulk copy, an asynchronous copy that "
            "was not waited for");
  // Warp 0 waits, and the other does not.
  EXPECT_EQ(run("bar.sync 0; @!%p1 bra READ;\n" + wait +
                "READ: ld.shared.u32 %r1, [%r11];"),
            "kernel 'test', PTX line 7 ('ld.shared.u32 %r1, [%r11]'), block "
            "(0,0,0), warp 1, lane 0: reads 4 bytes at shared address 0x80, "
            "written at PTX line 4 by a bulk copy, an asynchronous copy that "
            "was not waited for");
  // The wrong parity: the phase before the first one counts as complete.
  EXPECT_EQ(run("mbarrier.try_wait.parity.shared.b64 %p3, [%r20], 1;"
                "@%p1 ld.shared.u32 %r1, [%r11];"),
            "kernel 'test', PTX line 5 ('ld.shared.u32 %r1, [%r11]'), block "
            "(0,0,0), warp 0, lane 0: reads 4 bytes at shared address 0x0, "
            "written at PTX line 4 by a bulk copy, an asynchronous copy that "
            "was not waited for");
}

TEST(Diagnostics, RacesBetweenWarps) {
  // Each warp writes its words and reads the other's.
  std::string body = kShared + "st.shared.u32 [%r11], %r0;{}\n"
                               "xor.b32 %r1, %r0, 32;"
                               "mad.lo.u32 %r1, %r1, 4, %r10;"
                               "ld.shared.u32 %r2, [%r1];{}\n"
                               "st.shared.u32 [%r11], %r2;";
  auto with = [&](const char *first, const char *second) {
    std::string text = body;
    text.replace(text.find("{}"), 2, first);
    text.replace(text.find("{}"), 2, second);
    return runBody(text, withShared(256, 2));
  };
  EXPECT_EQ(with("bar.sync 0;", "bar.sync 0;"), "");
  EXPECT_EQ(with("bar.sync 3, 64;", "barrier.sync.aligned 2;"), "");
  EXPECT_EQ(with("", "bar.sync 0;"),
            "kernel 'test', PTX line 4 ('ld.shared.u32 %r2, [%r1]'), block "
            "(0,0,0), warp 0, lane 0: reads 4 bytes at shared address 0x80, "
            "which were never written")
      << "warp 0 runs first";
  EXPECT_EQ(with("bar.sync 0;", ""),
            "kernel 'test', PTX line 4 ('ld.shared.u32 %r2, [%r1]'), block "
            "(0,0,0), warp 0, lane 0: reads 4 bytes at shared address 0x80, "
            "written at PTX line 5 by warp 1, lane 0 with nothing that orders "
            "the two")
      << "warp 1 arrives last and goes on";
  // Both write one word; the result is the same, but it is a race.
  EXPECT_EQ(runBody(kShared + "st.shared.u32 [%r10], 5;", withShared(4, 2)),
            "kernel 'test', PTX line 3 ('st.shared.u32 [%r10], 5'), block "
            "(0,0,0), warp 1, lane 0: writes 4 bytes at shared address 0x0, "
            "written at PTX line 3 by warp 0, lane 0 with nothing that orders "
            "the two");
}

TEST(Diagnostics, RacesThatTheOrderOfWarpsHides) {
  // Warp 1 reads what warp 0 wrote, after a barrier that it passed alone.
  std::string body = kShared + "@%p1 st.shared.u32 [%r11], %r0;"
                               "@%p1 bar.arrive {}, 64;"
                               "@!%p1 bar.sync 1, {};\n"
                               "@!%p1 ld.shared.u32 %r2, [%r11+-128];";
  auto with = [&](const char *id, const char *threads) {
    std::string text = body;
    text.replace(text.find("{}"), 2, id);
    text.replace(text.find("{}"), 2, threads);
    return runBody(text, withShared(256, 2));
  };
  EXPECT_EQ(with("1", "64"), "");
  EXPECT_EQ(with("2", "32"),
            "kernel 'test', PTX line 4 ('ld.shared.u32 %r2, [%r11+-128]'), "
            "block (0,0,0), warp 1, lane 0: reads 4 bytes at shared address "
            "0x0, written at PTX line 3 by warp 0, lane 0 with nothing that "
            "orders the two");
}

TEST(Diagnostics, AtomicsRaceWithPlainAccesses) {
  std::string start = kShared + "@%p2 st.shared.u32 [%r10], 0; bar.sync 0;\n";
  EXPECT_EQ(runBody(start + "red.shared.add.u32 [%r10], 1;", withShared(4, 2)),
            "");
  EXPECT_EQ(runBody(start + "@%p1 red.shared.add.u32 [%r10], 1;"
                            "@!%p1 ld.shared.u32 %r1, [%r10];",
                    withShared(4, 2)),
            "kernel 'test', PTX line 4 ('red.shared.add.u32 [%r10], 1'), block "
            "(0,0,0), warp 0, lane 0: writes 4 bytes at shared address 0x0, "
            "which warp 1 reads with nothing that orders the two");
  EXPECT_EQ(runBody(start + "@%p1 ld.shared.u32 %r1, [%r10];"
                            "@!%p1 red.shared.add.u32 [%r10], 1;",
                    withShared(4, 2)),
            "kernel 'test', PTX line 4 ('ld.shared.u32 %r1, [%r10]'), block "
            "(0,0,0), warp 0, lane 0: reads 4 bytes at shared address 0x0, "
            "written at PTX line 4 by warp 1, lane 31 with nothing that orders "
            "the two");
}

TEST(Diagnostics, FlagsOrderWhatFencesAndAcquiresSay) {
  // Warp 0 writes data, then a flag; warp 1 waits for the flag.
  std::string body = kShared + "@%p2 st.shared.u32 [%r10+512], 0; bar.sync 0;\n"
                               "@!%p1 bra READER;\n"
                               "st.shared.u32 [%r11], %r0; bar.warp.sync -1;"
                               "@%p2 st.{}.shared.u32 [%r10+512], 1; bra END;\n"
                               "READER: ld.{}.shared.u32 %r1, [%r10+512];"
                               "setp.eq.u32 %p3, %r1, 0; @%p3 bra READER;\n"
                               "ld.shared.u32 %r2, [%r11+-128];\n"
                               "END:";
  auto with = [&](const char *write, const char *read) {
    std::string text = body;
    text.replace(text.find("{}"), 2, write);
    text.replace(text.find("{}"), 2, read);
    return runBody(text, withShared(516, 2));
  };
  EXPECT_EQ(with("release.cta", "acquire.cta"), "");
  EXPECT_EQ(with("relaxed.cta", "relaxed.cta"),
            "kernel 'test', PTX line 7 ('ld.shared.u32 %r2, [%r11+-128]'), "
            "block (0,0,0), warp 1, lane 0: reads 4 bytes at shared address "
            "0x0, written at PTX line 5 by warp 0, lane 0 with nothing that "
            "orders the two");
}

TEST(Diagnostics, MissingProxyFence) {
  std::string body = kShared +
                     "st.shared.u32 [%r11], %r0;{} bar.sync 0;{}\n"
                     "@%p2 cp.async.bulk.global.shared::cta.bulk_group"
                     " [%rd1], [%r10], 256;"
                     "cp.async.bulk.commit_group;"
                     "cp.async.bulk.wait_group 0;";
  auto with = [&](const char *before, const char *behind) {
    std::string text = body;
    text.replace(text.find("{}"), 2, before);
    text.replace(text.find("{}"), 2, behind);
    return runBody(text, withShared(256, 2));
  };
  EXPECT_EQ(with("fence.proxy.async.shared::cta;", ""), "");
  EXPECT_EQ(with("", "fence.proxy.async;"), "");
  std::string message =
      "kernel 'test', PTX line 4 ('cp.async.bulk.global.shared::cta.bulk_group "
      "[%rd1], [%r10], 256'), block (0,0,0), warp 0: reads 256 bytes at shared "
      "address 0x0, written at PTX line 3 by warp 0, lane 0, with no "
      "fence.proxy.async in between";
  EXPECT_EQ(with("", ""), message);
  // A fence before the write does not count.
  EXPECT_EQ(with("fence.proxy.async; st.shared.u32 [%r11], %r0;", ""), message);
}

TEST(Diagnostics, BulkStoreOverwrittenBeforeItsWait) {
  std::string body = kShared +
                     "st.shared.u32 [%r11], %r0; fence.proxy.async;"
                     "bar.sync 0; @!%p2 bra END;\n"
                     "cp.async.bulk.global.shared::cta.bulk_group "
                     "[%rd1], [%r10], 128; cp.async.bulk.commit_group;"
                     "cp.async.bulk.wait_group.read {};\n"
                     "st.shared.u32 [%r10], %r0;\n"
                     "END:";
  auto with = [&](const char *most) {
    std::string text = body;
    return runBody(text.replace(text.find("{}"), 2, most), withShared(128));
  };
  EXPECT_EQ(with("0"), "");
  EXPECT_EQ(with("1"),
            "kernel 'test', PTX line 5 ('st.shared.u32 [%r10], %r0'), block "
            "(0,0,0), warp 0, lane 0: writes 4 bytes at shared address 0x0, "
            "which a bulk store of warp 0 reads with nothing that orders the "
            "two");
}

/// One wgmma over zeros in 2 KB of shared memory, by four warps, of which the
/// last one to arrive at the barrier goes on first.
std::string wgmma(const std::string &behind) {
  return kShared +
         "mad.lo.u32 %r13, %r0, 16, %r10; mov.b32 %r14, 0;"
         "st.shared.v4.b32 [%r13], {%r14, %r14, %r14, %r14};"
         "fence.proxy.async; bar.sync 0; mov.b32 %f1, 0; mov.b32 %f2, 0;"
         "mov.b32 %f3, 0; mov.b32 %f4, 0; mov.b64 %rd9, 0x0000004000100000;\n"
         "wgmma.fence.sync.aligned;"
         "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 "
         "{%f1, %f2, %f3, %f4}, {%r14, %r14, %r14, %r14}, %rd9, 1, 1, 1, 0;"
         "wgmma.commit_group.sync.aligned;\n" +
         behind;
}

TEST(Diagnostics, WgmmaUsedBeforeItsWait) {
  auto run = [&](const std::string &behind) {
    return runBody(wgmma(behind), withShared(2048, 4));
  };
  EXPECT_EQ(run("wgmma.wait_group.sync.aligned 0; add.f32 %f5, %f1, %f2;"
                "bar.sync 0; st.shared.u32 [%r11], %r0;"),
            "");
  EXPECT_EQ(run("mov.b32 %f5, %f2; wgmma.wait_group.sync.aligned 1;"
                "add.f32 %f6, %f5, %f5;"),
            "kernel 'test', PTX line 5 ('add.f32 %f6, %f5, %f5'), block "
            "(0,0,0), warp 3: reads %f5, an accumulator of the wgmma at PTX "
            "line 4, which was not waited for");
  EXPECT_EQ(run("add.u32 %r14, %r14, 1;"),
            "kernel 'test', PTX line 5 ('add.u32 %r14, %r14, 1'), block "
            "(0,0,0), warp 3: writes %r14, an operand of the wgmma at PTX line "
            "4, which was not waited for");
  EXPECT_EQ(run("st.shared.u32 [%r11], %r0;"),
            "kernel 'test', PTX line 5 ('st.shared.u32 [%r11], %r0'), block "
            "(0,0,0), warp 0, lane 0: writes 4 bytes at shared address 0x0, "
            "which wgmma of warp 3 reads with nothing that orders the two");
}

TEST(Diagnostics, MBarrierMisuse) {
  EXPECT_EQ(runBody(kShared + "@%p2 mbarrier.arrive.shared.b64 _, [%r10];",
                    withShared(8)),
            "kernel 'test', PTX line 3 ('mbarrier.arrive.shared.b64 _, "
            "[%r10]'), block (0,0,0), warp 0, lane 0: there is no initialised "
            "mbarrier at shared address 0x0");
  EXPECT_EQ(runBody(kShared + "@%p2 mbarrier.init.shared.b64 [%r10], 3;\n"
                              "@%p2 mbarrier.arrive.shared.b64 _, [%r10], 5;",
                    withShared(8)),
            "kernel 'test', PTX line 4 ('mbarrier.arrive.shared.b64 _, [%r10], "
            "5'), block (0,0,0), warp 0, lane 0: 5 arrivals at an mbarrier "
            "whose phase takes 3 more");
  EXPECT_EQ(runBody(kShared + "@%p2 mbarrier.init.shared.b64 [%r10], 64;\n"
                              "mbarrier.arrive.shared.b64 _, [%r10];",
                    withShared(8, 2)),
            "kernel 'test', PTX line 4 ('mbarrier.arrive.shared.b64 _, "
            "[%r10]'), block (0,0,0), warp 1, lane 0: reads 8 bytes at shared "
            "address 0x0, written at PTX line 3 by warp 0, lane 0 with nothing "
            "that orders the two");
  EXPECT_EQ(runBody(kShared +
                        "@%p2 mbarrier.init.shared.b64 [%r10+8], 32;\n"
                        "bar.sync 0; st.shared.u32 [%r11], 0; bar.sync 0;\n"
                        "mbarrier.arrive.shared.b64 _, [%r10+8];",
                    withShared(128)),
            "kernel 'test', PTX line 5 ('mbarrier.arrive.shared.b64 _, "
            "[%r10+8]'), block (0,0,0), warp 0, lane 0: the mbarrier at shared "
            "address 0x8 was written over at PTX line 4 by warp 0, lane 0");
}

TEST(Diagnostics, DivergentCollectives) {
  EXPECT_EQ(runBody("setp.lt.u32 %p1, %r0, 4;\n"
                    "@%p1 shfl.sync.bfly.b32 %r1, %r0, 1, 31, -1;\n"
                    "bar.warp.sync -1;"),
            "kernel 'test', PTX line 3 ('shfl.sync.bfly.b32 %r1, %r0, 1, 31, "
            "-1'), block (0,0,0), warp 0, lane 0: lanes 0-31 must execute this "
            "together, but only lanes 0-3 did: lanes 4-31 at PTX line 4 "
            "('bar.warp.sync -1')");
  EXPECT_EQ(runBody("setp.lt.u32 %p1, %r0, 4; @%p1 bra FEW;\n"
                    "vote.sync.ballot.b32 %r1, %p1, -1; bra END;\n"
                    "FEW: vote.sync.ballot.b32 %r1, %p1, -1;\n"
                    "END:"),
            "kernel 'test', PTX line 3 ('vote.sync.ballot.b32 %r1, %p1, -1'), "
            "block (0,0,0), warp 0, lane 4: lanes 0-31 must execute this "
            "together, but only lanes 4-31 did: lanes 0-3 at PTX line 4 "
            "('vote.sync.ballot.b32 %r1, %p1, -1')");
  EXPECT_EQ(
      runBody("redux.sync.add.u32 %r1, %r0, 0xffff;"),
      "kernel 'test', PTX line 2 ('redux.sync.add.u32 %r1, %r0, 0xffff'), "
      "block (0,0,0), warp 0, lane 16: this lane is not in its own mask "
      "0x0000ffff");
  EXPECT_EQ(
      runBody("setp.lt.u32 %p1, %r0, 4; @%p1 exit;\n"
              "mov.b32 %r1, 0; movmatrix.sync.aligned.m8n8.trans.b16 %r2, "
              "%r1;"),
      "kernel 'test', PTX line 3 ('movmatrix.sync.aligned.m8n8.trans.b16 "
      "%r2, %r1'), block (0,0,0), warp 0: all 32 lanes of a warp must "
      "execute this, but lanes 0-3 exited before or never started");
  EXPECT_EQ(runBody("setp.lt.u32 %p1, %r0, 4;\n"
                    "@%p1 shfl.sync.idx.b32 %r1, %r0, 9, 31, 0xf;"),
            "kernel 'test', PTX line 3 ('shfl.sync.idx.b32 %r1, %r0, 9, 31, "
            "0xf'), block (0,0,0), warp 0, lane 0: reads from lane 9, which "
            "does not take part");
}

TEST(Diagnostics, Deadlocks) {
  // One warp waits at a barrier for another, which waits at another barrier.
  EXPECT_EQ(
      runBody(kShared + "@%p1 bar.sync 1, 64;\n@!%p1 bar.sync 2, 64;",
              withShared(0, 2)),
      "kernel 'test', block (0,0,0): deadlock, all warps wait; warp 0: "
      "lanes 0-31 at PTX line 3 ('bar.sync 1, 64'); warp 1: lanes 0-31 at "
      "PTX line 4 ('bar.sync 2, 64')");
  // An mbarrier whose bytes never come.
  EXPECT_EQ(
      runBody(kShared +
                  "@%p2 mbarrier.init.shared.b64 [%r10], 1;"
                  "@%p2 mbarrier.arrive.expect_tx.shared.b64 _, [%r10], 64;"
                  "bar.warp.sync -1;\n"
                  "WAIT: mbarrier.try_wait.parity.shared.b64 %p3, [%r10], "
                  "0;\n"
                  "@!%p3 bra WAIT;",
              withShared(8)),
      "kernel 'test', block (0,0,0): deadlock, all warps wait; warp 0: lanes "
      "0-31 at PTX line 5 ('bra WAIT'); mbarrier at 0x0: phase 0, 0 of 1 "
      "arrivals and 64 bytes to come");
}

TEST(Diagnostics, EndlessLoops) {
  LaunchSetting setting;
  setting.mostInstructions = 10000;
  EXPECT_EQ(
      runBody("setp.ne.u32 %p1, %r0, 7;\n@%p1 exit;\nLOOP: bra LOOP;", setting),
      "kernel 'test', block (0,0,0), warp 0: more than 10000 "
      "instructions, probably an endless loop: lane 7 at PTX line 4 ('bra "
      "LOOP')");
}

TEST(Diagnostics, UnknownInstructions) {
  EXPECT_EQ(runBody("add.u32 %r1, %r0, 1;\nfrobnicate.u32 %r1, %r0;"),
            "kernel 'test': PTX line 3 ('frobnicate.u32 %r1, %r0'): unknown "
            "instruction 'frobnicate'");
  EXPECT_EQ(runBody("min.relu.u32 %r1, %r0, 3;"),
            "kernel 'test': PTX line 2 ('min.relu.u32 %r1, %r0, 3'): this form "
            "is not supported");
  EXPECT_EQ(runBody("add.u32 %r1, %r0;"),
            "kernel 'test': PTX line 2 ('add.u32 %r1, %r0'): expected 3 "
            "operands, got 2");
  EXPECT_EQ(runBody("bra NOWHERE;"), "PTX line 2: there is no label 'NOWHERE'");
  EXPECT_EQ(runBody("add.u32 %r1, %r0, ;"),
            "PTX line 2: expected an operand, got ';'");
}

TEST(Diagnostics, Traps) {
  EXPECT_EQ(
      runBody("setp.eq.u32 %p1, %r0, 9; @%p1 trap;"),
      "kernel 'test', PTX line 2 ('trap'), block (0,0,0), warp 0, lane 9: "
      "trap");
}

TEST(Diagnostics, TheFirstBlockIsReported) {
  LaunchSetting many;
  many.ctas = 50;
  EXPECT_EQ(runBody("mov.u32 %r1, %ctaid.x; setp.ge.u32 %p1, %r1, 17;"
                    "@%p1 trap;",
                    many),
            "kernel 'test', PTX line 2 ('trap'), block (17,0,0), warp 0, lane "
            "0: trap");
}

TEST(Diagnostics, LaunchesThatCannotBe) {
  EXPECT_EQ(
      runBody("", withShared(300 << 10)),
      "kernel 'test': expected at most 232448 bytes of shared memory, got "
      "307200");
  EXPECT_EQ(runBody("", withShared(0, 33)),
            "kernel 'test': expected a grid that is not empty and blocks of 1 "
            "to 1024 threads, got 1 and 1056");
}

} // namespace

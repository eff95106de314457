//===- CopyTest.cpp - cp.async, bulk copies, mbarriers, tensor copies -----===//
#include "runtime/emulator/TensorMap.h"
#include "test/unit/runtime/emulator/PtxTesting.h"

using namespace llsa;
using namespace llsa::test;

namespace {

std::vector<uint32_t> iota(size_t count) {
  std::vector<uint32_t> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = uint32_t(i + 1);
  return values;
}

const std::string kAddresses =
    "mov.u32 %r10, shared; mad.lo.u32 %r11, %r0, 16, %r10;"
    "mad.wide.u32 %rd5, %r0, 16, %rd2; mad.wide.u32 %rd6, %r0, 16, %rd1;\n";

TEST(CopyAsync, FillsWithZerosBehindWhatItReads) {
  std::vector<uint32_t> in = iota(128), out(128, 0xcccccccc);
  // Lane l reads (l % 5) * 4 bytes of 16.
  ASSERT_EQ(runBody(kAddresses +
                        "rem.u32 %r1, %r0, 5; mul.lo.u32 %r1, %r1, 4;"
                        "cp.async.cg.shared.global [%r11], [%rd5], 16, %r1;"
                        "cp.async.commit_group; cp.async.wait_group 0;"
                        "ld.shared.v4.b32 {%r1, %r2, %r3, %r4}, [%r11];"
                        "st.global.v4.b32 [%rd6], {%r1, %r2, %r3, %r4};",
                    in, out, withShared(512)),
            "");
  for (unsigned i = 0; i < 128; ++i)
    EXPECT_EQ(out[i], i % 4 < i / 4 % 5 ? i + 1 : 0u);
}

TEST(CopyAsync, GroupsAreWaitedForInOrder) {
  // Three groups; the first is used while two are on their way.
  std::vector<uint32_t> in = iota(384), out(128, 0);
  std::string body = kAddresses +
                     "cp.async.ca.shared.global [%r11], [%rd5], 16;"
                     "cp.async.commit_group;\n"
                     "cp.async.cg.shared.global [%r11+512], [%rd5+512], 16;"
                     "cp.async.commit_group;\n"
                     "cp.async.cg.shared.global [%r11+1024], [%rd5+1024], 16;"
                     "cp.async.commit_group;\n"
                     "cp.async.wait_group 2; ld.shared.b32 %r1, [%r11];\n"
                     "cp.async.wait_group 1; ld.shared.b32 %r2, [%r11+512];\n"
                     "cp.async.wait_all; ld.shared.b32 %r3, [%r11+1024];\n"
                     "add.u32 %r1, %r1, %r2; add.u32 %r1, %r1, %r3;"
                     "st.global.b32 [%rd6], %r1;";
  ASSERT_EQ(runBody(body, in, out, withShared(1536)), "");
  for (unsigned l = 0; l < 32; ++l)
    EXPECT_EQ(out[4 * l], 3 * (4 * l + 1) + 128 + 256);
}

TEST(CopyAsync, ArrivesAtAnMBarrier) {
  std::vector<uint32_t> in = iota(128), out(128, 0);
  std::string body =
      kAddresses +
      "setp.eq.u32 %p1, %r0, 0; @%p1 mbarrier.init.shared.b64 [%r10+512], 32;"
      "bar.sync 0;\n"
      "cp.async.cg.shared.global [%r11], [%rd5], 16;"
      "cp.async.mbarrier.arrive.noinc.shared.b64 [%r10+512];\n"
      "WAIT: mbarrier.try_wait.parity.shared.b64 %p2, [%r10+512], 0;"
      "@!%p2 bra WAIT;\n"
      // Another lane's copy.
      "xor.b32 %r5, %r11, 16; ld.shared.v4.b32 {%r1, %r2, %r3, %r4}, [%r5];"
      "st.global.v4.b32 [%rd6], {%r1, %r2, %r3, %r4};";
  ASSERT_EQ(runBody(body, in, out, withShared(520)), "");
  for (unsigned i = 0; i < 128; ++i)
    EXPECT_EQ(out[i], (i ^ 4) + 1);
}

/// A producer and a consumer warp pass stages through a ring of two, by full
/// and empty mbarriers, for seven rounds.
TEST(BulkCopy, ARingBetweenWarps) {
  std::vector<uint32_t> in = iota(7 * 128), out(7 * 32, 0);
  std::string body =
      "mov.u32 %r10, shared; setp.ne.u32 %p1, %r0, 0; @%p1 bra READY;\n"
      "mbarrier.init.shared.b64 [%r10+1024], 1;"
      "mbarrier.init.shared.b64 [%r10+1032], 1;"
      "mbarrier.init.shared.b64 [%r10+1040], 32;"
      "mbarrier.init.shared.b64 [%r10+1048], 32;"
      "fence.mbarrier_init.release.cluster;\n"
      "READY: bar.sync 0; mov.u32 %r20, 0; mov.u32 %r21, 0;"
      "setp.ge.u32 %p1, %r0, 32; @%p1 bra CONSUMER;\n"
      "elect.sync _|%p2, -1; @!%p2 bra END; mov.u64 %rd5, %rd2;\n"
      "PRODUCE: and.b32 %r22, %r20, 1; mad.lo.u32 %r23, %r22, 8, %r10;"
      "mad.lo.u32 %r24, %r22, 512, %r10; shr.u32 %r25, %r20, 1;"
      "and.b32 %r25, %r25, 1; xor.b32 %r25, %r25, 1;\n"
      "EMPTY: mbarrier.try_wait.parity.shared.b64 %p3, [%r23+1040], %r25;"
      "@!%p3 bra EMPTY;\n"
      "mbarrier.arrive.expect_tx.shared.b64 _, [%r23+1024], 512;"
      "add.u32 %r26, %r23, 1024;"
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
      "[%r24], [%rd5], 512, [%r26];\n"
      "add.u64 %rd5, %rd5, 512; add.u32 %r20, %r20, 1;"
      "setp.lt.u32 %p4, %r20, 7; @%p4 bra PRODUCE;\n"
      "bra END;\n"
      "CONSUMER: and.b32 %r22, %r20, 1; mad.lo.u32 %r23, %r22, 8, %r10;"
      "mad.lo.u32 %r24, %r22, 512, %r10; shr.u32 %r25, %r20, 1;"
      "and.b32 %r25, %r25, 1;\n"
      "FULL: mbarrier.try_wait.parity.shared.b64 %p3, [%r23+1024], %r25;"
      "@!%p3 bra FULL;\n"
      "and.b32 %r27, %r0, 31; mad.lo.u32 %r28, %r27, 16, %r24;"
      "ld.shared.v4.b32 {%r1, %r2, %r3, %r4}, [%r28];"
      "mbarrier.arrive.shared.b64 _, [%r23+1040];\n"
      "add.u32 %r1, %r1, %r2; add.u32 %r1, %r1, %r3; add.u32 %r1, %r1, %r4;"
      "mad.lo.u32 %r29, %r20, 32, %r27; mad.wide.u32 %rd6, %r29, 4, %rd1;"
      "st.global.b32 [%rd6], %r1;\n"
      "add.u32 %r20, %r20, 1; setp.lt.u32 %p4, %r20, 7; @%p4 bra CONSUMER;\n"
      "END:";
  ASSERT_EQ(runBody(body, in, out, withShared(1056, 2)), "");
  for (unsigned i = 0; i < out.size(); ++i)
    EXPECT_EQ(out[i], 4 * (4 * i + 1) + 6);
}

TEST(BulkCopy, StoresBehindAProxyFence) {
  std::vector<uint32_t> in(1), out(128, 0);
  ASSERT_EQ(runBody("mov.u32 %r10, shared; mad.lo.u32 %r11, %r0, 4, %r10;"
                    "st.shared.b32 [%r11], %r0; fence.proxy.async;"
                    "bar.sync 0; setp.ne.u32 %p1, %r0, 0; @%p1 bra END;\n"
                    "cp.async.bulk.global.shared::cta.bulk_group [%rd1], "
                    "[%r10], 512; cp.async.bulk.commit_group;"
                    "cp.async.bulk.wait_group.read 0;\n"
                    "END:",
                    in, out, withShared(512, 4)),
            "");
  for (unsigned i = 0; i < 128; ++i)
    EXPECT_EQ(out[i], i);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// Copies a box of a 2-dimensional tensor of 16-bit elements to shared memory,
/// and shared memory to `out`.
TEST(TensorCopy, LoadsABoxSwizzledWithZerosOutside) {
  using ptx::TensorMap;
  constexpr unsigned columns = 72, rows = 20, boxColumns = 64, boxRows = 16;
  constexpr int atColumn = 16, atRow = 8; // 8 columns and 4 rows are outside
  for (auto [swizzle, units] : {std::pair{TensorMap::Swizzle::None, 1u},
                                {TensorMap::Swizzle::B32, 2u},
                                {TensorMap::Swizzle::B64, 4u},
                                {TensorMap::Swizzle::B128, 8u}}) {
    std::vector<uint16_t> tensor(rows * columns);
    for (size_t i = 0; i < tensor.size(); ++i)
      tensor[i] = uint16_t(i + 1);
    // A box is no wider than its swizzle.
    unsigned width = units == 1 ? boxColumns : units * 8;
    std::vector<uint16_t> out(width * boxRows, 0xcccc);
    TensorMap map;
    map.rank = 2;
    map.elementBytes = 2;
    map.swizzle = swizzle;
    map.strides[0] = columns * 2;
    map.sizes[0] = columns;
    map.sizes[1] = rows;
    map.box[0] = uint16_t(width);
    map.box[1] = boxRows;
    ptx::GlobalMemory memory;
    alignas(64) TensorMap held;
    llvm::Expected<uint64_t> tensorAt =
        memory.add("tensor", tensor.data(), tensor.size() * 2);
    llvm::Expected<uint64_t> outAt =
        memory.add("out", out.data(), out.size() * 2);
    ASSERT_TRUE(bool(tensorAt) && bool(outAt));
    map.address = *tensorAt;
    held = map;
    llvm::Expected<uint64_t> mapAt = memory.add("map", &held, sizeof held);
    ASSERT_TRUE(bool(mapAt));
    unsigned bytes = width * boxRows * 2;
    std::string body = fmt::format(
        "mov.u32 %r10, shared; setp.ne.u32 %p1, %r0, 0; @%p1 bra WAITING;\n"
        "mbarrier.init.shared.b64 [%r10+4096], 1;"
        "mbarrier.arrive.expect_tx.shared.b64 _, [%r10+4096], {};"
        "add.u32 %r11, %r10, 4096;"
        "cp.async.bulk.tensor.2d.shared::cluster.global.tile."
        "mbarrier::complete_tx::bytes [%r10], [%rd2, {{{}, {}}}], [%r11];\n"
        "WAITING: bar.sync 0;\n"
        "WAIT: mbarrier.try_wait.parity.shared.b64 %p2, [%r10+4096], 0;"
        "@!%p2 bra WAIT;\n"
        "mov.u32 %r12, %r0;\n"
        "COPY: mad.lo.u32 %r13, %r12, 4, %r10; ld.shared.b32 %r14, [%r13];"
        "mad.wide.u32 %rd5, %r12, 4, %rd1; st.global.b32 [%rd5], %r14;"
        "add.u32 %r12, %r12, 32; setp.lt.u32 %p3, %r12, {}; @%p3 bra COPY;\n",
        bytes, atColumn, atRow, bytes / 4);
    ptx::Arguments arguments;
    arguments.add(*outAt).add(*mapAt);
    ASSERT_EQ(llvm::toString(ptx::runPtxKernel(
                  kernelText(body, withShared(0).declarations), "test", {},
                  {32}, 4104, arguments, memory)),
              "");
    for (unsigned r = 0; r < boxRows; ++r)
      for (unsigned c = 0; c < width; ++c) {
        // 16-byte units are permuted by which 128 bytes they are in.
        unsigned byte = r * width * 2 + c * 2;
        unsigned unit = byte / 16 ^ (byte / 128 % units);
        unsigned x = atColumn + c, y = atRow + r;
        EXPECT_EQ(out[unit * 8 + c % 8],
                  x < columns && y < rows ? tensor[y * columns + x] : 0)
            << "units " << units << " row " << r << " column " << c;
      }
  }
}

} // namespace

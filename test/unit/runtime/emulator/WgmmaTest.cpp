//===- WgmmaTest.cpp - wgmma from shared memory and registers -------------===//
//
// The layouts of operands in shared memory are written here as PTX's manual
// draws them: atoms of 8 rows by W units of 16 bytes, W = 1, 2, 4 or 8 (no
// swizzle, 32, 64 or 128 bytes), whose units are permuted within each row by
// the row's number. The plain loops know nothing of descriptors.
//
//===----------------------------------------------------------------------===//
#include "test/unit/runtime/emulator/Matrices.h"

using namespace llsa::test;

namespace {

struct Layout {
  unsigned units;  ///< W
  bool transposed; ///< M or N is contiguous instead of K
  uint64_t mode() const {
    return units == 8 ? 1 : units == 4 ? 2 : units == 2 ? 3 : 0;
  }
};

/// Where 16-byte unit `unit` of row `row` of an atom lies in it, in bytes.
unsigned inAtom(unsigned units, unsigned row, unsigned unit) {
  // 128 bytes hold 8 / W rows; the permutation repeats after 128 * W bytes.
  unsigned turn = row * units / 8;
  return row * units * 16 + (unit ^ turn) * 16;
}

constexpr unsigned kStep = 16; ///< columns of one instruction

/// An operand of `rows` by `k`, placed for descriptors.
struct Placed {
  std::vector<uint8_t> bytes;
  std::vector<uint64_t> descriptors; ///< of each 16 columns, from address 0
};

Placed place(const Numbers &values, unsigned rows, unsigned k, Layout layout) {
  Placed out;
  unsigned w = layout.units;
  // Along a unit run eight values of k, or of the row.
  unsigned unitsAlong = layout.transposed ? rows / 8 : k / 8;
  unsigned others = layout.transposed ? k : rows;
  unsigned atomBytes = 8 * w * 16;
  // With W > 2, the units of a K-major atom belong to several steps of K.
  unsigned atomsAlong = (unitsAlong + w - 1) / w;
  out.bytes.assign(size_t(atomsAlong) * (others / 8) * atomBytes, 0xee);
  // Atoms lie along the contiguous dimension first.
  uint64_t alongStep = atomBytes, otherStep = uint64_t(atomsAlong) * atomBytes;
  for (unsigned o = 0; o < others; ++o)
    for (unsigned u = 0; u < unitsAlong; ++u)
      for (unsigned e = 0; e < 8; ++e) {
        unsigned row = layout.transposed ? u * 8 + e : o;
        unsigned column = layout.transposed ? o : u * 8 + e;
        size_t at = size_t(u / w) * alongStep + size_t(o / 8) * otherStep +
                    inAtom(w, o % 8, u % w) + 2 * e;
        uint32_t bits = values.bits(row * k + column);
        out.bytes[at] = uint8_t(bits);
        out.bytes[at + 1] = uint8_t(bits >> 8);
      }
  // Leading and stride offsets. Without a swizzle, and transposed, they change
  // their places.
  uint64_t leading = alongStep, stride = otherStep;
  if (layout.transposed && w == 1)
    std::swap(leading, stride);
  for (unsigned first = 0; first < k; first += kStep) {
    unsigned u = first / 8;
    uint64_t start = layout.transposed ? first / 8 * otherStep
                                       : u / w * alongStep + u % w * 16;
    out.descriptors.push_back(start >> 4 | (leading >> 4) << 16 |
                              (stride >> 4) << 32 | layout.mode() << 62);
  }
  return out;
}

enum class Adds { No, Yes };

/// d = [d +] a b on four warps.
void check(const std::string &type, unsigned n, Layout layoutA, Layout layoutB,
           bool registersA, Adds adds, unsigned steps = 1) {
  const unsigned k = steps * kStep;
  SCOPED_TRACE(fmt::format("{} n{}, A {} units{}{}, B {} units{}", type, n,
                           layoutA.units,
                           layoutA.transposed ? " transposed" : "",
                           registersA ? " in registers" : "", layoutB.units,
                           layoutB.transposed ? " transposed" : ""));
  Numbers a(64 * k, type, 1), b(n * k, type, 2); // b[n][k]
  Placed placedA = place(a, 64, k, layoutA), placedB = place(b, n, k, layoutB);
  // Shared memory: A, then B, each at a multiple of 1024 bytes.
  size_t startB = (placedA.bytes.size() + 1023) / 1024 * 1024;
  std::vector<uint8_t> in(startB, 0);
  std::copy(placedA.bytes.begin(), placedA.bytes.end(), in.begin());
  in.insert(in.end(), placedB.bytes.begin(), placedB.bytes.end());
  in.resize((in.size() + 2047) / 2048 * 2048);
  size_t copied = in.size();
  // Behind them: A's registers, lane by lane.
  for (unsigned t = 0; t < 128; ++t)
    for (unsigned r = 0; r < 4; ++r) {
      unsigned row = t / 32 * 16 + t % 32 / 4 + r % 2 * 8;
      unsigned column = t % 4 * 2 + r / 2 * 8;
      for (unsigned e = 0; e < 2; ++e) {
        uint32_t bits = a.bits(row * k + column + e);
        in.push_back(uint8_t(bits));
        in.push_back(uint8_t(bits >> 8));
      }
    }
  std::string body = fmt::format(
      "mov.u32 %r10, shared; mad.lo.u32 %r11, %r0, 16, %r10;"
      "mad.wide.u32 %rd5, %r0, 16, %rd2; mov.u32 %r12, 0;\n"
      "COPY: ld.global.v4.b32 {{%r1, %r2, %r3, %r4}}, [%rd5];"
      "st.shared.v4.b32 [%r11], {{%r1, %r2, %r3, %r4}};"
      "add.u32 %r11, %r11, 2048; add.u64 %rd5, %rd5, 2048;"
      "add.u32 %r12, %r12, 2048; setp.lt.u32 %p1, %r12, {}; @%p1 bra COPY;\n"
      "fence.proxy.async.shared::cta; bar.sync 0;\n"
      "ld.global.v4.b32 {{%r1, %r2, %r3, %r4}}, [%rd5];\n"
      "cvt.u64.u32 %rd10, %r10; shr.u64 %rd10, %rd10, 4;"
      "setp.ne.u32 %p2, {}, 0;\n",
      copied, adds == Adds::Yes ? 1 : 0);
  std::string list;
  for (unsigned v = 0; v < n / 2; ++v) {
    body += fmt::format("mov.b32 %f{}, {};\n", 10 + v,
                        fmt::format("0f{:08x}", 0x3f800000)); // 1.0
    list += fmt::format("{}%f{}", v ? ", " : "", 10 + v);
  }
  body += "wgmma.fence.sync.aligned;\n";
  for (unsigned step = 0; step < steps; ++step)
    body += fmt::format(
        "add.u64 %rd11, %rd10, {:#x}; add.u64 %rd12, %rd10, {:#x};\n"
        "wgmma.mma_async.sync.aligned.m64n{}k16.f32.{}.{} {{{}}}, {}, %rd12, "
        "{}, 1, 1{}, {};\n",
        placedA.descriptors[step], placedB.descriptors[step] + startB / 16, n,
        type, type, list, registersA ? "{%r1, %r2, %r3, %r4}" : "%rd11",
        step == 0 ? "%p2" : "1",
        registersA           ? ""
        : layoutA.transposed ? ", 1"
                             : ", 0",
        layoutB.transposed ? 1 : 0);
  body += "wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;\n";
  for (unsigned v = 0; v < n / 2; ++v)
    body += fmt::format("st.global.b32 [%rd3+{}], %f{};\n", 512 * v, 10 + v);
  LaunchSetting setting;
  setting.warps = 4;
  setting.sharedBytes = unsigned(copied);
  setting.declarations = ".extern .shared .align 1024 .b8 shared[];";
  std::vector<float> out(64 * n, NAN);
  ASSERT_EQ(runBody(body, in, out, setting), "");
  for (unsigned v = 0; v < n / 2; ++v)
    for (unsigned t = 0; t < 128; ++t) {
      unsigned row = t / 32 * 16 + t % 32 / 4 + v / 2 % 2 * 8;
      unsigned column = v / 4 * 8 + t % 4 * 2 + v % 2;
      double sum = adds == Adds::Yes ? 1 : 0, magnitude = sum;
      for (unsigned x = 0; x < k; ++x) {
        double product = double(a[row * k + x]) * b[column * k + x];
        sum += product;
        magnitude += std::abs(product);
      }
      ASSERT_NEAR(out[v * 128 + t], sum, steps * magnitude * 0x1p-22)
          << "row " << row << " column " << column;
    }
}

constexpr unsigned kUnits[] = {1, 2, 4, 8};

TEST(Wgmma, ReadsKMajorOperandsInAllSwizzles) {
  for (unsigned units : kUnits)
    for (unsigned n : {8u, 64u, 256u})
      check("bf16", n, {units, false}, {units, false}, false, Adds::No);
}

TEST(Wgmma, ReadsTransposedOperandsInAllSwizzles) {
  for (unsigned units : kUnits) {
    check("f16", 64, {units, true}, {units, false}, false, Adds::Yes);
    check("f16", 64, {units, false}, {units, true}, false, Adds::Yes);
    check("bf16", 128, {units, true}, {units, true}, false, Adds::Yes);
  }
}

TEST(Wgmma, AdvancesAlongKWithinAndAcrossAtoms) {
  for (unsigned units : kUnits) {
    check("bf16", 64, {units, false}, {units, false}, false, Adds::No, 4);
    check("bf16", 64, {units, true}, {units, true}, false, Adds::No, 4);
  }
  check("f16", 128, {8, false}, {8, true}, false, Adds::Yes, 8);
}

TEST(Wgmma, TakesAFromRegisters) {
  for (unsigned n : {64u, 136u})
    check("bf16", n, {8, false}, {8, false}, true, Adds::Yes);
  check("f16", 64, {8, false}, {8, true}, true, Adds::No);
}

} // namespace

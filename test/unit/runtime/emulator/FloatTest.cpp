//===- FloatTest.cpp - rounding, NaN, subnormals, conversions -------------===//
#include "test/unit/runtime/emulator/PtxTesting.h"
#include <cmath>
#include <cstring>

using namespace llsa::test;

namespace {

uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}
float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
constexpr uint32_t kNaN = 0x7fffffff, kInfinity = 0x7f800000;

/// One row of float operands.
uint32_t one(const std::string &text, float a, float b = 0, float c = 0) {
  return evaluate<uint32_t>(text, {{bitsOf(a), bitsOf(b), bitsOf(c)}})[0];
}

TEST(Float, RoundsOnceToNearestEven) {
  float third = 1.0f / 3, tiny = 0x1p-24f;
  EXPECT_EQ(one("add.f32 %d, %a, %b;", 1, tiny), bitsOf(1)) << "a tie, to even";
  EXPECT_EQ(one("add.f32 %d, %a, %b;", 1 + 0x1p-23f, tiny),
            bitsOf(1 + 0x1p-22f));
  EXPECT_EQ(one("mul.f32 %d, %a, %b;", third, third), bitsOf(third * third));
  // A product that a separate rounding would lose.
  EXPECT_EQ(one("fma.rn.f32 %d, %a, %b, %c;", 1 + 0x1p-23f, 1 - 0x1p-23f, -1),
            bitsOf(-0x1p-46f));
  EXPECT_EQ(one("mul.rn.f32 %e, %a, %b; add.rn.f32 %d, %e, %c;", 1 + 0x1p-23f,
                1 - 0x1p-23f, -1),
            bitsOf(0))
      << "two instructions are never fused";
  EXPECT_EQ(one("div.rn.f32 %d, %a, %b;", 2, 3), bitsOf(2.0f / 3));
  EXPECT_EQ(one("sqrt.rn.f32 %d, %a;", 2), bitsOf(std::sqrt(2.0f)));
}

TEST(Float, RoundsInAllDirections) {
  float up = 1 + 0x1p-23f;
  EXPECT_EQ(one("add.rz.f32 %d, %a, %b;", 1, 0x1p-30f), bitsOf(1));
  EXPECT_EQ(one("add.rp.f32 %d, %a, %b;", 1, 0x1p-30f), bitsOf(up));
  EXPECT_EQ(one("add.rm.f32 %d, %a, %b;", -1, -0x1p-30f), bitsOf(-up));
  EXPECT_EQ(one("add.rz.f32 %d, %a, %b;", -1, -0x1p-30f), bitsOf(-1));
  EXPECT_EQ(one("fma.rp.f32 %d, %a, %b, %c;", up, up, 0),
            bitsOf(1 + 0x1.8p-22f));
}

TEST(Float, NaNIsCanonicalAndLosesInMinAndMax) {
  EXPECT_EQ(one("add.f32 %d, %a, %b;", INFINITY, -INFINITY), kNaN);
  EXPECT_EQ(one("mul.f32 %d, %a, %b;", 0, INFINITY), kNaN);
  EXPECT_EQ(one("max.f32 %d, %a, %b;", NAN, 3), bitsOf(3));
  EXPECT_EQ(one("min.f32 %d, %a, %b;", 3, NAN), bitsOf(3));
  EXPECT_EQ(one("max.NaN.f32 %d, %a, %b;", NAN, 3), kNaN);
  EXPECT_EQ(one("max.f32 %d, %a, %b;", -0.0f, 0.0f), bitsOf(0.0f));
  EXPECT_EQ(one("min.f32 %d, %a, %b;", 0.0f, -0.0f), bitsOf(-0.0f));
  EXPECT_EQ(one("max.f32 %d, %a, %b, %c;", 1, NAN, 3), bitsOf(3));
  EXPECT_EQ(one("min.NaN.f32 %d, %a, %b, %c;", 1, NAN, 3), kNaN);
  EXPECT_EQ(one("min.f32 %d, %a, %b, %c;", 4, 2, 3), bitsOf(2));
  EXPECT_EQ(one("add.sat.f32 %d, %a, %b;", 2, 3), bitsOf(1));
  EXPECT_EQ(one("add.sat.f32 %d, %a, %b;", NAN, 3), bitsOf(0));
}

TEST(Float, SubnormalsAreFlushedOnlyWhenAsked) {
  float small = 0x1p-140f;
  EXPECT_EQ(one("add.f32 %d, %a, %b;", small, small), bitsOf(0x1p-139f));
  EXPECT_EQ(one("add.ftz.f32 %d, %a, %b;", small, small), bitsOf(0));
  EXPECT_EQ(one("mul.ftz.f32 %d, %a, %b;", -0x1p-100f, 0x1p-40f),
            bitsOf(-0.0f));
  EXPECT_EQ(one("ex2.approx.ftz.f32 %d, %a;", -127), bitsOf(0));
  EXPECT_EQ(one("ex2.approx.f32 %d, %a;", -127), bitsOf(0x1p-127f));
}

TEST(Float, ComparisonsKnowUnordered) {
  auto holds = [](const char *relation, float a, float b) {
    return one(
        fmt::format("setp.{}.f32 %q, %a, %b; selp.b32 %d, 1, 0, %q;", relation),
        a, b);
  };
  struct Expected {
    const char *relation;
    unsigned less, equal, unordered;
  };
  for (Expected e : {Expected{"eq", 0, 1, 0},
                     {"ne", 1, 0, 0},
                     {"lt", 1, 0, 0},
                     {"le", 1, 1, 0},
                     {"gt", 0, 0, 0},
                     {"ge", 0, 1, 0},
                     {"equ", 0, 1, 1},
                     {"neu", 1, 0, 1},
                     {"ltu", 1, 0, 1},
                     {"geu", 0, 1, 1},
                     {"num", 1, 1, 0},
                     {"nan", 0, 0, 1}}) {
    EXPECT_EQ(holds(e.relation, 1, 2), e.less) << e.relation;
    EXPECT_EQ(holds(e.relation, -0.0f, 0.0f), e.equal) << e.relation;
    EXPECT_EQ(holds(e.relation, 1, NAN), e.unordered) << e.relation;
  }
}

TEST(Convert, FloatsToIntegersRoundAndClamp) {
  EXPECT_EQ(one("cvt.rzi.s32.f32 %d, %a;", -2.9f), uint32_t(-2));
  EXPECT_EQ(one("cvt.rni.s32.f32 %d, %a;", 2.5f), 2u);
  EXPECT_EQ(one("cvt.rmi.s32.f32 %d, %a;", -2.1f), uint32_t(-3));
  EXPECT_EQ(one("cvt.rpi.s32.f32 %d, %a;", 2.1f), 3u);
  EXPECT_EQ(one("cvt.rzi.s32.f32 %d, %a;", 1e20f), 0x7fffffffu);
  EXPECT_EQ(one("cvt.rzi.s32.f32 %d, %a;", -1e20f), 0x80000000u);
  EXPECT_EQ(one("cvt.rzi.u32.f32 %d, %a;", -1), 0u);
  EXPECT_EQ(one("cvt.rzi.s32.f32 %d, %a;", NAN), 0u);
  EXPECT_EQ(one("cvt.rmi.f32.f32 %d, %a;", -2.1f), bitsOf(-3));
  EXPECT_EQ(
      evaluate<uint32_t>("cvt.rn.f32.u32 %d, %a;", {{0xffffffff, 0, 0}})[0],
      bitsOf(0x1p32f));
  EXPECT_EQ(
      evaluate<uint32_t>("cvt.rz.f32.u32 %d, %a;", {{0xffffffff, 0, 0}})[0],
      bitsOf(0x1.fffffep31f));
  // 2^53 + 1 is no double, and rounds to nearest as a float all the same.
  EXPECT_EQ(evaluate<uint64_t>(
                "{ .reg .b32 %x; cvt.rn.f32.s64 %x, %a; "
                "cvt.u64.u32 %d, %x; }",
                {{(uint64_t(1) << 53) + (uint64_t(1) << 29) + 1, 0, 0}})[0],
            bitsOf(0x1.000002p53f));
}

/// All 65,536 values of a 16-bit format, widened and narrowed again.
void expectRoundTrip(const char *type) {
  for (uint32_t start = 0; start < 0x10000; start += 1024) {
    std::vector<std::array<uint32_t, 3>> rows;
    for (uint32_t v = start; v < start + 1024; ++v)
      rows.push_back({v, 0, 0});
    std::vector<uint32_t> got = evaluate<uint32_t>(
        fmt::format("{{ .reg .b16 %x; cvt.u16.u32 %x, %a; cvt.f32.{0} %e, %x; "
                    "cvt.rn.{0}.f32 %x, %e; cvt.u32.u16 %d, %x; }}",
                    type),
        rows);
    uint32_t infinity = type == std::string("f16") ? 0x7c00 : 0x7f80;
    for (uint32_t v = start; v < start + 1024; ++v)
      ASSERT_EQ(got[v - start], (v & 0x7fff) > infinity ? 0x7fffu : v) << type;
  }
}
TEST(Convert, SixteenBitFormatsSurviveARoundTrip) {
  expectRoundTrip("f16");
  expectRoundTrip("bf16");
}

TEST(Float, HalvesAreAddedToAFloat) {
  auto mixed = [](const char *body, uint32_t half, float other) {
    return evaluate<uint32_t>(
        fmt::format("{{ .reg .b16 %x; cvt.u16.u32 %x, %a; {} }}", body),
        {{half, bitsOf(other), 0}})[0];
  };
  EXPECT_EQ(mixed("add.rn.f32.f16 %d, %x, %b;", 0x3c01, 2),
            bitsOf(3.0009765625f));
  EXPECT_EQ(mixed("add.rn.f32.bf16 %d, %x, %b;", 0x3f81, 2),
            bitsOf(3.0078125f));
  EXPECT_EQ(mixed("sub.rn.f32.f16 %d, %x, %b;", 0x3c00, 4), bitsOf(-3));
  EXPECT_EQ(mixed("fma.rn.f32.bf16 %d, %x, %x, %b;", 0x4040, 1), bitsOf(10));
}

TEST(Convert, NarrowingRoundsToNearestEven) {
  auto narrow = [](const char *type, float value) {
    return one(fmt::format("{{ .reg .b16 %x; cvt.rn.{}.f32 %x, %a; "
                           "cvt.u32.u16 %d, %x; }}",
                           type),
               value);
  };
  EXPECT_EQ(narrow("bf16", 1 + 0x1p-8f), 0x3f80u);
  EXPECT_EQ(narrow("bf16", 1 + 0x1p-8f + 0x1p-20f), 0x3f81u);
  EXPECT_EQ(narrow("bf16", 1 + 0x1.8p-7f), 0x3f82u);
  EXPECT_EQ(narrow("bf16", 0x1.fffffep127f), 0x7f80u);
  EXPECT_EQ(narrow("f16", 65519), 0x7bffu);
  EXPECT_EQ(narrow("f16", 65520), 0x7c00u);
  EXPECT_EQ(narrow("f16", 0x1p-25f), 0u) << "a tie, to even";
  EXPECT_EQ(narrow("f16", 0x1.8p-25f), 1u);
  EXPECT_EQ(narrow("f16", -0x1.ff8p-15f), 0x83ffu) << "the least subnormal";
  EXPECT_EQ(narrow("f16", -0x1.ffcp-15f), 0x8400u) << "a tie, to even";
  EXPECT_EQ(narrow("f16", NAN), 0x7fffu);
  // A pair has its first operand in the upper half.
  EXPECT_EQ(one("cvt.rn.bf16x2.f32 %d, %a, %b;", 1, 2), 0x3f804000u);
  EXPECT_EQ(one("cvt.rn.f16x2.f32 %d, %a, %b;", 1, 2), 0x3c004000u);
  EXPECT_EQ(one("cvt.rz.bf16x2.f32 %d, %a, %b;", 1 + 0x1.fp-8f, -1 - 0x1.fp-8f),
            0x3f80bf80u);
  EXPECT_EQ(one("cvt.rna.tf32.f32 %d, %a;", 1 + 0x1p-11f),
            bitsOf(1 + 0x1p-10f));
  EXPECT_EQ(one("cvt.rna.tf32.f32 %d, %a;", 1 + 0x1.8p-12f), bitsOf(1));
}

TEST(Half, ArithmeticRoundsOnce) {
  auto pair = [](const std::string &text, uint32_t a, uint32_t b, uint32_t c) {
    return evaluate<uint32_t>(text, {{a, b, c}})[0];
  };
  // 1 + 2^-10 and 1 - 2^-11; 1.0 is 0x3c00.
  EXPECT_EQ(pair("add.rn.f16x2 %d, %a, %b;", 0x3c003c00, 0x00013c00, 0),
            0x3c004000u);
  EXPECT_EQ(pair("mul.rn.bf16x2 %d, %a, %b;", 0x3f804000, 0x4000c000, 0),
            0x4000c080u);
  // (1 + 2^-10)^2 - 1 = 2^-9 + 2^-20, of which f16 holds 2^-9 and no more; but
  // less 1 + 2^-9 it is exact.
  EXPECT_EQ(
      pair("fma.rn.f16x2 %d, %a, %b, %c;", 0x3c013c01, 0x3c013c01, 0xbc02bc00),
      0x00101801u - 1);
  EXPECT_EQ(pair("max.bf16x2 %d, %a, %b;", 0x7fff3f80, 0x4000bf80, 0),
            0x40003f80u);
}

TEST(Math, FunctionsAreWithinTheirBounds) {
  for (float x : {-3.25f, -0.5f, 0.0f, 0.1f, 1.0f, 7.5f, 100.25f}) {
    EXPECT_NEAR(floatOf(one("ex2.approx.ftz.f32 %d, %a;", x)) / std::exp2(x), 1,
                0x1p-21);
    EXPECT_NEAR(floatOf(one("tanh.approx.f32 %d, %a;", x)), std::tanh(x),
                0x1p-10);
    if (x > 0) {
      EXPECT_NEAR(floatOf(one("lg2.approx.f32 %d, %a;", x)), std::log2(x),
                  0x1p-20);
      EXPECT_NEAR(floatOf(one("rcp.approx.f32 %d, %a;", x)) * x, 1, 0x1p-22);
      EXPECT_NEAR(floatOf(one("rsqrt.approx.f32 %d, %a;", x)) * std::sqrt(x), 1,
                  0x1p-21);
    }
  }
  EXPECT_EQ(one("ex2.approx.ftz.f32 %d, %a;", -INFINITY), bitsOf(0));
  EXPECT_EQ(one("lg2.approx.f32 %d, %a;", 0), bitsOf(-INFINITY));
  EXPECT_EQ(one("rcp.approx.f32 %d, %a;", 0), kInfinity);
}

} // namespace

//===- RoundingTest.cpp - rounding to 16-bit floats -----------------------===//
#include "kernels/reference/Rounding.h"
#include "kernels/reference/Arithmetic.h"
#include "test/unit/kernels/TestArrays.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace llsa;
using namespace llsa::reference;

TEST(Rounding, KnownBFloat16) {
  EXPECT_EQ(toBF16Bits(1.0), 0x3F80);
  EXPECT_EQ(toBF16Bits(-2.5), 0xC020);
  EXPECT_EQ(toBF16Bits(0.0), 0x0000);
  EXPECT_EQ(toBF16Bits(-0.0), 0x8000);
  EXPECT_EQ(toBF16Bits(3.140625), 0x4049); // pi's neighbour, exact
  EXPECT_EQ(toBF16Bits(3.38953138925153547590e38), 0x7F7F); // greatest finite
  EXPECT_EQ(toBF16Bits(3.3961775292304957e38),
            0x7F80); // half a unit above: even is infinity
  EXPECT_EQ(toBF16Bits(kInf), 0x7F80);
  EXPECT_EQ(toBF16Bits(-kInf), 0xFF80);
  EXPECT_EQ(toBF16Bits(std::ldexp(1.0, -133)), 0x0001); // smallest subnormal
  EXPECT_EQ(toBF16Bits(std::ldexp(1.0, -134)),
            0x0000); // half of it: tie to even
  EXPECT_EQ(toBF16Bits(std::ldexp(1.5, -134)), 0x0001);
}

TEST(Rounding, KnownFloat16) {
  EXPECT_EQ(toF16Bits(1.0), 0x3C00);
  EXPECT_EQ(toF16Bits(-2.0), 0xC000);
  EXPECT_EQ(toF16Bits(65504.0), 0x7BFF);
  EXPECT_EQ(toF16Bits(65519.996), 0x7BFF);
  EXPECT_EQ(toF16Bits(65520.0), 0x7C00); // the tie goes to the even: infinity
  EXPECT_EQ(toF16Bits(0.333251953125), 0x3555);
  EXPECT_EQ(toF16Bits(1.0 / 3), 0x3555);
  EXPECT_EQ(toF16Bits(std::ldexp(1.0, -24)), 0x0001);
  EXPECT_EQ(toF16Bits(std::ldexp(1.0, -25)), 0x0000);
  EXPECT_EQ(toF16Bits(std::ldexp(1.0, -14)), 0x0400); // smallest normal
  EXPECT_EQ(toF16Bits(std::ldexp(1.0, -14) - std::ldexp(1.0, -25)),
            0x0400); // carries up
}

/// Every 16-bit number survives, and between each two neighbours the middle
/// goes to the even one and its surroundings to the nearer one.
template <typename Encode, typename Decode>
static void testAllNeighbours(Encode encode, Decode decode, uint16_t infinity) {
  for (uint32_t bits = 0; bits < infinity; ++bits) {
    for (uint32_t sign : {0u, 0x8000u}) {
      double value = decode(static_cast<uint16_t>(bits | sign));
      ASSERT_EQ(encode(value), bits | sign);
      if (bits + 1 == infinity)
        continue;
      double next = decode(static_cast<uint16_t>((bits + 1) | sign));
      double middle = (value + next) / 2;
      uint32_t even = (bits & 1 ? bits + 1 : bits) | sign;
      ASSERT_EQ(encode(middle), even);
      ASSERT_EQ(encode(std::nextafter(middle, value)), bits | sign);
      ASSERT_EQ(encode(std::nextafter(middle, next)), (bits + 1) | sign);
    }
  }
  for (uint32_t bits = infinity + 1u; bits < 0x8000; ++bits)
    ASSERT_TRUE(std::isnan(decode(static_cast<uint16_t>(bits))));
  ASSERT_TRUE(std::isnan(decode(encode(std::nan("")))));
}

TEST(Rounding, AllBFloat16Neighbours) {
  testAllNeighbours(toBF16Bits, fromBF16Bits, 0x7F80);
}
TEST(Rounding, AllFloat16Neighbours) {
  testAllNeighbours(toF16Bits, fromF16Bits, 0x7C00);
}

TEST(Rounding, FastRoundingOfFloatsIsTheSame) {
  uint64_t state = 1;
  for (int n = 0; n < 4000000; ++n) {
    uint32_t bits = static_cast<uint32_t>(nextRandom(state));
    // Every fourth lies in float16's range, where random exponents rarely fall.
    if (n % 4 == 0)
      bits = (bits & 0x87FFFFFF) | 0x30000000;
    if (n % 8 == 0) // exact ties
      bits = (bits & 0xFFFFF000) | (n % 16 ? 0 : 0x1000);
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isnan(value))
      continue;
    ASSERT_EQ(detail::roundFloatToBF16(value), roundTo(value, DType::BF16))
        << value;
    ASSERT_EQ(detail::roundFloatToF16(value), roundTo(value, DType::F16))
        << value;
  }
  EXPECT_TRUE(std::isnan(detail::roundFloatToBF16(NAN)));
  EXPECT_TRUE(std::isnan(detail::roundFloatToF16(NAN)));
}

TEST(Rounding, ToTF32) {
  double unit = std::ldexp(1.0, -10); // of numbers from 1 to 2
  auto rounded = [](double value) {
    return double(detail::roundFloatToTF32(float(value)));
  };
  EXPECT_EQ(rounded(1 + unit), 1 + unit);
  EXPECT_EQ(rounded(1 + 0.49 * unit), 1);
  EXPECT_EQ(rounded(1 + 0.51 * unit), 1 + unit);
  EXPECT_EQ(rounded(1 + 0.5 * unit), 1 + unit); // a tie: away from zero
  EXPECT_EQ(rounded(-1 - 0.5 * unit), -1 - unit);
  EXPECT_EQ(rounded(2 - 0.25 * unit), 2);
  EXPECT_EQ(rounded(-0.0), 0);
  EXPECT_EQ(rounded(INFINITY), INFINITY);
  EXPECT_TRUE(std::isnan(detail::roundFloatToTF32(NAN)));
}

TEST(Rounding, Ulp) {
  EXPECT_EQ(ulp(1.0, DType::F32), std::ldexp(1.0, -23));
  EXPECT_EQ(ulp(1.99, DType::BF16), std::ldexp(1.0, -7));
  EXPECT_EQ(ulp(-4.0, DType::F16), std::ldexp(1.0, -8));
  EXPECT_EQ(ulp(0.0, DType::F16), std::ldexp(1.0, -24));
  EXPECT_EQ(maxFinite(DType::F16), fromF16Bits(0x7BFF));
}

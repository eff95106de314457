//===- HostSymbolsTest.cpp - the 16-bit float helpers -----------*- C++ -*-===//
#include "runtime/host/HostSymbols.h"
#include "test/unit/runtime/Testing.h"
#include <cmath>
#include <cstring>

using namespace llsa::rt;

namespace {

template <typename F> F *find(const char *name) {
  for (const HostSymbol &symbol : hostSymbols())
    if (std::strcmp(symbol.name, name) == 0)
      return reinterpret_cast<F *>(symbol.address);
  ADD_FAILURE() << name;
  return nullptr;
}

uint32_t bits(float value) {
  uint32_t result;
  std::memcpy(&result, &value, 4);
  return result;
}
float number(uint32_t bits) {
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}

/// The value of a 16-bit float, from its definition.
double valueOf(uint32_t half, int exponentBits) {
  int mantissaBits = 15 - exponentBits, bias = (1 << (exponentBits - 1)) - 1;
  int exponent = int(half >> mantissaBits) & ((1 << exponentBits) - 1);
  double mantissa = half & ((1u << mantissaBits) - 1);
  double magnitude = exponent == 0
                         ? std::ldexp(mantissa, 1 - bias - mantissaBits)
                         : std::ldexp(mantissa + std::ldexp(1.0, mantissaBits),
                                      exponent - bias - mantissaBits);
  return half & 0x8000 ? -magnitude : magnitude;
}

/// Checks rounding to nearest even at and around every midpoint.
void checkRounding(float (*fromFloat)(float), float (*fromDouble)(double),
                   int exponentBits) {
  uint32_t infinity = ((1u << exponentBits) - 1) << (15 - exponentBits);
  for (uint32_t sign : {0u, 0x8000u})
    for (uint32_t low = 0; low < infinity; ++low) {
      // What would come after the largest number is infinity's place.
      double a = valueOf(low, exponentBits), b = valueOf(low + 1, exponentBits);
      double middle = (a + b) / 2, s = sign ? -1 : 1;
      uint32_t even = low & 1 ? low + 1 : low;
      ASSERT_EQ(bits(fromDouble(s * a)) & 0xffff, sign | low);
      ASSERT_EQ(bits(fromDouble(s * middle)) & 0xffff, sign | even);
      ASSERT_EQ(bits(fromDouble(s * std::nextafter(middle, 0.0))) & 0xffff,
                sign | low);
      ASSERT_EQ(bits(fromDouble(s * std::nextafter(middle, 1e300))) & 0xffff,
                sign | (low + 1));
      if (float(middle) != middle)
        continue; // below the smallest float
      float m = float(middle), sf = float(s);
      ASSERT_EQ(bits(fromFloat(sf * float(a))) & 0xffff, sign | low);
      ASSERT_EQ(bits(fromFloat(sf * m)) & 0xffff, sign | even);
      ASSERT_EQ(bits(fromFloat(sf * std::nextafterf(m, 0.f))) & 0xffff,
                sign | low);
      ASSERT_EQ(bits(fromFloat(sf * std::nextafterf(m, INFINITY))) & 0xffff,
                sign | (low + 1));
    }
  for (float special : {INFINITY, -INFINITY}) {
    uint32_t expected = infinity | (special < 0 ? 0x8000 : 0);
    EXPECT_EQ(bits(fromFloat(special)) & 0xffff, expected);
    EXPECT_EQ(bits(fromDouble(double(special))) & 0xffff, expected);
  }
  EXPECT_EQ(bits(fromDouble(1e300)) & 0xffff, infinity);
  for (uint32_t nan : {0x7fc00000u, 0x7f800001u, 0xffffffffu}) {
    uint32_t got = bits(fromFloat(number(nan))) & 0xffff;
    EXPECT_GT(got & 0x7fff, infinity) << "must stay NaN";
    EXPECT_GT(bits(fromDouble(double(number(nan)))) & 0x7fff, infinity);
  }
}

TEST(HostSymbols, TruncationRoundsToNearestEven) {
  checkRounding(find<float(float)>("__truncsfhf2"),
                find<float(double)>("__truncdfhf2"), 5);
  checkRounding(find<float(float)>("__truncsfbf2"),
                find<float(double)>("__truncdfbf2"), 8);
}

TEST(HostSymbols, HalfExtendsExactly) {
  auto *extend = find<float(float)>("__extendhfsf2");
  for (uint32_t half = 0; half < 0x10000; ++half) {
    // The upper half of the register is anything.
    float got = extend(number(half | 0x12340000));
    if ((half & 0x7fff) > 0x7c00)
      EXPECT_TRUE(std::isnan(got));
    else if ((half & 0x7fff) == 0x7c00)
      EXPECT_EQ(got, half & 0x8000 ? -INFINITY : INFINITY);
    else
      ASSERT_EQ(double(got), valueOf(half, 5));
  }
}

TEST(HostSymbols, MathIsTheRightOverload) {
  EXPECT_EQ(find<float(float)>("expf")(0.f), 1.f);
  EXPECT_EQ(find<double(double)>("log2")(8.0), 3.0);
  EXPECT_EQ(find<float(float, float)>("powf")(2.f, 10.f), 1024.f);
  float sine = 0, cosine = 0;
  find<void(float, float *, float *)>("sincosf")(0.f, &sine, &cosine);
  EXPECT_EQ(sine, 0.f);
  EXPECT_EQ(cosine, 1.f);
}

} // namespace

//===- IntegerTest.cpp - integers, shifts, bits: to the last bit ----------===//
#include "test/unit/runtime/emulator/PtxTesting.h"
#include <limits>

using namespace llsa::test;

namespace {

/// All pairs of values at which something happens, with a third operand.
template <typename T> std::vector<std::array<T, 3>> edges() {
  using L = std::numeric_limits<T>;
  const T values[] = {T(0),
                      T(1),
                      T(2),
                      T(3),
                      T(7),
                      T(0x5a),
                      L::max(),
                      T(L::max() - 1),
                      T(L::max() / 2),
                      T(L::max() / 2 + 1),
                      T(L::max() / 2 + 2),
                      T(T(0) - 5)};
  std::vector<std::array<T, 3>> rows;
  size_t turn = 0;
  for (T a : values)
    for (T b : values)
      rows.push_back({a, b, values[turn++ * 5 % 12]});
  return rows;
}

/// Compares an instruction with a function of its operands, on all edges.
template <typename T, typename F>
void expectSame(const std::string &text, F f) {
  std::vector<std::array<T, 3>> rows = edges<T>();
  std::vector<T> got = evaluate<T>(text, rows);
  for (size_t r = 0; r < rows.size(); ++r)
    EXPECT_EQ(got[r], T(f(rows[r][0], rows[r][1], rows[r][2])))
        << text << " of " << rows[r][0] << ", " << rows[r][1] << ", "
        << rows[r][2];
}

template <typename T> struct Types;
template <> struct Types<uint16_t> {
  using Signed = int16_t;
  using Wide = uint32_t;
  static constexpr const char *bits = "16";
};
template <> struct Types<uint32_t> {
  using Signed = int32_t;
  using Wide = uint64_t;
  static constexpr const char *bits = "32";
};
template <> struct Types<uint64_t> {
  using Signed = int64_t;
  using Wide = unsigned __int128;
  static constexpr const char *bits = "64";
};

template <typename T> class Integer : public testing::Test {};
using Widths = testing::Types<uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(Integer, Widths);

/// "add.s# ..." for this width.
template <typename T> std::string at(std::string text) {
  for (size_t p; (p = text.find('#')) != std::string::npos;)
    text.replace(p, 1, Types<T>::bits);
  return text;
}

TYPED_TEST(Integer, SumsWrapAround) {
  using T = TypeParam;
  expectSame<T>(at<T>("add.s# %d, %a, %b;"), [](T a, T b, T) { return a + b; });
  expectSame<T>(at<T>("sub.u# %d, %a, %b;"), [](T a, T b, T) { return a - b; });
  expectSame<T>(at<T>("neg.s# %d, %a;"), [](T a, T, T) { return T(0) - a; });
}

TYPED_TEST(Integer, ProductsHaveALowAndAHighPart) {
  using T = TypeParam;
  using S = typename Types<T>::Signed;
  using W = typename Types<T>::Wide;
  constexpr unsigned bits = 8 * sizeof(T);
  auto wide = [](T a, T b) { return W(a) * W(b); };
  auto wideSigned = [](T a, T b) { return W(W(S(a)) * W(S(b))); };
  expectSame<T>(at<T>("mul.lo.s# %d, %a, %b;"),
                [&](T a, T b, T) { return T(wide(a, b)); });
  expectSame<T>(at<T>("mul.hi.u# %d, %a, %b;"),
                [&](T a, T b, T) { return T(wide(a, b) >> bits); });
  expectSame<T>(at<T>("mul.hi.s# %d, %a, %b;"),
                [&](T a, T b, T) { return T(wideSigned(a, b) >> bits); });
  expectSame<T>(at<T>("mad.lo.s# %d, %a, %b, %c;"),
                [&](T a, T b, T c) { return T(wide(a, b)) + c; });
}

TYPED_TEST(Integer, QuotientsTruncate) {
  using T = TypeParam;
  using S = typename Types<T>::Signed;
  // Division by zero is not defined, and not compared.
  expectSame<T>(at<T>("setp.eq.u# %q, %b, 0; selp.b# %e, 1, %b, %q; "
                      "div.u# %d, %a, %e;"),
                [](T a, T b, T) { return a / (b ? b : T(1)); });
  expectSame<T>(at<T>("setp.eq.u# %q, %b, 0; selp.b# %e, 1, %b, %q; "
                      "rem.u# %d, %a, %e;"),
                [](T a, T b, T) { return a % (b ? b : T(1)); });
  // Nor is the quotient that overflows.
  std::string guard =
      at<T>("mov.b# %e, %b; setp.eq.u# %q, %b, 0; @%q mov.b# %e, 1; "
            "setp.eq.s# %q, %b, -1; @%q mov.b# %e, 1;\n");
  auto divisor = [&](T b) { return b == 0 || S(b) == -1 ? S(1) : S(b); };
  expectSame<T>(guard + at<T>("div.s# %d, %a, %e;"),
                [&](T a, T b, T) { return S(a) / divisor(b); });
  expectSame<T>(guard + at<T>("rem.s# %d, %a, %e;"),
                [&](T a, T b, T) { return S(a) % divisor(b); });
}

TYPED_TEST(Integer, MinimaAndMaximaHaveSigns) {
  using T = TypeParam;
  using S = typename Types<T>::Signed;
  expectSame<T>(at<T>("min.s# %d, %a, %b;"),
                [](T a, T b, T) { return S(a) < S(b) ? a : b; });
  expectSame<T>(at<T>("max.u# %d, %a, %b;"),
                [](T a, T b, T) { return a > b ? a : b; });
  expectSame<T>(at<T>("abs.s# %d, %a;"),
                [](T a, T, T) { return S(a) < 0 ? T(0) - a : a; });
}

TYPED_TEST(Integer, LogicIsBitwise) {
  using T = TypeParam;
  expectSame<T>(at<T>("and.b# %d, %a, %b;"), [](T a, T b, T) { return a & b; });
  expectSame<T>(at<T>("or.b# %d, %a, %b;"), [](T a, T b, T) { return a | b; });
  expectSame<T>(at<T>("xor.b# %d, %a, %b;"), [](T a, T b, T) { return a ^ b; });
  expectSame<T>(at<T>("not.b# %d, %a;"), [](T a, T, T) { return ~a; });
}

TYPED_TEST(Integer, ShiftsBeyondTheWidthShiftEverythingOut) {
  using T = TypeParam;
  using S = typename Types<T>::Signed;
  constexpr unsigned bits = 8 * sizeof(T);
  for (unsigned n : {0u, 1u, bits - 1, bits, bits + 1, 255u, 0x80000000u}) {
    expectSame<T>(at<T>(fmt::format("shl.b# %d, %a, {};", n)),
                  [&](T a, T, T) { return n < bits ? T(a << n) : T(0); });
    expectSame<T>(at<T>(fmt::format("shr.u# %d, %a, {};", n)),
                  [&](T a, T, T) { return n < bits ? T(a >> n) : T(0); });
    expectSame<T>(at<T>(fmt::format("shr.s# %d, %a, {};", n)),
                  [&](T a, T, T) { return T(S(a) >> std::min(n, bits - 1)); });
  }
}

TYPED_TEST(Integer, ComparisonsHaveSigns) {
  using T = TypeParam;
  using S = typename Types<T>::Signed;
  auto both = [&](const char *relation, auto f) {
    expectSame<T>(at<T>(fmt::format("setp.{}.u# %q, %a, %b; "
                                    "selp.b# %d, %a, %c, %q;",
                                    relation)),
                  [&](T a, T b, T c) { return f(a, b) ? a : c; });
    expectSame<T>(at<T>(fmt::format("setp.{}.s# %q, %a, %b; "
                                    "selp.b# %d, %a, %c, %q;",
                                    relation)),
                  [&](T a, T b, T c) { return f(S(a), S(b)) ? a : c; });
  };
  both("eq", [](auto a, auto b) { return a == b; });
  both("ne", [](auto a, auto b) { return a != b; });
  both("lt", [](auto a, auto b) { return a < b; });
  both("le", [](auto a, auto b) { return a <= b; });
  both("gt", [](auto a, auto b) { return a > b; });
  both("ge", [](auto a, auto b) { return a >= b; });
}

TEST(Integer32, MinimaAndMaximaMayEndAtZero) {
  using T = uint32_t;
  auto relu = [](auto v) { return v < 0 ? decltype(v)(0) : v; };
  expectSame<T>("min.relu.s32 %d, %a, %b;", [&](T a, T b, T) {
    return T(relu(std::min(int32_t(a), int32_t(b))));
  });
  expectSame<T>("max.relu.s32 %d, %a, %b;", [&](T a, T b, T) {
    return T(relu(std::max(int32_t(a), int32_t(b))));
  });
  auto halves = [&](T a, T b, auto f) {
    T low = uint16_t(relu(int16_t(f(int16_t(a), int16_t(b)))));
    T high = uint16_t(relu(int16_t(f(int16_t(a >> 16), int16_t(b >> 16)))));
    return low | high << 16;
  };
  expectSame<T>("min.relu.s16x2 %d, %a, %b;", [&](T a, T b, T) {
    return halves(a, b, [](int16_t x, int16_t y) { return std::min(x, y); });
  });
  expectSame<T>("max.relu.s16x2 %d, %a, %b;", [&](T a, T b, T) {
    return halves(a, b, [](int16_t x, int16_t y) { return std::max(x, y); });
  });
}

TEST(Integer32, SaturatesAndCarries) {
  using T = uint32_t;
  auto clamp = [](int64_t v) {
    return T(std::clamp<int64_t>(v, INT32_MIN, INT32_MAX));
  };
  expectSame<T>("add.sat.s32 %d, %a, %b;", [&](T a, T b, T) {
    return clamp(int64_t(int32_t(a)) + int32_t(b));
  });
  expectSame<T>("sub.sat.s32 %d, %a, %b;", [&](T a, T b, T) {
    return clamp(int64_t(int32_t(a)) - int32_t(b));
  });
  // The high word of a sum and of a difference of 64 bits.
  expectSame<T>(
      "add.cc.u32 %e, %a, %b; addc.u32 %d, %c, %a;", [](T a, T b, T c) {
        return T(((uint64_t(c) << 32 | a) + (uint64_t(a) << 32 | b)) >> 32);
      });
  expectSame<T>(
      "sub.cc.u32 %e, %a, %b; subc.u32 %d, %c, %a;", [](T a, T b, T c) {
        return T(((uint64_t(c) << 32 | a) - (uint64_t(a) << 32 | b)) >> 32);
      });
  expectSame<T>("mad.lo.cc.u32 %e, %a, %b, %c; madc.hi.u32 %d, %a, %b, %c;",
                [](T a, T b, T c) {
                  uint64_t product = uint64_t(a) * b;
                  return T((product + (uint64_t(c) << 32 | c)) >> 32);
                });
}

TEST(Integer32, FieldsAreExtractedAndInserted) {
  for (unsigned position : {0u, 1u, 15u, 31u, 32u, 200u})
    for (unsigned length : {0u, 1u, 8u, 31u, 32u, 255u}) {
      auto bit = [](uint32_t a, uint64_t b) { return b < 32 ? a >> b & 1 : 0; };
      expectSame<uint32_t>(
          fmt::format("bfe.u32 %d, %a, {}, {};", position, length),
          [&](uint32_t a, uint32_t, uint32_t) {
            uint32_t field = 0;
            for (unsigned b = 0; b < 32 && b < length; ++b)
              field |= bit(a, uint64_t(position) + b) << b;
            return field;
          });
      expectSame<uint32_t>(
          fmt::format("bfe.s32 %d, %a, {}, {};", position, length),
          [&](uint32_t a, uint32_t, uint32_t) {
            uint32_t sign =
                length == 0 ? 0 : bit(a, std::min(position + length - 1, 31u));
            uint32_t field = 0;
            for (unsigned b = 0; b < 32; ++b)
              field |= (b < length && position + b < 32 ? bit(a, position + b)
                                                        : sign)
                       << b;
            return field;
          });
      expectSame<uint32_t>(
          fmt::format("bfi.b32 %d, %a, %b, {}, {};", position, length),
          [&](uint32_t a, uint32_t b, uint32_t) {
            for (unsigned k = 0; k < length && position + k < 32; ++k)
              b = (b & ~(1u << (position + k))) | (k < 32 ? a >> k & 1 : 0)
                                                      << (position + k);
            return b;
          });
    }
}

TEST(Integer32, BitsAreCountedAndFound) {
  using T = uint32_t;
  auto count = [](T a) {
    T n = 0;
    for (unsigned b = 0; b < 32; ++b)
      n += a >> b & 1;
    return n;
  };
  auto highest = [](T a) {
    for (unsigned b = 32; b-- > 0;)
      if (a >> b & 1)
        return b;
    return ~0u;
  };
  expectSame<T>("popc.b32 %d, %a;", [&](T a, T, T) { return count(a); });
  expectSame<T>("clz.b32 %d, %a;", [&](T a, T, T) { return 31 - highest(a); });
  expectSame<T>("bfind.u32 %d, %a;", [&](T a, T, T) { return highest(a); });
  expectSame<T>("bfind.s32 %d, %a;",
                [&](T a, T, T) { return highest(a >> 31 ? ~a : a); });
  expectSame<T>("bfind.shiftamt.u32 %d, %a;", [&](T a, T, T) {
    return highest(a) == ~0u ? ~0u : 31 - highest(a);
  });
  expectSame<T>("brev.b32 %d, %a;", [&](T a, T, T) {
    T r = 0;
    for (unsigned b = 0; b < 32; ++b)
      r |= (a >> b & 1) << (31 - b);
    return r;
  });
}

TEST(Integer32, BytesArePermuted) {
  auto byteOf = [](uint32_t a, uint32_t b, unsigned selector) {
    uint64_t both = uint64_t(b) << 32 | a;
    uint32_t byte = both >> (8 * (selector & 7)) & 0xff;
    return selector & 8 ? (byte & 0x80 ? 0xffu : 0u) : byte;
  };
  for (uint32_t selector :
       {0x3210u, 0x7654u, 0x0123u, 0xba98u, 0x5410u, 0xf0f0u})
    expectSame<uint32_t>(fmt::format("prmt.b32 %d, %a, %b, {};", selector),
                         [&](uint32_t a, uint32_t b, uint32_t) {
                           uint32_t r = 0;
                           for (unsigned k = 0; k < 4; ++k)
                             r |= byteOf(a, b, selector >> (4 * k) & 15)
                                  << (8 * k);
                           return r;
                         });
}

TEST(Integer32, AnyFunctionOfThreeBits) {
  for (unsigned table : {0x00u, 0xe8u, 0x96u, 0xcau, 0x01u, 0xffu})
    expectSame<uint32_t>(fmt::format("lop3.b32 %d, %a, %b, %c, {};", table),
                         [&](uint32_t a, uint32_t b, uint32_t c) {
                           uint32_t r = 0;
                           for (unsigned k = 0; k < 32; ++k)
                             r |= (table >> ((a >> k & 1) << 2 |
                                             (b >> k & 1) << 1 | (c >> k & 1)) &
                                   1)
                                  << k;
                           return r;
                         });
}

TEST(Integer32, FunnelShifts) {
  for (unsigned n : {0u, 1u, 31u, 32u, 33u, 64u}) {
    unsigned clamped = std::min(n, 32u), wrapped = n & 31;
    auto left = [](uint32_t a, uint32_t b, unsigned k) {
      return uint32_t((uint64_t(b) << 32 | a) << k >> 32);
    };
    auto right = [](uint32_t a, uint32_t b, unsigned k) {
      return uint32_t((uint64_t(b) << 32 | a) >> k);
    };
    auto text = [&](const char *mode) {
      return fmt::format("shf.{}.b32 %d, %a, %b, {};", mode, n);
    };
    expectSame<uint32_t>(
        text("l.clamp"),
        [&](uint32_t a, uint32_t b, uint32_t) { return left(a, b, clamped); });
    expectSame<uint32_t>(text("l.wrap"), [&](uint32_t a, uint32_t b, uint32_t) {
      return left(a, b, wrapped);
    });
    expectSame<uint32_t>(
        text("r.clamp"),
        [&](uint32_t a, uint32_t b, uint32_t) { return right(a, b, clamped); });
    expectSame<uint32_t>(text("r.wrap"), [&](uint32_t a, uint32_t b, uint32_t) {
      return right(a, b, wrapped);
    });
  }
}

TEST(Integer32, WidensAndNarrows) {
  using T = uint32_t;
  expectSame<T>("{ .reg .b16 %x; cvt.u16.u32 %x, %a; cvt.s32.s16 %d, %x; }",
                [](T a, T, T) { return T(int32_t(int16_t(a))); });
  expectSame<T>("{ .reg .b16 %x; cvt.u16.u32 %x, %a; cvt.u32.u16 %d, %x; }",
                [](T a, T, T) { return a & 0xffff; });
  expectSame<T>("cvt.s32.s8 %d, %a;",
                [](T a, T, T) { return T(int32_t(int8_t(a))); });
  expectSame<T>(
      "{ .reg .b64 %x; cvt.s64.s32 %x, %a; shr.u64 %x, %x, 16; "
      "cvt.u32.u64 %d, %x; }",
      [](T a, T, T) { return T(uint64_t(int64_t(int32_t(a))) >> 16); });
  expectSame<T>("{ .reg .b64 %x; mul.wide.s32 %x, %a, %b; shr.u64 %x, %x, 32; "
                "cvt.u32.u64 %d, %x; }",
                [](T a, T b, T) {
                  return T(uint64_t(int64_t(int32_t(a)) * int32_t(b)) >> 32);
                });
  expectSame<T>("{ .reg .b16 %x, %y; mov.b32 {%x, %y}, %a; "
                "mov.b32 %d, {%y, %x}; }",
                [](T a, T, T) { return a << 16 | a >> 16; });
  expectSame<T>("cvt.sat.s8.s32 %d, %a;",
                [](T a, T, T) { return T(std::clamp(int32_t(a), -128, 127)); });
}

} // namespace

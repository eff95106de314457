//===- Bits.cpp - shifts, bit fields, counts, permutations ------*- C++ -*-===//
#include "runtime/emulator/Elementwise.h"

using namespace llvm;

namespace llsa::ptx {

namespace {

/// Shift amounts beyond the width shift everything out.
template <typename T> struct ShiftLeft {
  LLSA_LANES_INLINE static T apply(T a, uint32_t b) {
    return b < 8 * sizeof(T) ? T(a << b) : T(0);
  }
};
template <typename T> struct ShiftRight {
  LLSA_LANES_INLINE static T apply(T a, uint32_t b) {
    constexpr uint32_t top = 8 * sizeof(T) - 1;
    if (std::is_signed_v<T>)
      return T(a >> (b < top ? b : top));
    return b <= top ? T(a >> b) : T(0);
  }
};

/// Funnel shifts of the 64 bits b:a.
template <bool left, bool wrap> struct Funnel {
  LLSA_LANES_INLINE static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t n = wrap ? c & 31 : (c < 32 ? c : 32);
    uint64_t both = uint64_t(b) << 32 | a;
    return left ? uint32_t(both << n >> 32) : uint32_t(both >> n);
  }
};

template <typename T> struct Extract {
  LLSA_LANES_INLINE static T apply(T a, uint32_t b, uint32_t c) {
    constexpr uint32_t width = 8 * sizeof(T);
    using U = std::make_unsigned_t<T>;
    uint32_t position = b & 0xff, length = c & 0xff;
    if (length == 0)
      return 0;
    uint32_t last = position + length - 1;
    bool negative =
        std::is_signed_v<T> && (U(a) >> (last < width ? last : width - 1) & 1);
    U field = position < width ? U(a) >> position : U(0);
    // Bits from `kept` on are the sign.
    uint32_t kept = position < width ? width - position : 0;
    kept = kept < length ? kept : length;
    if (kept >= width)
      return T(field);
    U mask = U((U(1) << kept) - 1);
    return T((field & mask) | (negative ? U(~mask) : U(0)));
  }
};

template <typename T> struct Insert {
  LLSA_LANES_INLINE static T apply(T a, T b, uint32_t position,
                                   uint32_t length) {
    constexpr uint32_t width = 8 * sizeof(T);
    position &= 0xff;
    length &= 0xff;
    if (position >= width)
      return b;
    T mask = length >= width ? T(~T(0)) : T((T(1) << length) - 1);
    mask = T(mask << position);
    return T((b & ~mask) | (T(a << position) & mask));
  }
};

template <typename T>
LLSA_LANES_INLINE void insert(Warp &w, const Instruction &i, LaneMask mask) {
  T *r = w.to<T>(i.dst);
  const T *a = w.from<T>(i.a), *b = w.from<T>(i.b);
  const uint32_t *position = w.from<uint32_t>(i.c);
  const uint32_t *length = w.from<uint32_t>(i.target);
  forLanes(
      mask, LLSA_LANE(l) {
        r[l] = Insert<T>::apply(a[l], b[l], position[l], length[l]);
      });
}

template <typename U> uint32_t leadingZeros(U a) {
  if (a == 0)
    return 8 * sizeof(U);
  return sizeof(U) == 4 ? uint32_t(__builtin_clz(uint32_t(a)))
                        : uint32_t(__builtin_clzll(a));
}
template <typename T> struct LeadingZeros {
  static uint32_t apply(T a) { return leadingZeros(a); }
};
template <typename T, bool shiftAmount> struct FindLeading {
  static uint32_t apply(T a) {
    using U = std::make_unsigned_t<T>;
    U bits = std::is_signed_v<T> && a < 0 ? U(~a) : U(a);
    if (bits == 0)
      return ~0u;
    uint32_t zeros = leadingZeros(bits);
    return shiftAmount ? zeros : uint32_t(8 * sizeof(T) - 1) - zeros;
  }
};
template <typename T> struct CountOnes {
  LLSA_LANES_INLINE static uint32_t apply(T a) {
    return sizeof(T) == 4 ? uint32_t(__builtin_popcount(uint32_t(a)))
                          : uint32_t(__builtin_popcountll(a));
  }
};
template <typename T> struct Reverse {
  static T apply(T a) {
    T r = 0;
    for (unsigned bit = 0; bit < 8 * sizeof(T); ++bit)
      r |= (a >> bit & 1) << (8 * sizeof(T) - 1 - bit);
    return r;
  }
};
template <bool wrap> struct BitMask {
  static uint32_t apply(uint32_t a, uint32_t b) {
    if (wrap) {
      a &= 31;
      b &= 31;
    }
    if (a >= 32)
      return 0;
    uint64_t ones = b >= 32 ? 0xffffffff : (uint64_t(1) << b) - 1;
    return uint32_t(ones << a);
  }
};

/// prmt's byte selectors, and the modes which compute selectors.
struct Permute {
  LLSA_LANES_INLINE static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    uint64_t bytes = uint64_t(b) << 32 | a;
    uint32_t r = 0;
    for (unsigned k = 0; k < 4; ++k) {
      uint32_t selector = c >> (4 * k);
      uint32_t byte = uint32_t(bytes >> (8 * (selector & 7))) & 0xff;
      uint32_t sign = byte & 0x80 ? 0xff : 0;
      r |= (selector & 8 ? sign : byte) << (8 * k);
    }
    return r;
  }
};
enum class PermuteMode { F4E, B4E, RC8, ECL, ECR, RC16 };
template <PermuteMode mode> struct PermuteBy {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    constexpr uint16_t selectors[6][4] = {
        {0x3210, 0x4321, 0x5432, 0x6543}, {0x5670, 0x6701, 0x7012, 0x0123},
        {0x0000, 0x1111, 0x2222, 0x3333}, {0x3210, 0x3211, 0x3222, 0x3333},
        {0x0000, 0x1110, 0x2210, 0x3210}, {0x1010, 0x3232, 0x1010, 0x3232},
    };
    return Permute::apply(a, b, selectors[unsigned(mode)][c & 3]);
  }
};

/// aux: the truth table.
LLSA_LANES_INLINE void lop3(Warp &w, const Instruction &i, LaneMask mask) {
  uint32_t *r = w.to<uint32_t>(i.dst);
  const uint32_t *a = w.from<uint32_t>(i.a), *b = w.from<uint32_t>(i.b),
                 *c = w.from<uint32_t>(i.c);
  uint32_t table = i.aux;
  forLanes(
      mask, LLSA_LANE(l) {
        uint32_t result = 0;
        for (unsigned row = 0; row < 8; ++row) {
          uint32_t minterm = (row & 4 ? a[l] : ~a[l]) &
                             (row & 2 ? b[l] : ~b[l]) &
                             (row & 1 ? c[l] : ~c[l]);
          result |= table >> row & 1 ? minterm : 0;
        }
        r[l] = result;
      });
}

bool finishShift(Decoder &d, Type type) {
  bool left = d.opcode() == "shl";
  Handler run = nullptr;
  switch (bytesOf(type)) {
  case 2:
    run =
        left ? handler<
                   binary<uint16_t, uint16_t, uint32_t, ShiftLeft<uint16_t>>>()
        : isSigned(type)
            ? handler<binary<int16_t, int16_t, uint32_t, ShiftRight<int16_t>>>()
            : handler<
                  binary<uint16_t, uint16_t, uint32_t, ShiftRight<uint16_t>>>();
    break;
  case 4:
    run =
        left ? handler<
                   binary<uint32_t, uint32_t, uint32_t, ShiftLeft<uint32_t>>>()
        : isSigned(type)
            ? handler<binary<int32_t, int32_t, uint32_t, ShiftRight<int32_t>>>()
            : handler<
                  binary<uint32_t, uint32_t, uint32_t, ShiftRight<uint32_t>>>();
    break;
  case 8:
    run =
        left ? handler<
                   binary<uint64_t, uint64_t, uint32_t, ShiftLeft<uint64_t>>>()
        : isSigned(type)
            ? handler<binary<int64_t, int64_t, uint32_t, ShiftRight<int64_t>>>()
            : handler<
                  binary<uint64_t, uint64_t, uint32_t, ShiftRight<uint64_t>>>();
    break;
  }
  if (!run || !d.expectOperands(3))
    return false;
  d.out.dst = d.destination(0, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, Type::U32);
  return d.finish(run);
}

bool finishExtract(Decoder &d, Type type) {
  Handler run = nullptr;
  switch (type) {
  case Type::U32:
    run = handler<
        ternary<uint32_t, uint32_t, uint32_t, uint32_t, Extract<uint32_t>>>();
    break;
  case Type::S32:
    run = handler<
        ternary<int32_t, int32_t, uint32_t, uint32_t, Extract<int32_t>>>();
    break;
  case Type::U64:
    run = handler<
        ternary<uint64_t, uint64_t, uint32_t, uint32_t, Extract<uint64_t>>>();
    break;
  case Type::S64:
    run = handler<
        ternary<int64_t, int64_t, uint32_t, uint32_t, Extract<int64_t>>>();
    break;
  default:
    return false;
  }
  if (!d.expectOperands(4))
    return false;
  d.out.dst = d.destination(0, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, Type::U32);
  d.out.c = d.source(3, Type::U32);
  return d.finish(run);
}

bool finishInsert(Decoder &d, Type type) {
  if (!d.expectOperands(5))
    return false;
  d.out.dst = d.destination(0, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  d.out.c = d.source(3, Type::U32);
  d.out.target = d.source(4, Type::U32);
  return d.finish(bytesOf(type) == 4 ? handler<insert<uint32_t>>()
                                     : handler<insert<uint64_t>>());
}

template <typename T> Handler countHandler(StringRef op) {
  if (op == "clz")
    return unaryHandler<T, LeadingZeros<T>, uint32_t>();
  return unaryHandler<T, CountOnes<T>, uint32_t>();
}

template <typename T> Handler findHandler(bool shiftAmount) {
  return shiftAmount ? unaryHandler<T, FindLeading<T, true>, uint32_t>()
                     : unaryHandler<T, FindLeading<T, false>, uint32_t>();
}

bool finishFind(Decoder &d, Type type) {
  bool amount = d.has("shiftamt");
  Handler run = nullptr;
  switch (type) {
  case Type::U32:
    run = findHandler<uint32_t>(amount);
    break;
  case Type::S32:
    run = findHandler<int32_t>(amount);
    break;
  case Type::U64:
    run = findHandler<uint64_t>(amount);
    break;
  case Type::S64:
    run = findHandler<int64_t>(amount);
    break;
  default:
    return false;
  }
  return finishElementwise(d, run, 1, type, Type::U32);
}

Handler permuteHandler(const Decoder &d) {
  if (d.has("f4e"))
    return ternaryHandler<uint32_t, PermuteBy<PermuteMode::F4E>>();
  if (d.has("b4e"))
    return ternaryHandler<uint32_t, PermuteBy<PermuteMode::B4E>>();
  if (d.has("rc8"))
    return ternaryHandler<uint32_t, PermuteBy<PermuteMode::RC8>>();
  if (d.has("ecl"))
    return ternaryHandler<uint32_t, PermuteBy<PermuteMode::ECL>>();
  if (d.has("ecr"))
    return ternaryHandler<uint32_t, PermuteBy<PermuteMode::ECR>>();
  if (d.has("rc16"))
    return ternaryHandler<uint32_t, PermuteBy<PermuteMode::RC16>>();
  return ternaryHandler<uint32_t, Permute>();
}

Handler funnelHandler(const Decoder &d) {
  if (d.has("l"))
    return d.has("wrap") ? ternaryHandler<uint32_t, Funnel<true, true>>()
                         : ternaryHandler<uint32_t, Funnel<true, false>>();
  return d.has("wrap") ? ternaryHandler<uint32_t, Funnel<false, true>>()
                       : ternaryHandler<uint32_t, Funnel<false, false>>();
}

} // namespace

bool decodeBits(Decoder &d) {
  StringRef op = d.opcode();
  Type type = d.lastType();
  unsigned bytes = bytesOf(type);
  if (op == "shl" || op == "shr")
    return finishShift(d, type);
  if (bytes != 4 && bytes != 8)
    return false;
  if (op == "bfe")
    return finishExtract(d, type);
  if (op == "bfi")
    return finishInsert(d, type);
  if (op == "bfind")
    return finishFind(d, type);
  if (op == "clz" || op == "popc")
    return finishElementwise(
        d, bytes == 4 ? countHandler<uint32_t>(op) : countHandler<uint64_t>(op),
        1, type, Type::U32);
  if (op == "brev")
    return finishElementwise(d,
                             bytes == 4
                                 ? unaryHandler<uint32_t, Reverse<uint32_t>>()
                                 : unaryHandler<uint64_t, Reverse<uint64_t>>(),
                             1, type);
  if (bytes != 4)
    return false;
  if (op == "shf")
    return finishElementwise(d, funnelHandler(d), 3, type);
  if (op == "prmt")
    return finishElementwise(d, permuteHandler(d), 3, type);
  if (op == "bmsk")
    return finishElementwise(d,
                             d.has("wrap")
                                 ? binaryHandler<uint32_t, BitMask<true>>()
                                 : binaryHandler<uint32_t, BitMask<false>>(),
                             2, type);
  int64_t table = 0;
  if (d.statement->parts.size() != 2 || !d.expectOperands(5) ||
      !d.integer(4, table))
    return false;
  d.out.dst = d.destination(0, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  d.out.c = d.source(3, type);
  d.out.aux = uint32_t(table) & 0xff;
  return d.finish(handler<lop3>());
}

} // namespace llsa::ptx

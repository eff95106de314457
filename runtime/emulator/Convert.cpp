//===- Convert.cpp - cvt ----------------------------------------*- C++ -*-===//
//
// The common conversions have loops of their own. All others go through a
// double: an exact one, or one rounded to odd where 64-bit integers lose bits,
// so that the one rounding that the instruction asks for is right.
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/Elementwise.h"
#include "runtime/emulator/FloatOps.h"
#include "runtime/emulator/Resize.h"

#include <limits>

using namespace llvm;

namespace llsa::ptx {

namespace {

enum : uint32_t {
  kFlush = 1,
  kSaturate = 2,
  kRelu = 4,
  kIntegral = 8, ///< .rni and its kind
};

/// What a conversion does, packed into Instruction::aux.
struct Conversion {
  Type from, to;
  Rounding rounding;
  uint32_t flags;

  uint32_t pack() const {
    return uint32_t(from) | uint32_t(to) << 8 | uint32_t(rounding) << 16 |
           flags << 24;
  }
  static Conversion unpack(uint32_t aux) {
    return {Type(aux & 0xff), Type(aux >> 8 & 0xff), Rounding(aux >> 16 & 0xff),
            aux >> 24};
  }
};

/// An operand: an integer, or a float as a double.
struct Number {
  bool isInteger;
  bool isSigned;
  int64_t integer; ///< the bits of an unsigned one
  double real;
};

Number readNumber(const Warp &w, Slot slot, Type type, unsigned lane) {
  auto integer = [&](auto value) {
    return Number{true, std::is_signed_v<decltype(value)>, int64_t(value), 0};
  };
  auto real = [](double value) { return Number{false, true, 0, value}; };
  switch (type) {
  case Type::U8:
    return integer(w.from<uint8_t>(slot)[lane]);
  case Type::S8:
    return integer(w.from<int8_t>(slot)[lane]);
  case Type::U16:
    return integer(w.from<uint16_t>(slot)[lane]);
  case Type::S16:
    return integer(w.from<int16_t>(slot)[lane]);
  case Type::U32:
    return integer(w.from<uint32_t>(slot)[lane]);
  case Type::S32:
    return integer(w.from<int32_t>(slot)[lane]);
  case Type::U64:
    return integer(w.from<uint64_t>(slot)[lane]);
  case Type::S64:
    return integer(w.from<int64_t>(slot)[lane]);
  case Type::F16:
    return real(fromF16(w.from<uint16_t>(slot)[lane]));
  case Type::BF16:
    return real(fromBF16(w.from<uint16_t>(slot)[lane]));
  case Type::F64:
    return real(w.from<double>(slot)[lane]);
  default:
    return real(w.from<float>(slot)[lane]);
  }
}

/// An integer as a double, rounded to odd when it has too many bits.
double toOdd(const Number &n) {
  double high =
      n.isSigned ? double(n.integer >> 32) : double(uint64_t(n.integer) >> 32);
  return fmaToOdd(high, 0x1p32, double(uint32_t(n.integer)));
}

double roundIntegral(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::Zero:
    return std::trunc(value);
  case Rounding::Down:
    return std::floor(value);
  case Rounding::Up:
    return std::ceil(value);
  default:
    return std::nearbyint(value);
  }
}

/// The float of type `to` nearest to the number, as a double.
double toFloat(const Number &n, const Conversion &c) {
  double value = n.isInteger ? toOdd(n) : n.real;
  if (n.isInteger && c.to == Type::F64)
    return n.isSigned ? double(n.integer) : double(uint64_t(n.integer));
  if (c.flags & kIntegral)
    value = roundIntegral(value, c.rounding);
  if (c.flags & kSaturate)
    value = saturated(value);
  if (c.flags & kRelu && value < 0)
    value = 0;
  switch (c.to) {
  case Type::F16:
    return roundTo(value, kF16, c.rounding);
  case Type::BF16:
    return roundTo(value, kBF16, c.rounding);
  case Type::TF32:
    return roundTo(value, kTF32, c.rounding);
  case Type::F32:
    return roundTo(value, kF32, c.rounding);
  default:
    return value;
  }
}

template <typename T> T clampTo(const Number &n, const Conversion &c) {
  using Limits = std::numeric_limits<T>;
  if (n.isInteger) {
    if (!(c.flags & kSaturate))
      return T(n.integer);
    __int128 value =
        n.isSigned ? __int128(n.integer) : __int128(uint64_t(n.integer));
    return T(std::clamp<__int128>(value, Limits::min(), Limits::max()));
  }
  if (n.real != n.real) {
    bool zero = c.from != Type::F64 && sizeof(T) < 8;
    return zero ? T(0) : T(uint64_t(1) << (8 * sizeof(T) - 1));
  }
  double value = roundIntegral(n.real, c.rounding);
  // The limits as doubles: the largest of 64 bits is rounded up.
  if (value <= double(Limits::min()))
    return Limits::min();
  if (value >= double(Limits::max()))
    return Limits::max();
  return T(value);
}

void writeNumber(Warp &w, Slot slot, unsigned lane, const Number &n,
                 const Conversion &c) {
  switch (c.to) {
  case Type::U8:
    w.to<uint8_t>(slot)[lane] = clampTo<uint8_t>(n, c);
    return;
  case Type::S8:
    w.to<int8_t>(slot)[lane] = clampTo<int8_t>(n, c);
    return;
  case Type::U16:
    w.to<uint16_t>(slot)[lane] = clampTo<uint16_t>(n, c);
    return;
  case Type::S16:
    w.to<int16_t>(slot)[lane] = clampTo<int16_t>(n, c);
    return;
  case Type::U32:
    w.to<uint32_t>(slot)[lane] = clampTo<uint32_t>(n, c);
    return;
  case Type::S32:
    w.to<int32_t>(slot)[lane] = clampTo<int32_t>(n, c);
    return;
  case Type::U64:
    w.to<uint64_t>(slot)[lane] = clampTo<uint64_t>(n, c);
    return;
  case Type::S64:
    w.to<int64_t>(slot)[lane] = clampTo<int64_t>(n, c);
    return;
  default:
    break;
  }
  double value = toFloat(n, c);
  bool nan = value != value;
  if (c.to == Type::F64) {
    w.to<double>(slot)[lane] = value;
  } else if (c.to == Type::F16) {
    w.to<uint16_t>(slot)[lane] = nan ? 0x7fff : bitsOfF16(value);
  } else if (c.to == Type::BF16) {
    w.to<uint16_t>(slot)[lane] = nan ? 0x7fff : bitsOfBF16(value);
  } else {
    float narrow = canonical(float(value));
    w.to<float>(slot)[lane] = c.flags & kFlush ? flushed(narrow) : narrow;
  }
}

void convertAny(Warp &w, const Instruction &i, LaneMask mask) {
  Conversion c = Conversion::unpack(i.aux);
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    Number n = readNumber(w, i.a, c.from, lane);
    if (c.flags & kFlush && c.from == Type::F32)
      n.real = flushed(float(n.real));
    writeNumber(w, i.dst, lane, n, c);
  }
}

/// Two floats to a pair, any rounding; b is the lower half.
template <bool isBF16>
void convertPair(Warp &w, const Instruction &i, LaneMask mask) {
  Conversion c = Conversion::unpack(i.aux);
  auto half = [&](float v) -> uint16_t {
    double value = toFloat({false, true, 0, v}, c);
    if (value != value)
      return 0x7fff;
    return isBF16 ? bitsOfBF16(value) : bitsOfF16(value);
  };
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    w.to<uint32_t>(i.dst)[lane] = half(w.from<float>(i.b)[lane]) |
                                  uint32_t(half(w.from<float>(i.a)[lane]))
                                      << 16;
  }
}

// The common ones.
struct F32ToBF16 {
  LLSA_LANES_INLINE static uint16_t apply(float a) { return toBF16(a); }
};
struct F32ToF16 {
  LLSA_LANES_INLINE static uint16_t apply(float a) { return toF16(a); }
};
struct F32ToBF16x2 {
  LLSA_LANES_INLINE static uint32_t apply(float a, float b) {
    return toBF16(b) | uint32_t(toBF16(a)) << 16;
  }
};
struct F32ToF16x2 {
  LLSA_LANES_INLINE static uint32_t apply(float a, float b) {
    return toF16(b) | uint32_t(toF16(a)) << 16;
  }
};
struct BF16ToF32 {
  LLSA_LANES_INLINE static float apply(uint16_t a) {
    return canonical(fromBF16(a));
  }
};
struct F16ToF32 {
  LLSA_LANES_INLINE static float apply(uint16_t a) {
    return canonical(fromF16(a));
  }
};
struct S32ToF32 {
  LLSA_LANES_INLINE static float apply(int32_t a) { return float(a); }
};
struct U32ToF32 {
  LLSA_LANES_INLINE static float apply(uint32_t a) { return float(a); }
};

Handler fastHandler(const Conversion &c) {
  if (c.flags || c.rounding != Rounding::Nearest)
    return nullptr;
  if (c.from == Type::F32 && c.to == Type::BF16)
    return unaryHandler<float, F32ToBF16, uint16_t>();
  if (c.from == Type::F32 && c.to == Type::F16)
    return unaryHandler<float, F32ToF16, uint16_t>();
  if (c.from == Type::BF16 && c.to == Type::F32)
    return unaryHandler<uint16_t, BF16ToF32, float>();
  if (c.from == Type::F16 && c.to == Type::F32)
    return unaryHandler<uint16_t, F16ToF32, float>();
  if (c.from == Type::S32 && c.to == Type::F32)
    return unaryHandler<int32_t, S32ToF32, float>();
  if (c.from == Type::U32 && c.to == Type::F32)
    return unaryHandler<uint32_t, U32ToF32, float>();
  return nullptr;
}

bool finishPair(Decoder &d, const Conversion &c) {
  if (c.from != Type::F32 || !d.expectOperands(3))
    return false;
  bool isBF16 = c.to == Type::BF16x2;
  d.out.dst = d.destination(0, c.to);
  d.out.a = d.source(1, Type::F32);
  d.out.b = d.source(2, Type::F32);
  if (c.rounding == Rounding::Nearest && !c.flags)
    return d.finish(isBF16 ? binaryHandler<float, F32ToBF16x2, uint32_t>()
                           : binaryHandler<float, F32ToF16x2, uint32_t>());
  Conversion half = c;
  half.to = isBF16 ? Type::BF16 : Type::F16;
  d.out.aux = half.pack();
  return d.finish(isBF16 ? convertPair<true> : convertPair<false>);
}

} // namespace

/// cvt{.rounding}{.relu}{.ftz}{.sat}.dtype.atype d, a{, b}
bool decodeConvert(Decoder &d) {
  Conversion c{d.type(1), d.type(0), Rounding::Nearest, 0};
  if (c.from == Type::None || d.has("satfinite") || d.has("scaled") ||
      d.has("pack"))
    return false;
  bool narrowsToInteger = isFloat(c.from) && !isFloat(c.to);
  if (d.has("rz") || d.has("rzi") || (narrowsToInteger && !d.has("rni")))
    c.rounding = Rounding::Zero;
  if (d.has("rm") || d.has("rmi"))
    c.rounding = Rounding::Down;
  if (d.has("rp") || d.has("rpi"))
    c.rounding = Rounding::Up;
  if (d.has("rna"))
    c.rounding = Rounding::NearestAway;
  if (d.has("ftz"))
    c.flags |= kFlush;
  if (d.has("sat"))
    c.flags |= kSaturate;
  if (d.has("relu"))
    c.flags |= kRelu;
  if (isFloat(c.from) && isFloat(c.to) &&
      (d.has("rni") || d.has("rzi") || d.has("rmi") || d.has("rpi")))
    c.flags |= kIntegral;
  if (c.to == Type::F16x2 || c.to == Type::BF16x2)
    return finishPair(d, c);
  if (c.from == Type::F16x2 || c.from == Type::BF16x2 || !d.expectOperands(2))
    return false;
  // PTX writes .b16 and the like nowhere in cvt; integers extend by their type.
  if (!isFloat(c.from) && !isFloat(c.to) && !(c.flags & kSaturate)) {
    d.out.dst = d.destination(0, c.to);
    d.out.a = d.source(1, c.from);
    return d.finish(
        resizeHandler(bytesOf(c.from), bytesOf(c.to), isSigned(c.from)));
  }
  if (c.flags & kFlush && c.from != Type::F32 && c.to != Type::F32)
    c.flags &= ~kFlush;
  d.out.aux = c.pack();
  Handler fast = fastHandler(c);
  return finishElementwise(d, fast ? fast : convertAny, 1, c.from, c.to);
}

} // namespace llsa::ptx

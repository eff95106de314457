//===- Half.cpp - arithmetic of f16, bf16 and pairs of them -----*- C++ -*-===//
//
// Sums and products are computed as floats and rounded once more, which is
// exact: a float has more than twice the bits. fma goes through a double that
// was rounded to odd, which makes the second rounding exact too.
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/Elementwise.h"
#include "runtime/emulator/FloatOps.h"
#include <type_traits>

using namespace llvm;

namespace llsa::ptx {

namespace {

struct F16 {
  LLSA_LANES_INLINE static float in(uint16_t v) { return fromF16(v); }
  LLSA_LANES_INLINE static uint16_t out(float v) { return toF16(v); }
  static uint16_t out(double v) {
    return v == v ? bitsOfF16(roundTo(v, kF16, Rounding::Nearest)) : 0x7fff;
  }
  static constexpr uint16_t kSmallestNormal = 0x0400;
};
struct BF16 {
  LLSA_LANES_INLINE static float in(uint16_t v) { return fromBF16(v); }
  LLSA_LANES_INLINE static uint16_t out(float v) { return toBF16(v); }
  static uint16_t out(double v) {
    return v == v ? bitsOfBF16(roundTo(v, kBF16, Rounding::Nearest)) : 0x7fff;
  }
  static constexpr uint16_t kSmallestNormal = 0x0080;
};

template <typename H, bool ftz>
LLSA_LANES_INLINE uint16_t flushBits(uint16_t v) {
  return ftz && (v & 0x7fff) < H::kSmallestNormal ? uint16_t(v & 0x8000) : v;
}

template <typename H, typename Op, bool ftz, bool sat> struct Single {
  LLSA_LANES_INLINE static float in(uint16_t v) {
    return H::in(flushBits<H, ftz>(v));
  }
  LLSA_LANES_INLINE static uint16_t apply(uint16_t a, uint16_t b) {
    float r = Op::apply(in(a), in(b));
    return flushBits<H, ftz>(H::out(sat ? saturated(r) : r));
  }
};
template <typename H, bool ftz, bool sat, bool relu> struct SingleFma {
  static uint16_t apply(uint16_t a, uint16_t b, uint16_t c) {
    double r =
        fmaToOdd(H::in(flushBits<H, ftz>(a)), H::in(flushBits<H, ftz>(b)),
                 H::in(flushBits<H, ftz>(c)));
    if (sat)
      r = saturated(r);
    if (relu && r < 0)
      r = 0;
    return flushBits<H, ftz>(H::out(r));
  }
};
struct AbsBits {
  LLSA_LANES_INLINE static uint16_t apply(uint16_t a) { return a & 0x7fff; }
};
struct NegBits {
  LLSA_LANES_INLINE static uint16_t apply(uint16_t a) { return a ^ 0x8000; }
};

/// An operation on both halves.
template <typename Op> struct Both {
  LLSA_LANES_INLINE static uint32_t join(uint16_t low, uint16_t high) {
    return low | uint32_t(high) << 16;
  }
  LLSA_LANES_INLINE static uint32_t apply(uint32_t a) {
    return join(Op::apply(uint16_t(a)), Op::apply(uint16_t(a >> 16)));
  }
  LLSA_LANES_INLINE static uint32_t apply(uint32_t a, uint32_t b) {
    return join(Op::apply(uint16_t(a), uint16_t(b)),
                Op::apply(uint16_t(a >> 16), uint16_t(b >> 16)));
  }
  LLSA_LANES_INLINE static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    return join(
        Op::apply(uint16_t(a), uint16_t(b), uint16_t(c)),
        Op::apply(uint16_t(a >> 16), uint16_t(b >> 16), uint16_t(c >> 16)));
  }
};

template <typename Op> Handler one(bool packed) {
  return packed ? unaryHandler<uint32_t, Both<Op>>()
                : unaryHandler<uint16_t, Op>();
}
template <typename Op> Handler two(bool packed) {
  return packed ? binaryHandler<uint32_t, Both<Op>>()
                : binaryHandler<uint16_t, Op>();
}
template <typename Op> Handler three(bool packed) {
  return packed ? ternaryHandler<uint32_t, Both<Op>>()
                : ternaryHandler<uint16_t, Op>();
}

// PTX has .ftz and .sat for f16 alone, and .sat not for min and max; what it
// does not have is not compiled.
template <typename H> constexpr bool kIsF16 = std::is_same_v<H, F16>;

/// min and max.
template <typename H, typename Op>
Handler minMaxHandler(const Decoder &d, bool packed) {
  if (d.has("sat"))
    return nullptr;
  if (d.has("ftz"))
    return kIsF16<H> ? two<Single<H, Op, kIsF16<H>, false>>(packed) : nullptr;
  return two<Single<H, Op, false, false>>(packed);
}

/// add, sub and mul.
template <typename H, typename Op>
Handler twoHandler(const Decoder &d, bool packed) {
  if constexpr (kIsF16<H>) {
    if (d.has("sat"))
      return d.has("ftz") ? two<Single<H, Op, true, true>>(packed)
                          : two<Single<H, Op, false, true>>(packed);
  }
  return minMaxHandler<H, Op>(d, packed);
}

template <typename H> Handler fmaHandler(const Decoder &d, bool packed) {
  bool ftz = d.has("ftz");
  if constexpr (kIsF16<H>) {
    if (d.has("sat"))
      return ftz ? three<SingleFma<H, true, true, false>>(packed)
                 : three<SingleFma<H, false, true, false>>(packed);
    if (ftz)
      return d.has("relu") ? three<SingleFma<H, true, false, true>>(packed)
                           : three<SingleFma<H, true, false, false>>(packed);
  }
  if (ftz || d.has("sat"))
    return nullptr;
  return d.has("relu") ? three<SingleFma<H, false, false, true>>(packed)
                       : three<SingleFma<H, false, false, false>>(packed);
}

template <typename H> Handler halfHandler(const Decoder &d, bool packed) {
  StringRef op = d.opcode();
  bool nan = d.has("NaN");
  if (op == "add")
    return twoHandler<H, FAdd>(d, packed);
  if (op == "sub")
    return twoHandler<H, FSub>(d, packed);
  if (op == "mul")
    return twoHandler<H, FMul>(d, packed);
  if (op == "fma")
    return fmaHandler<H>(d, packed);
  if (op == "min")
    return nan ? minMaxHandler<H, FMinMax<false, true>>(d, packed)
               : minMaxHandler<H, FMinMax<false, false>>(d, packed);
  if (op == "max")
    return nan ? minMaxHandler<H, FMinMax<true, true>>(d, packed)
               : minMaxHandler<H, FMinMax<true, false>>(d, packed);
  if (op == "abs")
    return one<AbsBits>(packed);
  return op == "neg" ? one<NegBits>(packed) : nullptr;
}

/// Halves first made floats, as sm_100 adds them to a float.
template <typename H, typename Op, bool sat> struct Mixed {
  LLSA_LANES_INLINE static float out(float v) {
    return sat ? saturated(v) : canonical(v);
  }
  LLSA_LANES_INLINE static float apply(uint16_t a, float b) {
    return out(Op::apply(H::in(a), b));
  }
  LLSA_LANES_INLINE static float apply(uint16_t a, uint16_t b, float c) {
    return out(Op::apply(H::in(a), H::in(b), c));
  }
};

template <typename H, bool sat> Handler mixedHandler(StringRef op) {
  if (op == "add")
    return handler<binary<float, uint16_t, float, Mixed<H, FAdd, sat>>>();
  if (op == "sub")
    return handler<binary<float, uint16_t, float, Mixed<H, FSub, sat>>>();
  if (op == "fma")
    return handler<
        ternary<float, uint16_t, uint16_t, float, Mixed<H, FFma, sat>>>();
  return nullptr;
}

} // namespace

bool decodeMixedArithmetic(Decoder &d, Type half) {
  if (d.has("rz") || d.has("rm") || d.has("rp"))
    return false;
  bool isF16 = half == Type::F16;
  Handler run = d.has("sat") ? isF16 ? mixedHandler<F16, true>(d.opcode())
                                     : mixedHandler<BF16, true>(d.opcode())
                : isF16 ? mixedHandler<F16, false>(d.opcode())
                             : mixedHandler<BF16, false>(d.opcode());
  bool fma = d.opcode() == "fma";
  if (!run || !d.expectOperands(fma ? 4 : 3))
    return false;
  d.out.dst = d.destination(0, Type::F32);
  d.out.a = d.source(1, half);
  d.out.b = d.source(2, fma ? half : Type::F32);
  if (fma)
    d.out.c = d.source(3, Type::F32);
  return d.finish(run);
}

bool decodeHalfArithmetic(Decoder &d, Type type) {
  if (d.has("xorsign"))
    return false;
  StringRef op = d.opcode();
  bool packed = bytesOf(type) == 4;
  Handler run = type == Type::F16 || type == Type::F16x2
                    ? halfHandler<F16>(d, packed)
                    : halfHandler<BF16>(d, packed);
  unsigned operands = op == "fma" ? 3 : op == "abs" || op == "neg" ? 1 : 2;
  return finishElementwise(d, run, operands, type);
}

} // namespace llsa::ptx

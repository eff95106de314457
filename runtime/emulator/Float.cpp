//===- Float.cpp - arithmetic of f32, f32x2 and f64 -------------*- C++ -*-===//
#include "runtime/emulator/Elementwise.h"
#include "runtime/emulator/FloatOps.h"
#include <type_traits>

using namespace llvm;

namespace llsa::ptx {

namespace {

/// An operation with .ftz on operands and result, .sat, and the right NaN.
template <typename Op, bool ftz, bool sat> struct Complete {
  template <typename F> LLSA_LANES_INLINE static F in(F v) {
    return ftz ? flushed(v) : v;
  }
  template <typename F> LLSA_LANES_INLINE static F out(F v) {
    v = ftz ? flushed(v) : v;
    return sat ? saturated(v) : canonical(v);
  }
  template <typename F> LLSA_LANES_INLINE static F apply(F a) {
    return out(Op::apply(in(a)));
  }
  template <typename F> LLSA_LANES_INLINE static F apply(F a, F b) {
    return out(Op::apply(in(a), in(b)));
  }
  template <typename F> LLSA_LANES_INLINE static F apply(F a, F b, F c) {
    return out(Op::apply(in(a), in(b), in(c)));
  }
};

// PTX has .ftz and .sat for f32 alone, and .sat not for div, min and max; what
// it does not have is not compiled.
template <typename F> constexpr bool kIsF32 = std::is_same_v<F, float>;

/// div, min and max.
template <typename F, typename Op> Handler unsaturated2(const Decoder &d) {
  if (d.has("sat"))
    return nullptr;
  if (d.has("ftz"))
    return kIsF32<F> ? binaryHandler<F, Complete<Op, kIsF32<F>, false>>()
                     : nullptr;
  return binaryHandler<F, Complete<Op, false, false>>();
}
template <typename Op> Handler unsaturated3(const Decoder &d) {
  if (d.has("sat"))
    return nullptr;
  return d.has("ftz") ? ternaryHandler<float, Complete<Op, true, false>>()
                      : ternaryHandler<float, Complete<Op, false, false>>();
}

/// The others.
template <typename F, typename Op> Handler complete2(const Decoder &d) {
  if constexpr (kIsF32<F>) {
    if (d.has("sat"))
      return d.has("ftz") ? binaryHandler<F, Complete<Op, true, true>>()
                          : binaryHandler<F, Complete<Op, false, true>>();
  }
  return unsaturated2<F, Op>(d);
}
template <typename F, typename Op> Handler complete3(const Decoder &d) {
  if constexpr (kIsF32<F>) {
    if (d.has("sat"))
      return d.has("ftz") ? ternaryHandler<F, Complete<Op, true, true>>()
                          : ternaryHandler<F, Complete<Op, false, true>>();
    if (d.has("ftz"))
      return ternaryHandler<F, Complete<Op, true, false>>();
  }
  return d.has("sat") || d.has("ftz")
             ? nullptr
             : ternaryHandler<F, Complete<Op, false, false>>();
}

template <typename Op> struct Pair {
  LLSA_LANES_INLINE static float half(uint64_t v, unsigned k) {
    return bitsTo<float>(uint32_t(v >> (32 * k)));
  }
  LLSA_LANES_INLINE static uint64_t join(float low, float high) {
    return bitsTo<uint32_t>(canonical(low)) |
           uint64_t(bitsTo<uint32_t>(canonical(high))) << 32;
  }
  LLSA_LANES_INLINE static uint64_t apply(uint64_t a, uint64_t b) {
    return join(Op::apply(half(a, 0), half(b, 0)),
                Op::apply(half(a, 1), half(b, 1)));
  }
  LLSA_LANES_INLINE static uint64_t apply(uint64_t a, uint64_t b, uint64_t c) {
    return join(Op::apply(half(a, 0), half(b, 0), half(c, 0)),
                Op::apply(half(a, 1), half(b, 1), half(c, 1)));
  }
};

bool decodePairs(Decoder &d) {
  StringRef op = d.opcode();
  bool ftz = d.has("ftz");
  Handler run = nullptr;
  if (op == "add")
    run = ftz ? binaryHandler<uint64_t, Pair<Complete<FAdd, true, false>>>()
              : binaryHandler<uint64_t, Pair<FAdd>>();
  else if (op == "sub")
    run = ftz ? binaryHandler<uint64_t, Pair<Complete<FSub, true, false>>>()
              : binaryHandler<uint64_t, Pair<FSub>>();
  else if (op == "mul")
    run = ftz ? binaryHandler<uint64_t, Pair<Complete<FMul, true, false>>>()
              : binaryHandler<uint64_t, Pair<FMul>>();
  else if (op == "fma")
    run = ftz ? ternaryHandler<uint64_t, Pair<Complete<FFma, true, false>>>()
              : ternaryHandler<uint64_t, Pair<FFma>>();
  return finishElementwise(d, run, op == "fma" ? 3 : 2, Type::F32x2);
}

template <Rounding rounding> Handler roundedHandler(const Decoder &d) {
  StringRef op = d.opcode();
  if (op == "add")
    return complete2<float, FRoundedAdd<rounding>>(d);
  if (op == "sub")
    return complete2<float, FRoundedSub<rounding>>(d);
  if (op == "mul")
    return complete2<float, FRoundedMul<rounding>>(d);
  if (op == "fma" || op == "mad")
    return complete3<float, FRoundedFma<rounding>>(d);
  return nullptr;
}

/// The least or greatest of three.
template <typename Op> struct OfThree {
  LLSA_LANES_INLINE static float apply(float a, float b, float c) {
    return Op::apply(Op::apply(a, b), c);
  }
};
Handler minMaxOfThreeHandler(const Decoder &d) {
  bool nan = d.has("NaN");
  if (d.opcode() == "max")
    return nan ? unsaturated3<OfThree<FMinMax<true, true>>>(d)
               : unsaturated3<OfThree<FMinMax<true, false>>>(d);
  return nan ? unsaturated3<OfThree<FMinMax<false, true>>>(d)
             : unsaturated3<OfThree<FMinMax<false, false>>>(d);
}

template <typename F> Handler minMaxHandler(const Decoder &d) {
  bool nan = d.has("NaN");
  if (d.opcode() == "max")
    return nan ? unsaturated2<F, FMinMax<true, true>>(d)
               : unsaturated2<F, FMinMax<true, false>>(d);
  return nan ? unsaturated2<F, FMinMax<false, true>>(d)
             : unsaturated2<F, FMinMax<false, false>>(d);
}

/// Sign operations keep the payload of a NaN.
template <typename F, typename Op> Handler signHandler(const Decoder &d) {
  if (d.has("ftz"))
    return kIsF32<F> ? unaryHandler<F, Complete<Op, kIsF32<F>, false>>()
                     : nullptr;
  return unaryHandler<F, Op>();
}

template <typename F> Handler nearestHandler(const Decoder &d) {
  StringRef op = d.opcode();
  if (op == "add")
    return complete2<F, FAdd>(d);
  if (op == "sub")
    return complete2<F, FSub>(d);
  if (op == "mul")
    return complete2<F, FMul>(d);
  if (op == "fma" || op == "mad")
    return complete3<F, FFma>(d);
  if (op == "div")
    return unsaturated2<F, FDiv>(d);
  if (op == "min" || op == "max")
    return minMaxHandler<F>(d);
  if (op == "abs")
    return signHandler<F, FAbs>(d);
  if (op == "neg")
    return signHandler<F, FNeg>(d);
  if (op == "copysign")
    return binaryHandler<F, FCopysign>();
  return nullptr;
}

} // namespace

bool decodeFloatArithmetic(Decoder &d, Type type) {
  if (type == Type::F32x2)
    return decodePairs(d);
  if (d.has("xorsign") || d.count() > 4)
    return false;
  Rounding rounding = d.has("rz")   ? Rounding::Zero
                      : d.has("rm") ? Rounding::Down
                      : d.has("rp") ? Rounding::Up
                                    : Rounding::Nearest;
  Handler run = nullptr;
  if (type == Type::F64)
    run = rounding == Rounding::Nearest ? nearestHandler<double>(d) : nullptr;
  else if (rounding == Rounding::Zero)
    run = roundedHandler<Rounding::Zero>(d);
  else if (rounding == Rounding::Down)
    run = roundedHandler<Rounding::Down>(d);
  else if (rounding == Rounding::Up)
    run = roundedHandler<Rounding::Up>(d);
  else if (d.opcode() == "div" && (d.has("approx") || d.has("full")))
    run = unsaturated2<float, FDivApprox>(d);
  else
    run = nearestHandler<float>(d);
  StringRef op = d.opcode();
  if (type == Type::F32 && (op == "min" || op == "max") && d.count() == 4)
    return finishElementwise(d, minMaxOfThreeHandler(d), 3, type);
  unsigned operands = op == "abs" || op == "neg"   ? 1
                      : op == "fma" || op == "mad" ? 3
                                                   : 2;
  return finishElementwise(d, run, operands, type);
}

} // namespace llsa::ptx

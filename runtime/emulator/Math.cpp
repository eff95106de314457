//===- Math.cpp - rcp, sqrt, rsqrt, ex2, lg2, sin, cos, tanh ----*- C++ -*-===//
//
// The hardware's approximations are not specified to the bit. Here every
// function is the host library's, which lies within the error that PTX grants.
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/Elementwise.h"
#include "runtime/emulator/FloatOps.h"

using namespace llvm;

namespace llsa::ptx {

namespace {

struct Reciprocal {
  template <typename F> LLSA_LANES_INLINE static F apply(F a) { return 1 / a; }
};
struct SquareRoot {
  LLSA_LANES_INLINE static float apply(float a) { return __builtin_sqrtf(a); }
  LLSA_LANES_INLINE static double apply(double a) { return __builtin_sqrt(a); }
};
struct ReciprocalRoot {
  template <typename F> LLSA_LANES_INLINE static F apply(F a) {
    return F(1 / __builtin_sqrt(double(a)));
  }
};
struct Exp2 {
  static float apply(float a) { return std::exp2(a); }
};
struct Log2 {
  static float apply(float a) { return std::log2(a); }
};
struct Sine {
  static float apply(float a) { return std::sin(a); }
};
struct Cosine {
  static float apply(float a) { return std::cos(a); }
};
struct Tanh {
  static float apply(float a) { return std::tanh(a); }
};

template <typename Op, bool ftz> struct OnFloat {
  LLSA_LANES_INLINE static float apply(float a) {
    if (!ftz)
      return canonical(Op::apply(a));
    return canonical(flushed(Op::apply(flushed(a))));
  }
};
template <typename Op, bool isBF16> struct OnHalf {
  static uint16_t apply(uint16_t a) {
    return isBF16 ? toBF16(Op::apply(fromBF16(a)))
                  : toF16(Op::apply(fromF16(a)));
  }
};
template <typename Op> struct OnPair {
  static uint32_t apply(uint32_t a) {
    return Op::apply(uint16_t(a)) | uint32_t(Op::apply(uint16_t(a >> 16)))
                                        << 16;
  }
};

template <typename Op> bool finishFloat(Decoder &d) {
  Type type = d.lastType();
  switch (type) {
  case Type::F32:
    return finishElementwise(d,
                             d.has("ftz")
                                 ? unaryHandler<float, OnFloat<Op, true>>()
                                 : unaryHandler<float, OnFloat<Op, false>>(),
                             1, type);
  case Type::F16:
    return finishElementwise(d, unaryHandler<uint16_t, OnHalf<Op, false>>(), 1,
                             type);
  case Type::BF16:
    return finishElementwise(d, unaryHandler<uint16_t, OnHalf<Op, true>>(), 1,
                             type);
  case Type::F16x2:
    return finishElementwise(
        d, unaryHandler<uint32_t, OnPair<OnHalf<Op, false>>>(), 1, type);
  case Type::BF16x2:
    return finishElementwise(
        d, unaryHandler<uint32_t, OnPair<OnHalf<Op, true>>>(), 1, type);
  default:
    return false;
  }
}

template <typename Op> bool finishDouble(Decoder &d) {
  return finishElementwise(d, unaryHandler<double, Op>(), 1, Type::F64);
}

} // namespace

bool decodeMath(Decoder &d) {
  StringRef op = d.opcode();
  if (d.has("rz") || d.has("rm") || d.has("rp"))
    return false;
  bool isDouble = d.lastType() == Type::F64;
  if (op == "rcp")
    return isDouble ? finishDouble<Reciprocal>(d) : finishFloat<Reciprocal>(d);
  if (op == "sqrt")
    return isDouble ? finishDouble<SquareRoot>(d) : finishFloat<SquareRoot>(d);
  if (op == "rsqrt")
    return isDouble ? finishDouble<ReciprocalRoot>(d)
                    : finishFloat<ReciprocalRoot>(d);
  if (isDouble)
    return false;
  if (op == "ex2")
    return finishFloat<Exp2>(d);
  if (op == "lg2")
    return finishFloat<Log2>(d);
  if (op == "sin")
    return finishFloat<Sine>(d);
  if (op == "cos")
    return finishFloat<Cosine>(d);
  return finishFloat<Tanh>(d);
}

} // namespace llsa::ptx

//===- ExpandDeviceMath.cpp - math functions without a library ------------===//
//
// A GPU has no libm. What upstream's polynomials get wrong or lose digits in
// (see ExpandLibm.cpp) is written out here, for scalars of float32: to a few
// units in the last place, infinities and NaN as in C. Where an argument has to
// be known beyond float32 (angles, powers), it is float64 for a few steps.
//
// What these use of exp, expm1, log and log1p is expanded by later passes.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-vector/RewriteMath.h"
#include "compiler/target/passes/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <cmath>

using namespace mlir;

namespace llsa {
#define GEN_PASS_DEF_EXPANDDEVICEMATHPASS
#include "compiler/target/passes/Passes.h.inc"
} // namespace llsa

namespace {

using Predicate = arith::CmpFPredicate;
constexpr double kPi = 3.14159265358979323846, kLn2 = 0.69314718055994530942;

/// Float arithmetic by short names; a number takes the type of its neighbour.
struct Maker {
  ImplicitLocOpBuilder b;
  Maker(Location loc, OpBuilder &builder) : b(loc, builder) {}

  Value number(double value, Value like) {
    return arith::ConstantOp::create(b, b.getFloatAttr(like.getType(), value));
  }
  template <typename Op> Value make(Value x) { return Op::create(b, x); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(b, x, y); }
  Value add(Value x, double y) { return add(x, number(y, x)); }
  Value sub(double x, Value y) { return sub(number(x, y), y); }
  Value mul(Value x, double y) { return mul(x, number(y, x)); }
  Value fma(Value x, Value y, Value z) {
    return math::FmaOp::create(b, x, y, z);
  }
  Value neg(Value x) { return make<arith::NegFOp>(x); }
  Value abs(Value x) { return make<math::AbsFOp>(x); }
  Value sign(Value x, Value signOf) {
    return math::CopySignOp::create(b, x, signOf);
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, condition, x, y);
  }
  Value is(Predicate predicate, Value x, Value y) {
    return arith::CmpFOp::create(b, predicate, x, y);
  }
  Value is(Predicate predicate, Value x, double y) {
    return is(predicate, x, number(y, x));
  }
  Value both(Value x, Value y) { return arith::AndIOp::create(b, x, y); }
  Value either(Value x, Value y) { return arith::OrIOp::create(b, x, y); }
  Value isNegative(Value x) { // -0 is
    return is(Predicate::OLT, sign(number(1, x), x), 0.0);
  }
  Value wide(Value x) { return arith::ExtFOp::create(b, b.getF64Type(), x); }
  Value narrow(Value x) {
    return arith::TruncFOp::create(b, b.getF32Type(), x);
  }
  /// The greatest power first.
  Value polynomial(Value x, ArrayRef<double> coefficients) {
    Value sum = number(coefficients.front(), x);
    for (double c : coefficients.drop_front())
      sum = fma(sum, x, number(c, x));
    return sum;
  }
};

//===----------------------------------------------------------------------===//
// Angles
//===----------------------------------------------------------------------===//

/// x = quarter * pi/2 + rest, |rest| <= pi/4; the quarter modulo 4.
struct Angle {
  Value sine, cosine; ///< of the rest
  Value quarter;      ///< f64

  Angle(Maker &m, Value x) {
    // A great x is n 2^26j, with |n| < 2^50, and turns as far as n times what
    // 2^26j leaves of whole turns: high + low.
    struct {
      double least, unit, high, low;
    } const powers[] = {
        {0x1p50, 0x1p26, 2.707309840458799, -2.1511188946609392e-16},
        {0x1p76, 0x1p52, 2.07777121530127, 5.5389626504895754e-17},
        {0x1p102, 0x1p78, 2.883607991412285, -1.4702220270910616e-16},
    };
    Value wide = m.wide(x), size = m.abs(wide);
    Value n = wide, high = m.number(1, wide), low = m.number(0, wide);
    for (const auto &power : powers) {
      Value isGreat = m.is(Predicate::OGE, size, power.least);
      n = m.select(isGreat, m.mul(wide, 1 / power.unit), n);
      high = m.select(isGreat, m.number(power.high, wide), high);
      low = m.select(isGreat, m.number(power.low, wide), low);
    }
    Value angle = m.mul(n, high);
    Value error = m.fma(n, low, m.fma(n, high, m.neg(angle)));
    Value turns = m.make<math::RoundEvenOp>(m.mul(angle, 2 / kPi));
    Value minus = m.neg(turns);
    Value rest = m.fma(minus, m.number(kPi / 2, angle), angle);
    rest = m.fma(minus, m.number(6.123233995736766e-17, angle), rest);
    // What rounding took from a great angle may be another turn.
    rest = m.add(rest, error);
    Value more = m.make<math::RoundEvenOp>(m.mul(rest, 2 / kPi));
    rest = m.fma(m.neg(more), m.number(kPi / 2, rest), rest);
    turns = m.add(turns, more);
    Value r = m.narrow(rest), z = m.mul(r, r);
    sine =
        m.polynomial(z, {-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1});
    sine = m.fma(m.mul(sine, z), r, r);
    cosine = m.polynomial(z, {2.443315711809948e-5, -1.388731625493765e-3,
                              4.166664568298827e-2, -0.5, 1.0});
    Value whole = m.make<math::FloorOp>(m.mul(turns, 0.25));
    quarter = m.fma(whole, m.number(-4, whole), turns);
  }
  Value isOdd(Maker &m) {
    return m.either(m.is(Predicate::OEQ, quarter, 1.0),
                    m.is(Predicate::OEQ, quarter, 3.0));
  }
};

Value expandSin(Maker &m, Value x) {
  Angle angle(m, x);
  Value y = m.select(angle.isOdd(m), angle.cosine, angle.sine);
  return m.select(m.is(Predicate::OGE, angle.quarter, 2.0), m.neg(y), y);
}

Value expandCos(Maker &m, Value x) {
  Angle angle(m, x);
  Value y = m.select(angle.isOdd(m), angle.sine, angle.cosine);
  Value isNegative = m.either(m.is(Predicate::OEQ, angle.quarter, 1.0),
                              m.is(Predicate::OEQ, angle.quarter, 2.0));
  return m.select(isNegative, m.neg(y), y);
}

Value expandTan(Maker &m, Value x) {
  Angle angle(m, x);
  Value isOdd = angle.isOdd(m);
  return m.div(m.select(isOdd, m.neg(angle.cosine), angle.sine),
               m.select(isOdd, angle.sine, angle.cosine));
}

/// Beyond tan(pi/8) and tan(3 pi/8) by the angle that is left to pi/4, pi/2.
Value expandAtan(Maker &m, Value x) {
  Value a = m.abs(x), one = m.number(1, x);
  Value isMiddle = m.is(Predicate::OGT, a, 0.41421356237),
        isGreat = m.is(Predicate::OGT, a, 2.41421356237);
  auto choose = [&](Value small, Value middle, Value great) {
    return m.select(isGreat, great, m.select(isMiddle, middle, small));
  };
  Value t = m.div(choose(a, m.add(a, -1), m.number(-1, x)),
                  choose(one, m.add(a, 1), a));
  Value base =
      choose(m.number(0, x), m.number(kPi / 4, x), m.number(kPi / 2, x));
  Value z = m.mul(t, t);
  Value p = m.polynomial(z, {8.05374449538e-2, -1.38776856032e-1,
                             1.99777106478e-1, -3.33329491539e-1});
  return m.sign(m.add(base, m.fma(m.mul(p, z), t, t)), x);
}

Value expandAtan2(Maker &m, Value y, Value x) {
  Value a = m.abs(x), c = m.abs(y);
  auto are = [&](double value) {
    return m.both(m.is(Predicate::OEQ, a, value),
                  m.is(Predicate::OEQ, c, value));
  };
  Value ratio = m.select(are(INFINITY), m.number(1, x), m.div(c, a));
  ratio = m.select(are(0), m.number(0, x), ratio);
  Value angle = expandAtan(m, ratio);
  angle = m.select(m.isNegative(x), m.sub(kPi, angle), angle);
  return m.sign(angle, y);
}

/// Of 0 <= x <= 1/2, given its square.
Value asinOfHalf(Maker &m, Value x, Value square) {
  Value p =
      m.polynomial(square, {4.2163199048e-2, 2.4181311049e-2, 4.5470025998e-2,
                            7.4953002686e-2, 1.6666752422e-1});
  return m.fma(m.mul(p, square), x, x);
}

/// asin(a) = pi/2 - 2 asin(sqrt((1 - a) / 2)).
struct Arcsine {
  Value isGreat, half; ///< a > 1/2; asin of a, or of that root

  Arcsine(Maker &m, Value a) {
    isGreat = m.is(Predicate::OGT, a, 0.5);
    Value rest = m.mul(m.sub(1, a), 0.5);
    Value square = m.select(isGreat, rest, m.mul(a, a));
    half =
        asinOfHalf(m, m.select(isGreat, m.make<math::SqrtOp>(rest), a), square);
  }
};

Value expandAsin(Maker &m, Value x) {
  Arcsine a(m, m.abs(x));
  Value great = m.sub(kPi / 2, m.mul(a.half, 2));
  return m.sign(m.select(a.isGreat, great, a.half), x);
}

Value expandAcos(Maker &m, Value x) {
  Arcsine a(m, m.abs(x));
  Value isNegative = m.isNegative(x), twice = m.mul(a.half, 2);
  Value great = m.select(isNegative, m.sub(kPi, twice), twice);
  return m.select(a.isGreat, great, m.sub(kPi / 2, m.sign(a.half, x)));
}

//===----------------------------------------------------------------------===//
// Hyperbolic functions
//===----------------------------------------------------------------------===//

/// e^a / 2, which is finite for somewhat longer than e^a.
Value halfExp(Maker &m, Value a) {
  Value root = m.make<math::ExpOp>(m.mul(a, 0.5));
  return m.mul(m.mul(root, 0.5), root);
}

Value expandSinh(Maker &m, Value x) {
  Value a = m.abs(x), e = m.make<math::ExpM1Op>(a);
  Value small = m.mul(m.add(e, m.div(e, m.add(e, 1))), 0.5);
  Value isGreat = m.is(Predicate::OGT, a, 80);
  return m.sign(m.select(isGreat, halfExp(m, a), small), x);
}

Value expandCosh(Maker &m, Value x) {
  Value a = m.abs(x), half = halfExp(m, a);
  return m.add(half, m.div(m.number(0.25, x), half));
}

/// log(2 a) for great a.
Value logOfTwice(Maker &m, Value a) {
  return m.add(m.make<math::LogOp>(a), kLn2);
}

Value expandAsinh(Maker &m, Value x) {
  Value a = m.abs(x), square = m.mul(a, a);
  Value root = m.add(m.make<math::SqrtOp>(m.add(square, 1)), 1);
  Value small = m.make<math::Log1pOp>(m.add(a, m.div(square, root)));
  Value isGreat = m.is(Predicate::OGT, a, 1e9);
  return m.sign(m.select(isGreat, logOfTwice(m, a), small), x);
}

Value expandAcosh(Maker &m, Value x) {
  Value t = m.add(x, -1);
  Value root = m.make<math::SqrtOp>(m.fma(t, t, m.mul(t, 2)));
  Value small = m.make<math::Log1pOp>(m.add(t, root));
  Value y = m.select(m.is(Predicate::OGT, x, 1e9), logOfTwice(m, x), small);
  return m.select(m.is(Predicate::OLT, x, 1), m.number(NAN, x), y);
}

Value expandAtanh(Maker &m, Value x) {
  Value a = m.abs(x);
  Value y = m.make<math::Log1pOp>(m.div(m.mul(a, 2), m.sub(1, a)));
  return m.sign(m.mul(y, 0.5), x);
}

//===----------------------------------------------------------------------===//
// Powers
//===----------------------------------------------------------------------===//

/// By logarithm, then Newton's method. Subnormal numbers are made greater.
Value expandCbrt(Maker &m, Value x) {
  Value a = m.abs(x), isTiny = m.is(Predicate::OLT, a, 0x1p-100);
  Value scaled = m.select(isTiny, m.mul(a, 0x1p60), a);
  Value y = m.make<math::Exp2Op>(m.mul(m.make<math::Log2Op>(scaled), 1.0 / 3));
  for (int step = 0; step < 2; ++step) {
    Value excess = m.sub(y, m.div(scaled, m.mul(y, y)));
    y = m.fma(excess, m.number(-1.0 / 3, y), y);
  }
  y = m.sign(m.select(isTiny, m.mul(y, 0x1p-20), y), x);
  Value isOrdinary =
      m.both(m.is(Predicate::OGT, a, 0.0), m.is(Predicate::OLT, a, INFINITY));
  return m.select(isOrdinary, y, x);
}

/// log2 of a float32 that is not negative, in float64 to about 2^-40.
Value wideLog2(Maker &m, Value a) {
  ImplicitLocOpBuilder &b = m.b;
  Type i64 = b.getI64Type(), f64 = b.getF64Type();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  };
  Value bits = arith::BitcastOp::create(b, i64, m.wide(a));
  Value biased = arith::ShRUIOp::create(b, bits, constant(52));
  Value exponent = arith::SIToFPOp::create(
      b, f64, arith::SubIOp::create(b, biased, constant(1023)));
  Value fraction =
      arith::AndIOp::create(b, bits, constant((int64_t(1) << 52) - 1));
  Value mantissa = arith::BitcastOp::create(
      b, f64, arith::OrIOp::create(b, fraction, constant(int64_t(1023) << 52)));
  Value isGreat = m.is(Predicate::OGT, mantissa, std::sqrt(2.0));
  mantissa = m.select(isGreat, m.mul(mantissa, 0.5), mantissa);
  exponent = m.select(isGreat, m.add(exponent, 1), exponent);
  // log(m) = 2 (s + s^3/3 + s^5/5 + ...)
  Value s = m.div(m.add(mantissa, -1), m.add(mantissa, 1));
  Value sum = m.polynomial(m.mul(s, s), {1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7,
                                         1.0 / 5, 1.0 / 3, 1.0});
  Value y = m.fma(m.mul(sum, s), m.number(2 / kLn2, s), exponent);
  y = m.select(m.is(Predicate::OEQ, a, 0.0), m.number(-INFINITY, y), y);
  return m.select(m.is(Predicate::OEQ, a, INFINITY), m.number(INFINITY, y), y);
}

Value expandPow(Maker &m, Value x, Value y) {
  Value a = m.abs(x);
  Value t = m.mul(m.wide(y), wideLog2(m, a));
  for (double bound : {-200.0, 200.0})
    t = m.select(m.is(bound < 0 ? Predicate::OLT : Predicate::OGT, t, bound),
                 m.number(bound, t), t);
  // 2^(high + low) = 2^high (1 + low ln 2)
  Value high = m.narrow(t);
  Value low = m.narrow(m.sub(t, m.wide(high)));
  Value power = m.make<math::Exp2Op>(high);
  Value finer = m.fma(m.mul(power, low), m.number(kLn2, low), power);
  power = m.select(m.is(Predicate::OLT, power, INFINITY), finer, power);

  auto isWhole = [&](Value value) {
    return m.is(Predicate::OEQ, m.make<math::FloorOp>(value), value);
  };
  Value yIsWhole = isWhole(y), isBelow = m.isNegative(x);
  Value half = m.mul(y, 0.5);
  Value isOdd =
      m.both(yIsWhole, m.is(Predicate::ONE, m.make<math::FloorOp>(half), half));
  power = m.select(m.both(isBelow, isOdd), m.neg(power), power);
  Value nan = m.number(NAN, x);
  Value isRoot =
      m.both(m.is(Predicate::OLT, x, 0.0), m.is(Predicate::OLT, a, INFINITY));
  Value isBroken = m.is(Predicate::ONE, m.make<math::FloorOp>(y), y);
  power = m.select(m.both(isRoot, isBroken), nan, power);
  power = m.select(m.is(Predicate::UNO, x, y), nan, power);
  Value isOne =
      m.either(m.is(Predicate::OEQ, y, 0.0), m.is(Predicate::OEQ, x, 1));
  isOne = m.either(isOne, m.both(m.is(Predicate::OEQ, a, 1),
                                 m.is(Predicate::OEQ, m.abs(y), INFINITY)));
  return m.select(isOne, m.number(1, x), power);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

template <typename Op, Value (*expand)(Maker &, Value)>
LogicalResult expandUnary(Op op, PatternRewriter &rewriter) {
  if (!op.getType().isF32())
    return failure();
  Maker m(op.getLoc(), rewriter);
  rewriter.replaceOp(op, expand(m, op.getOperand()));
  return success();
}

template <typename Op, Value (*expand)(Maker &, Value, Value)>
LogicalResult expandBinary(Op op, PatternRewriter &rewriter) {
  if (!op.getType().isF32())
    return failure();
  Maker m(op.getLoc(), rewriter);
  rewriter.replaceOp(op, expand(m, op.getLhs(), op.getRhs()));
  return success();
}

struct ExpandDeviceMathPass
    : llsa::impl::ExpandDeviceMathPassBase<ExpandDeviceMathPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add(expandUnary<math::SinOp, expandSin>);
    patterns.add(expandUnary<math::CosOp, expandCos>);
    patterns.add(expandUnary<math::TanOp, expandTan>);
    patterns.add(expandUnary<math::AsinOp, expandAsin>);
    patterns.add(expandUnary<math::AcosOp, expandAcos>);
    patterns.add(expandUnary<math::AtanOp, expandAtan>);
    patterns.add(expandUnary<math::SinhOp, expandSinh>);
    patterns.add(expandUnary<math::CoshOp, expandCosh>);
    patterns.add(expandUnary<math::AsinhOp, expandAsinh>);
    patterns.add(expandUnary<math::AcoshOp, expandAcosh>);
    patterns.add(expandUnary<math::AtanhOp, expandAtanh>);
    patterns.add(expandUnary<math::CbrtOp, expandCbrt>);
    patterns.add(expandBinary<math::Atan2Op, expandAtan2>);
    // x^2, x^0.5 and the like come first.
    patterns.add(expandBinary<math::PowFOp, expandPow>, /*benefit=*/0);
    populateMathAlgebraicSimplificationPatterns(patterns);
    math::populateExpansionPatterns(patterns, {"fpowi"});
    if (failed(llsa::rewriteMath(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace

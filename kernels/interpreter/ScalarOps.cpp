//===- ScalarOps.cpp - arith and math ops on single numbers ---------------===//
#include "kernels/interpreter/ScalarOps.h"
#include "kernels/reference/Rounding.h"
#include <cmath>
#include <cstring>
#include <limits>

using namespace llsa;
using namespace llsa::reference;

double ScalarType::round(double value) const {
  switch (kind) {
  case Kind::F32:
    return static_cast<float>(value);
  case Kind::BF16:
    return roundTo(value, DType::BF16);
  case Kind::F16:
    return roundTo(value, DType::F16);
  case Kind::F64:
  case Kind::Integer:
    return value;
  }
  misuse("unknown scalar type");
}

int64_t ScalarType::wrap(int64_t value) const {
  if (width >= 64)
    return value;
  unsigned unused = 64 - width;
  return static_cast<int64_t>(static_cast<uint64_t>(value) << unused) >> unused;
}

Scalar llsa::reference::runScalar(ScalarFunction function,
                                  const Scalar *operands,
                                  const ScalarCall &call) {
  Scalar result = function(operands, call);
  if (!call.to.isFloat())
    result.i = call.to.wrap(result.i);
  else if (call.plain)
    result.f = call.to.round(result.f);
  return result;
}

namespace {

using Call = ScalarCall;

Scalar real(double value) { return {value, 0}; }
Scalar whole(int64_t value) { return {0, value}; }
Scalar truth(bool value) { return whole(value ? -1 : 0); }

/// The bits of an integer without its sign.
uint64_t bitsOf(int64_t value, const ScalarType &type) {
  uint64_t bits = static_cast<uint64_t>(value);
  return type.width >= 64 ? bits : bits & ((uint64_t(1) << type.width) - 1);
}
uint64_t bitsOf(const Scalar &x, const Call &call) {
  return bitsOf(x.i, call.from);
}
/// Arithmetic that wraps, as the ops do.
Scalar wholeOfBits(uint64_t bits) { return whole(static_cast<int64_t>(bits)); }

Scalar undefinedResult(const Call &call) {
  *call.undefined = true;
  return {};
}

/// A quotient's operands are fine: not x / 0, nor the least number / -1.
bool divides(const Scalar *x, const Call &call, bool isSigned) {
  if (bitsOf(x[1], call) == 0)
    return false;
  int64_t least = std::numeric_limits<int64_t>::min();
  return !isSigned || x[1].i != -1 ||
         x[0].i != call.from.wrap(least >> (64 - call.from.width));
}
template <typename Function>
Scalar divideSigned(const Scalar *x, const Call &call, Function function) {
  return divides(x, call, true) ? whole(function(x[0].i, x[1].i))
                                : undefinedResult(call);
}
template <typename Function>
Scalar divideUnsigned(const Scalar *x, const Call &call, Function function) {
  return divides(x, call, false)
             ? wholeOfBits(function(bitsOf(x[0], call), bitsOf(x[1], call)))
             : undefinedResult(call);
}
template <typename Function>
Scalar shift(const Scalar *x, const Call &call, Function function) {
  uint64_t by = bitsOf(x[1], call);
  return by < call.from.width ? function(by) : undefinedResult(call);
}

int64_t floorDivide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}
int64_t ceilDivide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) == (b < 0) ? quotient + 1 : quotient;
}

/// arith.cmpi's predicates, in the enum's order.
Scalar compareIntegers(const Scalar *x, const Call &call) {
  int64_t a = x[0].i, b = x[1].i;
  uint64_t ua = bitsOf(x[0], call), ub = bitsOf(x[1], call);
  const bool answers[] = {
      a == b,  a != b, a<b, a <= b, a> b, a >= b, ua<ub, ua <= ub, ua> ub,
      ua >= ub};
  return truth(answers[call.predicate]);
}

/// arith.cmpf's predicates, in the enum's order: bit 3 is "or unordered".
Scalar compareFloats(const Scalar *x, const Call &call) {
  double a = x[0].f, b = x[1].f;
  bool unordered = std::isnan(a) || std::isnan(b);
  bool ordered[] = {false, a == b, a > b,          a >= b,
                    a < b, a <= b, a < b || a > b, !unordered};
  // 0 false, 1 OEQ .. 6 ONE, 7 ORD, 8 UEQ .. 13 UNE, 14 UNO, 15 true
  if (call.predicate < 8)
    return truth(ordered[call.predicate]);
  if (call.predicate < 14)
    return truth(unordered || ordered[call.predicate - 7]);
  return truth(call.predicate == 15 || unordered);
}

/// One of two floats; a NaN goes to the result, or (`number`) does not.
template <typename Better>
Scalar choose(const Scalar *x, bool number, Better better) {
  if (std::isnan(x[0].f) || std::isnan(x[1].f)) {
    bool first = std::isnan(x[0].f) != number;
    return number && std::isnan(x[0].f) && std::isnan(x[1].f)
               ? x[0]
               : x[first ? 0 : 1];
  }
  if (x[0].f == x[1].f) // zeros of two signs
    return better(std::signbit(x[1].f), std::signbit(x[0].f)) ? x[0] : x[1];
  return better(x[0].f, x[1].f) ? x[0] : x[1];
}
constexpr auto kGreater = [](auto a, auto b) { return a > b; };
constexpr auto kLess = [](auto a, auto b) { return a < b; };

/// Of x, least, greatest: not below least, then not above greatest.
Scalar clamp(const Scalar *x) {
  const Scalar bounded[] = {choose(x, false, kGreater), x[2]};
  return choose(bounded, false, kLess);
}

Scalar floatToInteger(double value, double least, double greatest) {
  double number = std::trunc(value);
  if (std::isnan(number))
    return whole(0);
  if (number <= least)
    return whole(static_cast<int64_t>(least));
  if (number >= greatest)
    return wholeOfBits(greatest >= 0x1p63 ? ~uint64_t(0)
                                          : static_cast<uint64_t>(greatest));
  return number < 0 ? whole(static_cast<int64_t>(number))
                    : wholeOfBits(static_cast<uint64_t>(number));
}

Scalar bitcast(const Scalar *x, const Call &call) {
  uint64_t bits = bitsOf(x[0], call);
  switch (call.from.kind) {
  case ScalarType::Kind::BF16:
    bits = toBF16Bits(x[0].f);
    break;
  case ScalarType::Kind::F16:
    bits = toF16Bits(x[0].f);
    break;
  case ScalarType::Kind::F32: {
    float value = static_cast<float>(x[0].f);
    uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    bits = word;
    break;
  }
  case ScalarType::Kind::F64:
    std::memcpy(&bits, &x[0].f, sizeof bits);
    break;
  case ScalarType::Kind::Integer:
    break;
  }
  switch (call.to.kind) {
  case ScalarType::Kind::BF16:
    return real(fromBF16Bits(static_cast<uint16_t>(bits)));
  case ScalarType::Kind::F16:
    return real(fromF16Bits(static_cast<uint16_t>(bits)));
  case ScalarType::Kind::F32: {
    uint32_t word = static_cast<uint32_t>(bits);
    float value;
    std::memcpy(&value, &word, sizeof value);
    return real(value);
  }
  case ScalarType::Kind::F64: {
    double value;
    std::memcpy(&value, &bits, sizeof value);
    return real(value);
  }
  case ScalarType::Kind::Integer:
    return wholeOfBits(bits);
  }
  misuse("unknown scalar type");
}

/// Neither zero, subnormal, infinite nor NaN, in its own type.
bool isNormal(double value, const ScalarType &type) {
  double least = type.kind == ScalarType::Kind::F64   ? 0x1p-1022
                 : type.kind == ScalarType::Kind::F16 ? 0x1p-14
                                                      : 0x1p-126;
  return std::isfinite(value) && std::fabs(value) >= least;
}

/// What is left of 1 / base^n in integers is 0, but for bases 1 and -1.
Scalar integerPower(const Scalar *x, const Call &call) {
  int64_t base = x[0].i, exponent = x[1].i;
  if (base == 0 && exponent < 0)
    return undefinedResult(call);
  if (exponent < 0 && base != 1 && base != -1)
    return whole(0);
  uint64_t power = 1, square = static_cast<uint64_t>(base);
  // Of a unit the exponent's parity counts alone.
  for (uint64_t left = static_cast<uint64_t>(exponent); left; left >>= 1) {
    if (left & 1)
      power *= square;
    square *= square;
  }
  return wholeOfBits(power);
}

struct Entry {
  const char *name;
  ScalarFunction function;
  unsigned result = 0; ///< which of the op's
};

#define UNARY(NAME, EXPRESSION)                                                \
  {                                                                            \
    NAME, [](const Scalar *x, const Call &) {                                  \
      double a = x[0].f;                                                       \
      return real(EXPRESSION);                                                 \
    }                                                                          \
  }
#define BINARY(NAME, EXPRESSION)                                               \
  {                                                                            \
    NAME, [](const Scalar *x, const Call &) {                                  \
      double a = x[0].f, b = x[1].f;                                           \
      return real(EXPRESSION);                                                 \
    }                                                                          \
  }
#define BITS(NAME, EXPRESSION)                                                 \
  {                                                                            \
    NAME, [](const Scalar *x, const Call &call) {                              \
      uint64_t a = bitsOf(x[0], call), b = bitsOf(x[1], call);                 \
      return wholeOfBits(EXPRESSION);                                          \
    }                                                                          \
  }
#define OP(NAME, EXPRESSION)                                                   \
  {                                                                            \
    NAME,                                                                      \
        [](const Scalar *x, const Call &call) -> Scalar { return EXPRESSION; } \
  }

const Entry kEntries[] = {
    // Floats.
    UNARY("arith.negf", -a),
    BINARY("arith.addf", a + b),
    BINARY("arith.subf", a - b),
    BINARY("arith.mulf", a *b),
    BINARY("arith.divf", a / b),
    BINARY("arith.remf", std::fmod(a, b)),
    OP("arith.maximumf", choose(x, false, kGreater)),
    OP("arith.minimumf", choose(x, false, kLess)),
    OP("arith.maxnumf", choose(x, true, kGreater)),
    OP("arith.minnumf", choose(x, true, kLess)),
    OP("arith.cmpf", compareFloats(x, call)),
    UNARY("math.absf", std::fabs(a)),
    UNARY("math.acos", std::acos(a)),
    UNARY("math.acosh", std::acosh(a)),
    UNARY("math.asin", std::asin(a)),
    UNARY("math.asinh", std::asinh(a)),
    UNARY("math.atan", std::atan(a)),
    BINARY("math.atan2", std::atan2(a, b)),
    UNARY("math.atanh", std::atanh(a)),
    UNARY("math.cbrt", std::cbrt(a)),
    UNARY("math.ceil", std::ceil(a)),
    OP("math.clampf", clamp(x)),
    BINARY("math.copysign", std::copysign(a, b)),
    UNARY("math.cos", std::cos(a)),
    UNARY("math.cosh", std::cosh(a)),
    UNARY("math.erf", std::erf(a)),
    UNARY("math.erfc", std::erfc(a)),
    UNARY("math.exp", std::exp(a)),
    UNARY("math.exp2", std::exp2(a)),
    UNARY("math.expm1", std::expm1(a)),
    UNARY("math.floor", std::floor(a)),
    OP("math.fma", real(std::fma(x[0].f, x[1].f, x[2].f))),
    OP("math.fpowi", real(std::pow(x[0].f, static_cast<double>(x[1].i)))),
    OP("math.isfinite", truth(std::isfinite(x[0].f))),
    OP("math.isinf", truth(std::isinf(x[0].f))),
    OP("math.isnan", truth(std::isnan(x[0].f))),
    OP("math.isnormal", truth(isNormal(x[0].f, call.from))),
    UNARY("math.log", std::log(a)),
    UNARY("math.log10", std::log10(a)),
    UNARY("math.log1p", std::log1p(a)),
    UNARY("math.log2", std::log2(a)),
    BINARY("math.powf", std::pow(a, b)),
    UNARY("math.round", std::round(a)),
    UNARY("math.roundeven", std::nearbyint(a)),
    UNARY("math.rsqrt", 1 / std::sqrt(a)),
    UNARY("math.sin", std::sin(a)),
    {"math.sincos",
     [](const Scalar *x, const Call &) { return real(std::sin(x[0].f)); }},
    {"math.sincos",
     [](const Scalar *x, const Call &) { return real(std::cos(x[0].f)); }, 1},
    UNARY("math.sinh", std::sinh(a)),
    UNARY("math.sqrt", std::sqrt(a)),
    UNARY("math.tan", std::tan(a)),
    UNARY("math.tanh", std::tanh(a)),
    UNARY("math.trunc", std::trunc(a)),

    // Integers.
    BITS("arith.addi", a + b),
    BITS("arith.subi", a - b),
    BITS("arith.muli", a *b),
    BITS("arith.andi", a &b),
    BITS("arith.ori", a | b),
    BITS("arith.xori", a ^ b),
    BITS("arith.maxui", a > b ? a : b),
    BITS("arith.minui", a < b ? a : b),
    OP("arith.maxsi", x[0].i > x[1].i ? x[0] : x[1]),
    OP("arith.minsi", x[0].i < x[1].i ? x[0] : x[1]),
    OP("arith.divsi",
       divideSigned(x, call, [](int64_t a, int64_t b) { return a / b; })),
    OP("arith.remsi",
       divideSigned(x, call, [](int64_t a, int64_t b) { return a % b; })),
    OP("arith.floordivsi", divideSigned(x, call, floorDivide)),
    OP("arith.ceildivsi", divideSigned(x, call, ceilDivide)),
    OP("arith.divui",
       divideUnsigned(x, call, [](uint64_t a, uint64_t b) { return a / b; })),
    OP("arith.remui",
       divideUnsigned(x, call, [](uint64_t a, uint64_t b) { return a % b; })),
    OP("arith.ceildivui", divideUnsigned(x, call,
                                         [](uint64_t a, uint64_t b) {
                                           return a / b + (a % b != 0);
                                         })),
    OP("arith.shli", shift(x, call,
                           [&](uint64_t by) {
                             return wholeOfBits(bitsOf(x[0], call) << by);
                           })),
    OP("arith.shrui", shift(x, call,
                            [&](uint64_t by) {
                              return wholeOfBits(bitsOf(x[0], call) >> by);
                            })),
    OP("arith.shrsi",
       shift(x, call, [&](uint64_t by) { return whole(x[0].i >> by); })),
    OP("arith.cmpi", compareIntegers(x, call)),
    OP("math.absi",
       x[0].i < 0 ? wholeOfBits(0 - static_cast<uint64_t>(x[0].i)) : x[0]),
    OP("math.ipowi", integerPower(x, call)),

    // Both, and conversions.
    OP("arith.select", x[0].i != 0 ? x[1] : x[2]),
    OP("arith.extf", x[0]),
    OP("arith.truncf", x[0]),
    OP("arith.extsi", x[0]),
    OP("arith.extui", wholeOfBits(bitsOf(x[0], call))),
    OP("arith.trunci", x[0]),
    OP("arith.index_cast", x[0]),
    OP("arith.index_castui", wholeOfBits(bitsOf(x[0], call))),
    OP("arith.sitofp", real(static_cast<double>(x[0].i))),
    OP("arith.uitofp", real(static_cast<double>(bitsOf(x[0], call)))),
    OP("arith.fptosi",
       floatToInteger(x[0].f, -std::ldexp(1.0, int(call.to.width) - 1),
                      std::ldexp(1.0, int(call.to.width) - 1) - 1)),
    OP("arith.fptoui",
       floatToInteger(x[0].f, 0, std::ldexp(1.0, int(call.to.width)) - 1)),
    OP("arith.bitcast", bitcast(x, call)),
};

#undef UNARY
#undef BINARY
#undef BITS
#undef OP

} // namespace

ScalarFunction llsa::reference::scalarFunction(llvm::StringRef opName,
                                               unsigned result) {
  for (const Entry &entry : kEntries)
    if (opName == entry.name && entry.result == result)
      return entry.function;
  return nullptr;
}

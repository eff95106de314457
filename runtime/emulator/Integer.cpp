//===- Integer.cpp - integer arithmetic -------------------------*- C++ -*-===//
//
// Wraps around. Division by zero gives all ones, the remainder the dividend, as
// on the hardware; PTX leaves both open.
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/Elementwise.h"

#include <limits>
#include <type_traits>

using namespace llvm;

namespace llsa::ptx {

namespace {

template <typename T> using Unsigned = std::make_unsigned_t<T>;

/// The type of twice the size.
template <typename T> struct WideOf;
template <> struct WideOf<uint16_t> { using Type = uint32_t; };
template <> struct WideOf<int16_t> { using Type = int32_t; };
template <> struct WideOf<uint32_t> { using Type = uint64_t; };
template <> struct WideOf<int32_t> { using Type = int64_t; };
template <> struct WideOf<uint64_t> { using Type = unsigned __int128; };
template <> struct WideOf<int64_t> { using Type = __int128; };
template <typename T> using Wide = typename WideOf<T>::Type;

template <typename T> struct Add {
  LLSA_LANES_INLINE static T apply(T a, T b) {
    return T(uint64_t(a) + uint64_t(b));
  }
};
template <typename T> struct Sub {
  LLSA_LANES_INLINE static T apply(T a, T b) {
    return T(uint64_t(a) - uint64_t(b));
  }
};
int32_t saturate(int64_t value) {
  return int32_t(std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(),
                                     std::numeric_limits<int32_t>::max()));
}
struct AddSaturating {
  static int32_t apply(int32_t a, int32_t b) {
    return saturate(int64_t(a) + b);
  }
};
struct SubSaturating {
  static int32_t apply(int32_t a, int32_t b) {
    return saturate(int64_t(a) - b);
  }
};
template <typename T> struct MulLow {
  LLSA_LANES_INLINE static T apply(T a, T b) {
    using U = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
    return T(U(a) * U(b));
  }
};
template <typename T> struct MulHigh {
  LLSA_LANES_INLINE static T apply(T a, T b) {
    return T(Wide<T>(a) * b >> (8 * sizeof(T)));
  }
};
template <typename T> struct MulWide {
  LLSA_LANES_INLINE static Wide<T> apply(T a, T b) { return Wide<T>(a) * b; }
};
template <typename T> struct MadLow {
  LLSA_LANES_INLINE static T apply(T a, T b, T c) {
    return Add<T>::apply(MulLow<T>::apply(a, b), c);
  }
};
template <typename T> struct MadHigh {
  LLSA_LANES_INLINE static T apply(T a, T b, T c) {
    return Add<T>::apply(MulHigh<T>::apply(a, b), c);
  }
};
template <typename T> struct MadWide {
  LLSA_LANES_INLINE static Wide<T> apply(T a, T b, Wide<T> c) {
    return Add<Wide<T>>::apply(Wide<T>(a) * b, c);
  }
};
template <typename T> struct Div {
  static T apply(T a, T b) {
    if (b == 0)
      return T(-1);
    if (std::is_signed_v<T> && b == T(-1))
      return Sub<T>::apply(0, a);
    return a / b;
  }
};
template <typename T> struct Rem {
  static T apply(T a, T b) {
    if (b == 0)
      return a;
    if (std::is_signed_v<T> && b == T(-1))
      return 0;
    return a % b;
  }
};
template <typename T> struct Min {
  LLSA_LANES_INLINE static T apply(T a, T b) { return a < b ? a : b; }
};
template <typename T> struct Max {
  LLSA_LANES_INLINE static T apply(T a, T b) { return a > b ? a : b; }
};
/// Negative results become 0.
template <typename T, typename Op> struct Relu {
  LLSA_LANES_INLINE static T apply(T a, T b) {
    return Max<T>::apply(Op::apply(a, b), 0);
  }
};
/// An operation on both halves of a 32-bit register.
template <typename T, typename Op> struct Both {
  LLSA_LANES_INLINE static uint32_t apply(uint32_t a, uint32_t b) {
    uint16_t low = uint16_t(Op::apply(T(a), T(b)));
    uint16_t high = uint16_t(Op::apply(T(a >> 16), T(b >> 16)));
    return low | uint32_t(high) << 16;
  }
};
template <typename T> struct Abs {
  LLSA_LANES_INLINE static T apply(T a) {
    return a < 0 ? Sub<T>::apply(0, a) : a;
  }
};
template <typename T> struct Neg {
  LLSA_LANES_INLINE static T apply(T a) { return Sub<T>::apply(0, a); }
};
template <typename T> struct SumOfDifferences {
  LLSA_LANES_INLINE static T apply(T a, T b, T c) {
    return Add<T>::apply(c, a < b ? Sub<T>::apply(b, a) : Sub<T>::apply(a, b));
  }
};
/// The low 24 bits of each operand, signed or not.
template <typename T> LLSA_LANES_INLINE T low24(T a) {
  return T(Unsigned<T>(a) << 8) >> 8;
}
template <typename T> struct Mul24Low {
  LLSA_LANES_INLINE static T apply(T a, T b) {
    return MulLow<T>::apply(low24(a), low24(b));
  }
};
template <typename T> struct Mul24High {
  LLSA_LANES_INLINE static T apply(T a, T b) {
    return T(Wide<T>(low24(a)) * low24(b) >> 16);
  }
};

enum class Part { None, Low, High, Wide };

Part partOf(const Decoder &d) {
  return d.has("lo")     ? Part::Low
         : d.has("hi")   ? Part::High
         : d.has("wide") ? Part::Wide
                         : Part::None;
}

template <typename T> Handler divisionHandler(StringRef op) {
  return op == "div" ? binaryHandler<T, Div<T>>() : binaryHandler<T, Rem<T>>();
}

template <typename T>
Handler integerHandler(const Decoder &d, unsigned &operands) {
  StringRef op = d.opcode();
  operands = 2;
  if (op == "add")
    return binaryHandler<T, Add<T>>();
  if (op == "sub")
    return binaryHandler<T, Sub<T>>();
  if (op == "min")
    return binaryHandler<T, Min<T>>();
  if (op == "max")
    return binaryHandler<T, Max<T>>();
  if (op == "div" || op == "rem")
    return divisionHandler<T>(op);
  if (op == "mul") {
    Part part = partOf(d);
    if (part == Part::High)
      return binaryHandler<T, MulHigh<T>>();
    if (part == Part::Wide) {
      if constexpr (sizeof(T) < 8)
        return binaryHandler<T, MulWide<T>, Wide<T>>();
      return nullptr;
    }
    return part == Part::Low ? binaryHandler<T, MulLow<T>>() : nullptr;
  }
  operands = 1;
  if (op == "neg")
    return unaryHandler<T, Neg<T>>();
  if constexpr (std::is_signed_v<T>)
    if (op == "abs")
      return unaryHandler<T, Abs<T>>();
  operands = 3;
  if (op == "sad")
    return ternaryHandler<T, SumOfDifferences<T>>();
  if (op == "mad") {
    Part part = partOf(d);
    if (part == Part::High)
      return ternaryHandler<T, MadHigh<T>>();
    if (part == Part::Wide) {
      if constexpr (sizeof(T) < 8)
        return handler<ternary<Wide<T>, T, T, Wide<T>, MadWide<T>>>();
      return nullptr;
    }
    return part == Part::Low ? ternaryHandler<T, MadLow<T>>() : nullptr;
  }
  return nullptr;
}

template <typename T> Handler packedHandler(StringRef op) {
  if (op == "add")
    return binaryHandler<uint32_t, Both<T, Add<T>>>();
  if (op == "min")
    return binaryHandler<uint32_t, Both<T, Min<T>>>();
  return op == "max" ? binaryHandler<uint32_t, Both<T, Max<T>>>() : nullptr;
}

/// min.relu and max.relu, of s32 and s16x2.
bool decodeRelu(Decoder &d, Type type) {
  StringRef op = d.opcode();
  if (op != "min" && op != "max")
    return false;
  bool isMin = op == "min";
  if (d.has("s16x2")) {
    using Lower = Relu<int16_t, Min<int16_t>>;
    using Upper = Relu<int16_t, Max<int16_t>>;
    return finishElementwise(
        d,
        isMin ? binaryHandler<uint32_t, Both<int16_t, Lower>>()
              : binaryHandler<uint32_t, Both<int16_t, Upper>>(),
        2, Type::B32);
  }
  if (type != Type::S32)
    return false;
  return finishElementwise(
      d,
      isMin ? binaryHandler<int32_t, Relu<int32_t, Min<int32_t>>>()
            : binaryHandler<int32_t, Relu<int32_t, Max<int32_t>>>(),
      2, type);
}

Type widerType(Type type) {
  switch (type) {
  case Type::U16:
    return Type::U32;
  case Type::S16:
    return Type::S32;
  case Type::U32:
    return Type::U64;
  default:
    return Type::S64;
  }
}

} // namespace

bool decodeIntegerArithmetic(Decoder &d, Type type) {
  StringRef op = d.opcode();
  if (d.has("cc"))
    return decodeCarry(d);
  if (d.has("relu"))
    return decodeRelu(d, type);
  if (d.has("u16x2"))
    return finishElementwise(d, packedHandler<uint16_t>(op), 2, Type::B32);
  if (d.has("s16x2"))
    return finishElementwise(d, packedHandler<int16_t>(op), 2, Type::B32);
  if (d.has("sat")) {
    if (type != Type::S32 || (op != "add" && op != "sub"))
      return false;
    return finishElementwise(d,
                             op == "add"
                                 ? binaryHandler<int32_t, AddSaturating>()
                                 : binaryHandler<int32_t, SubSaturating>(),
                             2, type);
  }
  if (op == "mul24") {
    bool low = partOf(d) == Part::Low;
    if (type == Type::U32)
      return finishElementwise(
          d,
          low ? binaryHandler<uint32_t, Mul24Low<uint32_t>>()
              : binaryHandler<uint32_t, Mul24High<uint32_t>>(),
          2, type);
    return finishElementwise(d,
                             low ? binaryHandler<int32_t, Mul24Low<int32_t>>()
                                 : binaryHandler<int32_t, Mul24High<int32_t>>(),
                             2, type);
  }
  unsigned operands = 0;
  Handler run = nullptr;
  switch (type) {
  case Type::U16:
    run = integerHandler<uint16_t>(d, operands);
    break;
  case Type::S16:
    run = integerHandler<int16_t>(d, operands);
    break;
  case Type::U32:
    run = integerHandler<uint32_t>(d, operands);
    break;
  case Type::S32:
    run = integerHandler<int32_t>(d, operands);
    break;
  case Type::U64:
    run = integerHandler<uint64_t>(d, operands);
    break;
  case Type::S64:
    run = integerHandler<int64_t>(d, operands);
    break;
  default:
    return false;
  }
  if (!run || !d.expectOperands(operands + 1))
    return false;
  bool wide = partOf(d) == Part::Wide;
  Type result = wide ? widerType(type) : type;
  d.out.dst = d.destination(0, result);
  d.out.a = d.source(1, type);
  if (operands > 1)
    d.out.b = d.source(2, type);
  if (operands > 2)
    d.out.c = d.source(3, result);
  return d.finish(run);
}

bool decodeArithmetic(Decoder &d) {
  Type type = d.lastType();
  switch (type) {
  case Type::F32:
  case Type::F64:
  case Type::F32x2:
    return decodeFloatArithmetic(d, type);
  case Type::F16:
  case Type::BF16:
    if (d.type() == Type::F32)
      return decodeMixedArithmetic(d, type);
    return decodeHalfArithmetic(d, type);
  case Type::F16x2:
  case Type::BF16x2:
    return decodeHalfArithmetic(d, type);
  default:
    return decodeIntegerArithmetic(d, type);
  }
}

} // namespace llsa::ptx

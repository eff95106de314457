//===- Compare.cpp - setp, set, testp, selp, slct ---------------*- C++ -*-===//
#include "runtime/emulator/Elementwise.h"
#include "runtime/emulator/SmallFloat.h"
#include <type_traits>

using namespace llvm;

namespace llsa::ptx {

namespace {

/// How register bits become numbers that compare.
template <typename T> struct Plain {
  using Bits = T;
  LLSA_LANES_INLINE static T value(T bits) { return bits; }
};
struct F16Value {
  using Bits = uint16_t;
  LLSA_LANES_INLINE static float value(uint16_t bits) { return fromF16(bits); }
};
struct BF16Value {
  using Bits = uint16_t;
  LLSA_LANES_INLINE static float value(uint16_t bits) { return fromBF16(bits); }
};
struct FlushedF32 {
  using Bits = float;
  LLSA_LANES_INLINE static float value(float v) {
    return __builtin_fabsf(v) < 0x1p-126f ? 0.0f : v;
  }
};

enum class Relation { Eq, Ne, Lt, Le, Gt, Ge, Num, Nan };

template <Relation relation, typename V>
LLSA_LANES_INLINE bool holds(V a, V b) {
  switch (relation) {
  case Relation::Eq:
    return a == b;
  case Relation::Ne: // of floats: ordered
    return a < b || a > b;
  case Relation::Lt:
    return a < b;
  case Relation::Le:
    return a <= b;
  case Relation::Gt:
    return a > b;
  case Relation::Ge:
    return a >= b;
  case Relation::Num:
    return a == a && b == b;
  case Relation::Nan:
    return a != a || b != b;
  }
}

/// In an instruction's aux; for set, the relation stands above them.
enum : uint32_t { kUnordered = 1, kAnd = 2, kOr = 4, kXor = 8 };
constexpr unsigned kRelationShift = 4;

/// The comparison's result, combined with predicate c.
LLSA_LANES_INLINE LaneMask combine(Warp &w, const Instruction &i,
                                   LaneMask result) {
  if (i.aux & kAnd)
    return result & w.predicate(i.c);
  if (i.aux & kOr)
    return result | w.predicate(i.c);
  if (i.aux & kXor)
    return result ^ w.predicate(i.c);
  return result;
}

template <typename Value, Relation relation>
LLSA_LANES_INLINE LaneMask compare(Warp &w, const Instruction &i) {
  using Bits = typename Value::Bits;
  const Bits *a = w.from<Bits>(i.a);
  const Bits *b = w.from<Bits>(i.b);
  return lanesWhere(
      kAllLanes, LLSA_LANE(l) {
        return holds<relation>(Value::value(a[l]), Value::value(b[l]));
      });
}

/// target: the predicate; extra, if any: one for the opposite.
template <typename Value, Relation relation>
LLSA_LANES_INLINE void setp(Warp &w, const Instruction &i, LaneMask mask) {
  LaneMask result = compare<Value, relation>(w, i);
  if (i.aux & kUnordered)
    result |= compare<Value, Relation::Nan>(w, i);
  LaneMask combined = combine(w, i, result);
  if (i.extraCount)
    w.setPredicate(w.operands(i)[0], combine(w, i, ~result), mask);
  w.setPredicate(i.target, combined, mask);
}

/// What holds, if a is less than b, equal to it, or one of them is NaN, in
/// these lanes.
inline LaneMask lanesOf(Relation relation, LaneMask less, LaneMask equal,
                        LaneMask nan) {
  switch (relation) {
  case Relation::Eq:
    return equal;
  case Relation::Ne:
    return ~(equal | nan);
  case Relation::Lt:
    return less;
  case Relation::Le:
    return less | equal;
  case Relation::Gt:
    return ~(less | equal | nan);
  case Relation::Ge:
    return ~(less | nan);
  case Relation::Num:
    return ~nan;
  case Relation::Nan:
    return nan;
  }
  return 0;
}

/// dst: immediate where the comparison holds, else 0. Rare, so one handler
/// does for all relations.
template <typename Value>
LLSA_LANES_INLINE void set(Warp &w, const Instruction &i, LaneMask mask) {
  LaneMask less = compare<Value, Relation::Lt>(w, i);
  LaneMask equal = compare<Value, Relation::Eq>(w, i);
  LaneMask nan = compare<Value, Relation::Nan>(w, i);
  LaneMask holding =
      lanesOf(Relation(i.aux >> kRelationShift), less, equal, nan);
  LaneMask result = combine(w, i, i.aux & kUnordered ? holding | nan : holding);
  uint32_t *r = w.to<uint32_t>(i.dst);
  uint32_t yes = uint32_t(i.immediate);
  forLanes(
      mask, LLSA_LANE(l) { r[l] = result >> l & 1 ? yes : 0; });
}

template <typename Value> Handler relationHandler(Relation r, bool isSetp) {
  if (!isSetp)
    return handler<set<Value>>();
  switch (r) {
  case Relation::Eq:
    return handler<setp<Value, Relation::Eq>>();
  case Relation::Ne:
    return handler<setp<Value, Relation::Ne>>();
  case Relation::Lt:
    return handler<setp<Value, Relation::Lt>>();
  case Relation::Le:
    return handler<setp<Value, Relation::Le>>();
  case Relation::Gt:
    return handler<setp<Value, Relation::Gt>>();
  case Relation::Ge:
    return handler<setp<Value, Relation::Ge>>();
  case Relation::Num:
  case Relation::Nan: // of floats alone
    break;
  }
  if constexpr (std::is_floating_point_v<decltype(Value::value({}))>)
    return r == Relation::Num ? handler<setp<Value, Relation::Num>>()
                              : handler<setp<Value, Relation::Nan>>();
  else
    return nullptr;
}

/// A relation's name, and whether it also holds for NaN; lo, ls, hi and hs are
/// those of unsigned integers.
bool parseRelation(StringRef name, Relation &relation, bool &unordered) {
  static const StringMap<std::pair<Relation, bool>> names = {
      {"eq", {Relation::Eq, false}},   {"ne", {Relation::Ne, false}},
      {"lt", {Relation::Lt, false}},   {"le", {Relation::Le, false}},
      {"gt", {Relation::Gt, false}},   {"ge", {Relation::Ge, false}},
      {"lo", {Relation::Lt, false}},   {"ls", {Relation::Le, false}},
      {"hi", {Relation::Gt, false}},   {"hs", {Relation::Ge, false}},
      {"equ", {Relation::Eq, true}},   {"neu", {Relation::Ne, true}},
      {"ltu", {Relation::Lt, true}},   {"leu", {Relation::Le, true}},
      {"gtu", {Relation::Gt, true}},   {"geu", {Relation::Ge, true}},
      {"num", {Relation::Num, false}}, {"nan", {Relation::Nan, false}},
  };
  auto it = names.find(name);
  if (it == names.end())
    return false;
  relation = it->second.first;
  unordered = it->second.second;
  return true;
}

Handler compareHandler(Type type, Relation r, bool flush, bool isSetp) {
  switch (type) {
  case Type::B16:
  case Type::U16:
    return relationHandler<Plain<uint16_t>>(r, isSetp);
  case Type::S16:
    return relationHandler<Plain<int16_t>>(r, isSetp);
  case Type::B32:
  case Type::U32:
    return relationHandler<Plain<uint32_t>>(r, isSetp);
  case Type::S32:
    return relationHandler<Plain<int32_t>>(r, isSetp);
  case Type::B64:
  case Type::U64:
    return relationHandler<Plain<uint64_t>>(r, isSetp);
  case Type::S64:
    return relationHandler<Plain<int64_t>>(r, isSetp);
  case Type::F16:
    return relationHandler<F16Value>(r, isSetp);
  case Type::BF16:
    return relationHandler<BF16Value>(r, isSetp);
  case Type::F32:
    return flush ? relationHandler<FlushedF32>(r, isSetp)
                 : relationHandler<Plain<float>>(r, isSetp);
  case Type::F64:
    return relationHandler<Plain<double>>(r, isSetp);
  default:
    return nullptr;
  }
}

template <typename T>
LLSA_LANES_INLINE void selp(Warp &w, const Instruction &i, LaneMask mask) {
  T *r = w.to<T>(i.dst);
  const T *a = w.from<T>(i.a), *b = w.from<T>(i.b);
  LaneMask p = w.predicate(i.target);
  forLanes(
      mask, LLSA_LANE(l) { r[l] = p >> l & 1 ? a[l] : b[l]; });
}

template <typename T, typename C> struct SelectByBit {
  LLSA_LANES_INLINE static T apply(T a, T b, C c) { return c >= 0 ? a : b; }
};

enum class FloatTest { Finite, Infinite, Number, NaN, Normal, Subnormal };

template <typename F> void testp(Warp &w, const Instruction &i, LaneMask mask) {
  const F *a = w.from<F>(i.a);
  LaneMask result = lanesWhere(mask, [&](unsigned l) {
    int kind = std::fpclassify(a[l]);
    switch (FloatTest(i.aux)) {
    case FloatTest::Finite:
      return kind != FP_NAN && kind != FP_INFINITE;
    case FloatTest::Infinite:
      return kind == FP_INFINITE;
    case FloatTest::Number:
      return kind != FP_NAN;
    case FloatTest::NaN:
      return kind == FP_NAN;
    case FloatTest::Normal:
      return kind == FP_NORMAL;
    case FloatTest::Subnormal:
      return kind == FP_SUBNORMAL;
    }
    return false;
  });
  w.setPredicate(i.target, result, mask);
}

bool decodeTest(Decoder &d) {
  static const StringMap<FloatTest> tests = {
      {"finite", FloatTest::Finite}, {"infinite", FloatTest::Infinite},
      {"number", FloatTest::Number}, {"notanumber", FloatTest::NaN},
      {"normal", FloatTest::Normal}, {"subnormal", FloatTest::Subnormal},
  };
  Type type = d.lastType();
  auto test =
      tests.find(d.statement->parts.size() > 1 ? d.statement->parts[1] : "");
  if (test == tests.end() || !d.expectOperands(2))
    return false;
  d.out.target = d.predicateDestination(d.operand(0));
  d.out.a = d.source(1, type);
  d.out.aux = uint32_t(test->second);
  return d.finish(type == Type::F32 ? testp<float> : testp<double>);
}

} // namespace

/// setp.relation{.boolean}{.ftz}.type p{|q}, a, b{, c}
/// set.relation{.boolean}{.ftz}.dtype.stype d, a, b{, c}
bool decodeCompare(Decoder &d) {
  if (d.opcode() == "testp")
    return decodeTest(d);
  bool isSetp = d.opcode() == "setp";
  if (!d.expectOperands(3, 4) || d.statement->parts.size() < 3)
    return false;
  Relation relation;
  bool unordered;
  if (!parseRelation(d.statement->parts[1], relation, unordered))
    return false;
  Type type = d.lastType();
  if (!isFloat(type) && relation == Relation::Ne)
    unordered = false;
  if (!isFloat(type) && relation >= Relation::Num)
    return false;
  Handler run = compareHandler(type, relation, d.has("ftz"), isSetp);
  if (!run)
    return false;
  d.out.aux = unordered ? uint32_t(kUnordered) : 0;
  if (d.has("and"))
    d.out.aux |= kAnd;
  if (d.has("or"))
    d.out.aux |= kOr;
  if (d.has("xor"))
    d.out.aux |= kXor;
  if ((d.count() == 4) != ((d.out.aux & (kAnd | kOr | kXor)) != 0))
    return false;
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  if (d.count() == 4)
    d.out.c = d.predicateSource(d.operand(3));
  const Operand &result = d.operand(0);
  if (!isSetp) {
    d.out.aux |= uint32_t(relation) << kRelationShift;
    Type to = d.type(0);
    if (bytesOf(to) != 4)
      return false;
    d.out.dst = d.destination(0, to);
    d.out.immediate = to == Type::F32 ? 0x3f800000 : 0xffffffff;
  } else if (result.kind == Operand::Kind::Pair) {
    d.extra(d.predicateDestination(result.elements[1]));
    d.out.target = d.predicateDestination(result.elements[0]);
  } else {
    d.out.target = d.predicateDestination(result);
  }
  return d.finish(run);
}

/// selp.type d, a, b, p; slct.type.{s32,f32} d, a, b, c
bool decodeSelect(Decoder &d) {
  if (!d.expectOperands(4))
    return false;
  Type type = d.type(0);
  d.out.dst = d.destination(0, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, type);
  unsigned bytes = bytesOf(type);
  if (d.opcode() == "selp") {
    d.out.target = d.predicateSource(d.operand(3));
    return d.finish(bytes == 2   ? handler<selp<uint16_t>>()
                    : bytes == 4 ? handler<selp<uint32_t>>()
                    : bytes == 8 ? handler<selp<uint64_t>>()
                                 : nullptr);
  }
  Type by = d.type(1);
  d.out.c = d.source(3, by);
  if (by == Type::S32)
    return d.finish(
        bytes == 2   ? handler<ternary<uint16_t, uint16_t, uint16_t, int32_t,
                                     SelectByBit<uint16_t, int32_t>>>()
        : bytes == 4 ? handler<ternary<uint32_t, uint32_t, uint32_t, int32_t,
                                       SelectByBit<uint32_t, int32_t>>>()
                     : handler<ternary<uint64_t, uint64_t, uint64_t, int32_t,
                                       SelectByBit<uint64_t, int32_t>>>());
  if (by != Type::F32)
    return false;
  return d.finish(
      bytes == 2   ? handler<ternary<uint16_t, uint16_t, uint16_t, float,
                                   SelectByBit<uint16_t, float>>>()
      : bytes == 4 ? handler<ternary<uint32_t, uint32_t, uint32_t, float,
                                     SelectByBit<uint32_t, float>>>()
                   : handler<ternary<uint64_t, uint64_t, uint64_t, float,
                                     SelectByBit<uint64_t, float>>>());
}

} // namespace llsa::ptx

//===- Logic.cpp - and, or, xor, not, cnot ----------------------*- C++ -*-===//
#include "runtime/emulator/Elementwise.h"

using namespace llvm;

namespace llsa::ptx {

namespace {

template <typename T> struct And {
  LLSA_LANES_INLINE static T apply(T a, T b) { return a & b; }
};
template <typename T> struct Or {
  LLSA_LANES_INLINE static T apply(T a, T b) { return a | b; }
};
template <typename T> struct Xor {
  LLSA_LANES_INLINE static T apply(T a, T b) { return a ^ b; }
};
template <typename T> struct Not {
  LLSA_LANES_INLINE static T apply(T a) { return T(~a); }
};
template <typename T> struct LogicalNot {
  LLSA_LANES_INLINE static T apply(T a) { return a == 0; }
};

/// target: the destination; a, b: predicates.
template <typename Op>
void onPredicates(Warp &w, const Instruction &i, LaneMask mask) {
  w.setPredicate(i.target, Op::apply(w.predicate(i.a), w.predicate(i.b)), mask);
}
void notPredicate(Warp &w, const Instruction &i, LaneMask mask) {
  w.setPredicate(i.target, ~w.predicate(i.a), mask);
}

template <typename T> Handler logicHandler(StringRef op) {
  if (op == "and")
    return binaryHandler<T, And<T>>();
  if (op == "or")
    return binaryHandler<T, Or<T>>();
  if (op == "xor")
    return binaryHandler<T, Xor<T>>();
  if (op == "not")
    return unaryHandler<T, Not<T>>();
  return unaryHandler<T, LogicalNot<T>>();
}

} // namespace

bool decodeLogic(Decoder &d) {
  StringRef op = d.opcode();
  unsigned operands = op == "not" || op == "cnot" ? 1 : 2;
  Type type = d.lastType();
  if (type == Type::Pred) {
    if (!d.expectOperands(operands + 1))
      return false;
    d.out.target = d.predicateDestination(d.operand(0));
    d.out.a = d.predicateSource(d.operand(1));
    if (operands == 1)
      return d.finish(notPredicate);
    d.out.b = d.predicateSource(d.operand(2));
    return d.finish(op == "and"  ? onPredicates<And<LaneMask>>
                    : op == "or" ? onPredicates<Or<LaneMask>>
                                 : onPredicates<Xor<LaneMask>>);
  }
  switch (bytesOf(type)) {
  case 2:
    return finishElementwise(d, logicHandler<uint16_t>(op), operands, type);
  case 4:
    return finishElementwise(d, logicHandler<uint32_t>(op), operands, type);
  case 8:
    return finishElementwise(d, logicHandler<uint64_t>(op), operands, type);
  default:
    return false;
  }
}

} // namespace llsa::ptx

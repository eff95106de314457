//===- Elementwise.h - handlers that treat each lane alone ------*- C++ -*-===//
//
// An operation is a type with a static apply(), always inlined. R: the
// result's type, A: the operands'.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_ELEMENTWISE_H
#define LLSA_RUNTIME_EMULATOR_ELEMENTWISE_H

#include "runtime/emulator/Instructions.h"
#include "runtime/emulator/Lanes.h"
#include "runtime/emulator/Warp.h"

namespace llsa::ptx {

template <typename R, typename A, typename Op>
LLSA_LANES_INLINE void unary(Warp &w, const Instruction &i, LaneMask mask) {
  R *r = w.to<R>(i.dst);
  const A *a = w.from<A>(i.a);
  forLanes(
      mask, LLSA_LANE(l) { r[l] = Op::apply(a[l]); });
}

template <typename R, typename A, typename B, typename Op>
LLSA_LANES_INLINE void binary(Warp &w, const Instruction &i, LaneMask mask) {
  R *r = w.to<R>(i.dst);
  const A *a = w.from<A>(i.a);
  const B *b = w.from<B>(i.b);
  forLanes(
      mask, LLSA_LANE(l) { r[l] = Op::apply(a[l], b[l]); });
}

template <typename R, typename A, typename B, typename C, typename Op>
LLSA_LANES_INLINE void ternary(Warp &w, const Instruction &i, LaneMask mask) {
  R *r = w.to<R>(i.dst);
  const A *a = w.from<A>(i.a);
  const B *b = w.from<B>(i.b);
  const C *c = w.from<C>(i.c);
  forLanes(
      mask, LLSA_LANE(l) { r[l] = Op::apply(a[l], b[l], c[l]); });
}

template <typename T, typename Op, typename R = T> Handler unaryHandler() {
  return handler<unary<R, T, Op>>();
}
template <typename T, typename Op, typename R = T> Handler binaryHandler() {
  return handler<binary<R, T, T, Op>>();
}
template <typename T, typename Op, typename R = T> Handler ternaryHandler() {
  return handler<ternary<R, T, T, T, Op>>();
}

/// Decodes `d, a[, b[, c]]` of one type.
inline bool finishElementwise(Decoder &d, Handler run, unsigned operands,
                              Type from, Type to) {
  if (!run || !d.expectOperands(operands + 1))
    return false;
  d.out.dst = d.destination(0, to);
  d.out.a = d.source(1, from);
  if (operands > 1)
    d.out.b = d.source(2, from);
  if (operands > 2)
    d.out.c = d.source(3, from);
  return d.finish(run);
}
inline bool finishElementwise(Decoder &d, Handler run, unsigned operands,
                              Type type) {
  return finishElementwise(d, run, operands, type, type);
}

/// Parts of decodeArithmetic: by kind of type.
bool decodeIntegerArithmetic(Decoder &d, Type type);
bool decodeFloatArithmetic(Decoder &d, Type type);
bool decodeHalfArithmetic(Decoder &d, Type type);
/// add, sub and fma of halves and a float, to a float.
bool decodeMixedArithmetic(Decoder &d, Type half);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_ELEMENTWISE_H

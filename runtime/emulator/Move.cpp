//===- Move.cpp - mov, cvta, isspacep ---------------------------*- C++ -*-===//
#include "runtime/emulator/AddressSpace.h"
#include "runtime/emulator/Elementwise.h"

using namespace llvm;

namespace llsa::ptx {

namespace {

struct Same {
  template <typename T> LLSA_LANES_INLINE static T apply(T a) { return a; }
};

void movePredicate(Warp &w, const Instruction &i, LaneMask mask) {
  w.setPredicate(i.target, w.predicate(i.a), mask);
}

/// dst = extra, lowest part first. P: a part.
template <typename P, typename T>
LLSA_LANES_INLINE void pack(Warp &w, const Instruction &i, LaneMask mask) {
  T *r = w.to<T>(i.dst);
  const uint32_t *slots = w.operands(i);
  for (unsigned k = 0; k < sizeof(T) / sizeof(P); ++k) {
    const P *part = w.from<P>(slots[k]);
    unsigned shift = 8 * sizeof(P) * k;
    if (k == 0)
      forLanes(
          mask, LLSA_LANE(l) { r[l] = T(part[l]); });
    else
      forLanes(
          mask, LLSA_LANE(l) { r[l] |= T(part[l]) << shift; });
  }
}

/// extra = parts of a.
template <typename P, typename T>
LLSA_LANES_INLINE void unpack(Warp &w, const Instruction &i, LaneMask mask) {
  const T *a = w.from<T>(i.a);
  const uint32_t *slots = w.operands(i);
  for (unsigned k = 0; k < sizeof(T) / sizeof(P); ++k) {
    P *part = w.to<P>(slots[k]);
    unsigned shift = 8 * sizeof(P) * k;
    forLanes(
        mask, LLSA_LANE(l) { part[l] = P(a[l] >> shift); });
  }
}

Type partType(Type whole, size_t parts) {
  switch (bytesOf(whole) / parts) {
  case 1:
    return Type::B8;
  case 2:
    return Type::B16;
  case 4:
    return Type::B32;
  default:
    return Type::None;
  }
}

Handler packHandler(Type part, Type whole, bool packs) {
  switch (bytesOf(whole) << 4 | bytesOf(part)) {
  case 0x21:
    return packs ? handler<pack<uint8_t, uint16_t>>()
                 : handler<unpack<uint8_t, uint16_t>>();
  case 0x41:
    return packs ? handler<pack<uint8_t, uint32_t>>()
                 : handler<unpack<uint8_t, uint32_t>>();
  case 0x42:
    return packs ? handler<pack<uint16_t, uint32_t>>()
                 : handler<unpack<uint16_t, uint32_t>>();
  case 0x82:
    return packs ? handler<pack<uint16_t, uint64_t>>()
                 : handler<unpack<uint16_t, uint64_t>>();
  case 0x84:
    return packs ? handler<pack<uint32_t, uint64_t>>()
                 : handler<unpack<uint32_t, uint64_t>>();
  }
  return nullptr;
}

Handler copyHandler(Type type) {
  switch (bytesOf(type)) {
  case 1:
    return unaryHandler<uint8_t, Same>();
  case 2:
    return unaryHandler<uint16_t, Same>();
  case 4:
    return unaryHandler<uint32_t, Same>();
  case 8:
    return unaryHandler<uint64_t, Same>();
  }
  return nullptr;
}

uint64_t windowOf(Space space) {
  switch (space) {
  case Space::Shared:
    return tagged(kSharedTag);
  case Space::Local:
    return tagged(kLocalTag);
  case Space::Param:
    return tagged(kParamTag);
  default:
    return 0; // global and const addresses are generic ones
  }
}

/// immediate: the window's first address.
LLSA_LANES_INLINE void toGeneric(Warp &w, const Instruction &i, LaneMask mask) {
  uint64_t *r = w.to<uint64_t>(i.dst);
  const uint64_t *a = w.from<uint64_t>(i.a);
  uint64_t window = uint64_t(i.immediate);
  forLanes(
      mask, LLSA_LANE(l) { r[l] = a[l] + window; });
}

LLSA_LANES_INLINE void isInSpace(Warp &w, const Instruction &i, LaneMask mask) {
  const uint64_t *a = w.from<uint64_t>(i.a);
  uint64_t window = uint64_t(i.immediate);
  LaneMask inside = lanesWhere(
      mask, LLSA_LANE(l) {
        uint64_t tag = tagOf(a[l]);
        // Global memory is what is no window.
        return window ? tag == tagOf(window) : tag < kSharedTag;
      });
  w.setPredicate(i.target, inside, mask);
}

} // namespace

/// mov.type d, a; also {a, b} = d and d = {a, b}.
bool decodeMove(Decoder &d) {
  if (!d.expectOperands(2))
    return false;
  Type type = d.lastType();
  const Operand &to = d.operand(0), &from = d.operand(1);
  if (type == Type::Pred) {
    d.out.target = d.predicateDestination(to);
    d.out.a = d.predicateSource(from);
    return d.finish(movePredicate);
  }
  if (to.kind == Operand::Kind::Vector && from.kind != Operand::Kind::Vector) {
    Type part = partType(type, to.elements.size());
    d.out.a = d.source(from, type);
    for (const Operand &element : to.elements)
      d.extra(part == Type::None ? 0 : d.destination(element, part));
    return d.finish(packHandler(part, type, false));
  }
  if (from.kind == Operand::Kind::Vector && to.kind != Operand::Kind::Vector) {
    Type part = partType(type, from.elements.size());
    d.out.dst = d.destination(to, type);
    for (const Operand &element : from.elements)
      d.extra(part == Type::None ? 0 : d.source(element, part));
    return d.finish(packHandler(part, type, true));
  }
  // 32-bit special registers may be read as 64 bits and the other way round.
  d.out.dst = d.destination(to, type);
  d.out.a = d.source(from, type);
  return d.finish(copyHandler(type));
}

/// cvta{.to}.space.size d, a
bool decodeAddressCast(Decoder &d) {
  if (!d.expectOperands(2))
    return false;
  Type type = d.lastType();
  if (type != Type::U64 && type != Type::U32)
    return false;
  uint64_t window = windowOf(d.space());
  // Sizes are of the address as the program holds it; we compute in 64 bits.
  if (type == Type::U32)
    window = 0;
  d.out.immediate = int64_t(d.has("to") ? 0 - window : window);
  d.out.dst = d.destination(0, type == Type::U32 ? Type::U32 : Type::U64);
  d.out.a = d.source(1, type);
  if (type == Type::U32)
    return d.finish(copyHandler(type));
  return d.finish(handler<toGeneric>());
}

/// isspacep.space p, a
bool decodeIsSpace(Decoder &d) {
  if (!d.expectOperands(2))
    return false;
  d.out.target = d.predicateDestination(d.operand(0));
  d.out.a = d.source(1, Type::U64);
  d.out.immediate = int64_t(windowOf(d.space()));
  return d.finish(handler<isInSpace>());
}

} // namespace llsa::ptx

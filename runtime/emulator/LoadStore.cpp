//===- LoadStore.cpp - ld and st --------------------------------*- C++ -*-===//
#include "runtime/emulator/Instructions.h"
#include "runtime/emulator/MemoryAccess.h"

using namespace llvm;

namespace llsa::ptx {

namespace {

template <typename T> T loadFrom(const uint8_t *pointer) {
  T value;
  __builtin_memcpy(&value, pointer, sizeof(T));
  return value;
}

/// extra: the destinations. M: in memory, R: in the register.
template <typename M, typename R>
LLSA_LANES_INLINE void load(Warp &w, const Instruction &i, LaneMask mask) {
  uint8_t *pointers[kLanes];
  if (!resolve(w, i, mask, sizeof(M) * i.extraCount, false, pointers))
    return;
  const uint32_t *slots = w.operands(i);
  for (uint32_t e = 0; e < i.extraCount; ++e) {
    R *to = w.to<R>(slots[e]);
    forLanes(
        mask,
        LLSA_LANE(l) { to[l] = R(loadFrom<M>(pointers[l] + e * sizeof(M))); });
  }
}

/// extra: the sources.
template <typename M, typename R>
LLSA_LANES_INLINE void store(Warp &w, const Instruction &i, LaneMask mask) {
  uint8_t *pointers[kLanes];
  if (!resolve(w, i, mask, sizeof(M) * i.extraCount, true, pointers))
    return;
  const uint32_t *slots = w.operands(i);
  for (uint32_t e = 0; e < i.extraCount; ++e) {
    const R *from = w.from<R>(slots[e]);
    forLanes(
        mask, LLSA_LANE(l) {
          M value = M(from[l]);
          __builtin_memcpy(pointers[l] + e * sizeof(M), &value, sizeof(M));
        });
  }
}

Handler loadHandler(unsigned bytes, bool isSigned, unsigned registerBytes) {
  switch (bytes << 8 | unsigned(isSigned) << 4 | registerBytes) {
  case 0x101:
  case 0x111:
    return handler<load<uint8_t, uint8_t>>();
  case 0x102:
    return handler<load<uint8_t, uint16_t>>();
  case 0x112:
    return handler<load<int8_t, int16_t>>();
  case 0x104:
    return handler<load<uint8_t, uint32_t>>();
  case 0x114:
    return handler<load<int8_t, int32_t>>();
  case 0x108:
    return handler<load<uint8_t, uint64_t>>();
  case 0x118:
    return handler<load<int8_t, int64_t>>();
  case 0x202:
  case 0x212:
    return handler<load<uint16_t, uint16_t>>();
  case 0x204:
    return handler<load<uint16_t, uint32_t>>();
  case 0x214:
    return handler<load<int16_t, int32_t>>();
  case 0x208:
    return handler<load<uint16_t, uint64_t>>();
  case 0x218:
    return handler<load<int16_t, int64_t>>();
  case 0x404:
  case 0x414:
    return handler<load<uint32_t, uint32_t>>();
  case 0x408:
    return handler<load<uint32_t, uint64_t>>();
  case 0x418:
    return handler<load<int32_t, int64_t>>();
  case 0x808:
  case 0x818:
    return handler<load<uint64_t, uint64_t>>();
  }
  return nullptr;
}

Handler storeHandler(unsigned bytes, unsigned registerBytes) {
  switch (bytes << 8 | registerBytes) {
  case 0x101:
    return handler<store<uint8_t, uint8_t>>();
  case 0x102:
    return handler<store<uint8_t, uint16_t>>();
  case 0x104:
    return handler<store<uint8_t, uint32_t>>();
  case 0x108:
    return handler<store<uint8_t, uint64_t>>();
  case 0x202:
    return handler<store<uint16_t, uint16_t>>();
  case 0x204:
    return handler<store<uint16_t, uint32_t>>();
  case 0x208:
    return handler<store<uint16_t, uint64_t>>();
  case 0x404:
    return handler<store<uint32_t, uint32_t>>();
  case 0x408:
    return handler<store<uint32_t, uint64_t>>();
  case 0x808:
    return handler<store<uint64_t, uint64_t>>();
  }
  return nullptr;
}

/// The elements of `{a, b}`, or the operand itself.
ArrayRef<Operand> elementsOf(const Operand &operand) {
  if (operand.kind == Operand::Kind::Vector)
    return operand.elements;
  return operand;
}

/// The qualifiers of strength among the modifiers.
uint32_t strength(Decoder &d) {
  uint32_t aux = 0;
  if (d.has("volatile") || d.has("relaxed") || d.has("acquire") ||
      d.has("release"))
    aux |= kStrong;
  if (d.has("acquire"))
    aux |= kAcquires;
  if (d.has("release"))
    aux |= kReleases;
  return aux;
}

bool finishAccess(Decoder &d, const Operand &address, const Operand &value,
                  bool loads) {
  Type type = d.lastType();
  unsigned bytes = bytesOf(type);
  Space space = d.address(address, d.space());
  ArrayRef<Operand> elements = elementsOf(value);
  if (d.failed() || bytes == 0 || bytes > 8 || elements.empty())
    return false;
  // The register may be wider than the value; all of a vector are alike.
  unsigned registerBytes = bytes;
  for (const Operand &element : elements)
    registerBytes = std::max(registerBytes, d.registerBytes(element));
  Type asType = registerBytes == 1   ? Type::B8
                : registerBytes == 2 ? Type::B16
                : registerBytes == 4 ? Type::B32
                                     : Type::B64;
  for (const Operand &element : elements)
    d.extra(loads ? d.destination(element, asType) : d.source(element, asType));
  if (space == Space::Shared || space == Space::Generic)
    d.noteSharedAccess(bytes);
  d.out.aux = uint32_t(space) | strength(d);
  return d.finish(loads ? loadHandler(bytes, isSigned(type), registerBytes)
                        : storeHandler(bytes, registerBytes));
}

} // namespace

/// ld{.weak,.volatile,...}.space{.hints}{.v2,.v4,.v8}.type d, [a]{, policy}
bool decodeLoad(Decoder &d) {
  return d.expectOperands(2, 3) &&
         finishAccess(d, d.operand(1), d.operand(0), true);
}

/// st{...}.space{.hints}{.v2,.v4,.v8}.type [a], b{, policy}
bool decodeStore(Decoder &d) {
  return d.expectOperands(2, 3) &&
         finishAccess(d, d.operand(0), d.operand(1), false);
}

} // namespace llsa::ptx

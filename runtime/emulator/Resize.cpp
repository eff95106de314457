//===- Resize.cpp -----------------------------------------------*- C++ -*-===//
#include "runtime/emulator/Resize.h"

#include "runtime/emulator/Lanes.h"
#include "runtime/emulator/Warp.h"

namespace llsa::ptx {

template <typename From, typename To>
LLSA_LANES_INLINE void resize(Warp &w, const Instruction &i, LaneMask mask) {
  To *to = w.to<To>(i.dst);
  const From *from = w.from<From>(i.a);
  forLanes(
      mask, LLSA_LANE(l) { to[l] = To(from[l]); });
}

template <typename From> static Handler resizeFrom(unsigned toBytes) {
  switch (toBytes) {
  case 1:
    return handler<resize<From, uint8_t>>();
  case 2:
    return handler<resize<From, uint16_t>>();
  case 4:
    return handler<resize<From, uint32_t>>();
  default:
    return handler<resize<From, uint64_t>>();
  }
}

Handler resizeHandler(unsigned fromBytes, unsigned toBytes, bool isSigned) {
  switch (fromBytes) {
  case 1:
    return isSigned ? resizeFrom<int8_t>(toBytes)
                    : resizeFrom<uint8_t>(toBytes);
  case 2:
    return isSigned ? resizeFrom<int16_t>(toBytes)
                    : resizeFrom<uint16_t>(toBytes);
  case 4:
    return isSigned ? resizeFrom<int32_t>(toBytes)
                    : resizeFrom<uint32_t>(toBytes);
  default:
    return resizeFrom<uint64_t>(toBytes);
  }
}

void addOffset32(Warp &w, const Instruction &i, LaneMask mask) {
  uint64_t *to = w.to<uint64_t>(i.dst);
  const uint32_t *from = w.from<uint32_t>(i.a);
  forLanes(
      mask, LLSA_LANE(l) { to[l] = uint32_t(from[l] + i.immediate); });
}

void addOffset64(Warp &w, const Instruction &i, LaneMask mask) {
  uint64_t *to = w.to<uint64_t>(i.dst);
  const uint64_t *from = w.from<uint64_t>(i.a);
  forLanes(
      mask, LLSA_LANE(l) { to[l] = from[l] + uint64_t(i.immediate); });
}

} // namespace llsa::ptx

//===- DotProduct.cpp - dp4a, dp2a ------------------------------*- C++ -*-===//
#include "runtime/emulator/Elementwise.h"

using namespace llvm;

namespace llsa::ptx {

namespace {

template <bool isSigned>
LLSA_LANES_INLINE int32_t byteOf(uint32_t v, unsigned k) {
  uint8_t byte = uint8_t(v >> (8 * k));
  return isSigned ? int32_t(int8_t(byte)) : int32_t(byte);
}
template <bool isSigned>
LLSA_LANES_INLINE int32_t halfOf(uint32_t v, unsigned k) {
  uint16_t half = uint16_t(v >> (16 * k));
  return isSigned ? int32_t(int16_t(half)) : int32_t(half);
}

template <bool signedA, bool signedB> struct Dot4 {
  LLSA_LANES_INLINE static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    for (unsigned k = 0; k < 4; ++k)
      c += uint32_t(byteOf<signedA>(a, k) * byteOf<signedB>(b, k));
    return c;
  }
};
/// The halves of a with the two low or high bytes of b.
template <bool signedA, bool signedB, bool high> struct Dot2 {
  LLSA_LANES_INLINE static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    for (unsigned k = 0; k < 2; ++k)
      c += uint32_t(halfOf<signedA>(a, k)) *
           uint32_t(byteOf<signedB>(b, k + (high ? 2 : 0)));
    return c;
  }
};

template <bool a, bool b> Handler dotHandler(const Decoder &d) {
  if (d.opcode() == "dp4a")
    return ternaryHandler<uint32_t, Dot4<a, b>>();
  return d.has("hi") ? ternaryHandler<uint32_t, Dot2<a, b, true>>()
                     : ternaryHandler<uint32_t, Dot2<a, b, false>>();
}

} // namespace

/// dp4a.atype.btype d, a, b, c; dp2a.{lo,hi}.atype.btype d, a, b, c
bool decodeDotProduct(Decoder &d) {
  bool a = isSigned(d.type(0)), b = isSigned(d.type(1));
  Handler run =
      a ? (b ? dotHandler<true, true>(d) : dotHandler<true, false>(d))
        : (b ? dotHandler<false, true>(d) : dotHandler<false, false>(d));
  return finishElementwise(d, run, 3, Type::U32);
}

} // namespace llsa::ptx

//===- Carry.cpp - extended-precision integer arithmetic --------*- C++ -*-===//
//
// add.cc, addc, sub.cc, subc, mad.cc, madc: the carry of each lane is a bit of
// Warp::carry. A borrow is a carry of one.
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/Elementwise.h"

using namespace llvm;

namespace llsa::ptx {

namespace {

enum : uint32_t {
  kReadsCarry = 1,
  kWritesCarry = 2,
  kSubtracts = 4,
  kLow = 8,
  kHigh = 16,
};

template <typename T>
using Double = std::conditional_t<sizeof(T) == 4, uint64_t, unsigned __int128>;

/// dst = a [* b] +- c +- carry, T unsigned. Without a product, b is c.
template <typename T, bool isSigned>
void extended(Warp &w, const Instruction &i, LaneMask mask) {
  LaneMask carryOut = 0;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned l = unsigned(__builtin_ctz(m));
    T x = w.from<T>(i.a)[l];
    T y = w.from<T>(i.b)[l];
    if (i.aux & (kLow | kHigh)) {
      using S = std::make_signed_t<T>;
      using WideS = std::conditional_t<sizeof(T) == 4, int64_t, __int128>;
      Double<T> product =
          isSigned ? Double<T>(WideS(S(x)) * WideS(S(y))) : Double<T>(x) * y;
      x = i.aux & kHigh ? T(product >> (8 * sizeof(T))) : T(product);
      y = w.from<T>(i.c)[l];
    }
    unsigned carryIn = i.aux & kReadsCarry ? w.carry >> l & 1 : 0;
    Double<T> sum = i.aux & kSubtracts ? Double<T>(x) - y - carryIn
                                       : Double<T>(x) + y + carryIn;
    w.to<T>(i.dst)[l] = T(sum);
    carryOut |= LaneMask(sum >> (8 * sizeof(T)) & 1) << l;
  }
  if (i.aux & kWritesCarry)
    w.carry = (w.carry & ~mask) | carryOut;
}

} // namespace

bool decodeCarry(Decoder &d) {
  StringRef op = d.opcode();
  Type type = d.lastType();
  unsigned bytes = bytesOf(type);
  if ((bytes != 4 && bytes != 8) || isFloat(type))
    return false;
  bool multiplies = op.starts_with("mad");
  uint32_t aux = d.has("cc") ? uint32_t(kWritesCarry) : 0;
  if (op.ends_with("c"))
    aux |= kReadsCarry;
  if (op.starts_with("sub"))
    aux |= kSubtracts;
  if (multiplies)
    aux |= d.has("hi") ? kHigh : kLow;
  d.out.aux = aux;
  Handler run = bytes == 4 ? (isSigned(type) ? extended<uint32_t, true>
                                             : extended<uint32_t, false>)
                           : (isSigned(type) ? extended<uint64_t, true>
                                             : extended<uint64_t, false>);
  return finishElementwise(d, run, multiplies ? 3 : 2, type);
}

} // namespace llsa::ptx

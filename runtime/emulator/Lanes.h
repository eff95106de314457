//===- Lanes.h - loops over the lanes of a warp -----------------*- C++ -*-===//
//
// A handler's body is compiled twice where the machine has AVX2 and FMA: for
// any CPU, and for those. The body must be an inline function that is always
// inlined, and so must be the lambdas that it gives to forLanes().
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_LANES_H
#define LLSA_RUNTIME_EMULATOR_LANES_H

#include "runtime/emulator/Instruction.h"

#define LLSA_LANES_INLINE inline __attribute__((always_inline))
#define LLSA_LANE(lane) [&](unsigned lane) __attribute__((always_inline))

namespace llsa::ptx {

/// body(lane) for every lane of `mask`.
template <typename Body>
LLSA_LANES_INLINE void forLanes(LaneMask mask, Body body) {
  if (mask == kAllLanes) {
#pragma GCC ivdep
    for (unsigned lane = 0; lane < kLanes; ++lane)
      body(lane);
    return;
  }
  for (; mask; mask &= mask - 1)
    body(unsigned(__builtin_ctz(mask)));
}

/// The lanes of `mask` for which test(lane) holds.
template <typename Test>
LLSA_LANES_INLINE LaneMask lanesWhere(LaneMask mask, Test test) {
  LaneMask result = 0;
  for (unsigned lane = 0; lane < kLanes; ++lane)
    result |= LaneMask(test(lane)) << lane;
  return result & mask;
}

inline bool hasFastVectors() {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool has =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return has;
#else
  return false;
#endif
}

using HandlerBody = void(Warp &, const Instruction &, LaneMask);

template <HandlerBody *body> struct Compiled {
  static void anywhere(Warp &warp, const Instruction &instruction,
                       LaneMask mask) {
    body(warp, instruction, mask);
  }
#if defined(__x86_64__) && defined(__GNUC__)
  __attribute__((target("avx2,fma,bmi,bmi2,lzcnt,popcnt"))) static void
  fast(Warp &warp, const Instruction &instruction, LaneMask mask) {
    body(warp, instruction, mask);
  }
#else
  static constexpr Handler fast = nullptr;
#endif
};

/// The version of a body for this machine.
template <HandlerBody *body> Handler handler() {
  return hasFastVectors() ? &Compiled<body>::fast : &Compiled<body>::anywhere;
}

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_LANES_H

//===- Fragments.h - matrix operands in registers ---------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_FRAGMENTS_H
#define LLSA_RUNTIME_EMULATOR_FRAGMENTS_H

#include "runtime/emulator/Warp.h"

namespace llsa::ptx {

/// Reads an A operand of 16 rows and k columns (16-bit: k / 4 registers, tf32:
/// k / 2) into a[16][k].
void readFragmentA(const Warp &w, const uint32_t *slots, unsigned k, Type type,
                   float *a);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_FRAGMENTS_H

//===- RegisterAllocation.h - few slots for many registers ------*- C++ -*-===//
//
// PTX has as many registers as values. A slot takes 64 to 256 bytes, so that
// some thousand of them, for each of some warps, would not fit into any cache.
// Registers that are never live at once share a slot: liveness over the
// control flow graph, then a linear scan over live intervals.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_REGISTERALLOCATION_H
#define LLSA_RUNTIME_EMULATOR_REGISTERALLOCATION_H

#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/Syntax.h"

namespace llsa::ptx {

/// A statement reads or writes a register. A guarded write, or one of some
/// lanes only, also counts as a read: other lanes keep their value.
struct RegisterUse {
  uint32_t statement;
  uint32_t reg;
  bool reads;
  bool writes;
};

/// The slots of a function's registers, or kNoSlot for predicates and for
/// registers that are not used.
struct RegisterMap {
  std::vector<Slot> slots;
};

/// Assigns slots from byte `registerBytes` of the register file on, and moves
/// `registerBytes` behind them.
RegisterMap allocateRegisters(const FunctionSyntax &function,
                              const std::vector<RegisterUse> &uses,
                              uint32_t &registerBytes);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_REGISTERALLOCATION_H

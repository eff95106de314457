//===- Instruction.h - a decoded instruction --------------------*- C++ -*-===//
//
// PTX is decoded once, to instructions that the 32 lanes of a warp execute in a
// tight loop. A register is a **slot**: 32 values side by side, one per lane.
// A slot number is a byte offset into the warp's register file or, with
// kConstantSlot, into the kernel's constants, so that an immediate operand is
// read like a register. A predicate is one 32-bit mask; its number is an index.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_INSTRUCTION_H
#define LLSA_RUNTIME_EMULATOR_INSTRUCTION_H

#include <cstdint>

namespace llsa::ptx {

class Warp;
struct Instruction;

constexpr unsigned kLanes = 32;

/// One bit per lane.
using LaneMask = uint32_t;
constexpr LaneMask kAllLanes = 0xffffffff;

using Slot = uint32_t;
constexpr Slot kConstantSlot = 0x80000000;
constexpr Slot kNoSlot = 0xffffffff;
/// An address's base that has 32 bits instead of 64.
constexpr Slot kNarrowBase = 0x40000000;

/// Predicates 0 and 1 are constants: false and true.
constexpr uint32_t kFalse = 0;
constexpr uint32_t kTrue = 1;

/// A predicate source: its number, and in bit 31 whether it is negated.
using PredicateUse = uint32_t;
constexpr uint32_t kNegated = 0x80000000;

/// Executes `instruction` for the lanes of `mask`, which is not empty.
using Handler = void (*)(Warp &warp, const Instruction &instruction,
                         LaneMask mask);

/// What each field means is up to the handler; where there are more operands
/// than fields, they are a run of the kernel's operand pool.
struct Instruction {
  Handler run = nullptr;
  uint32_t guard = kTrue;     ///< executed by lanes where this predicate holds,
  uint32_t guardInverted = 0; ///< xor this
  Slot dst = kNoSlot;
  Slot a = kNoSlot;
  Slot b = kNoSlot;
  Slot c = kNoSlot;
  int64_t immediate = 0;   ///< an address's offset, mostly
  uint32_t target = 0;     ///< of a branch
  uint32_t extra = 0;      ///< first of its operands in the pool
  uint32_t extraCount = 0; ///< how many
  uint32_t aux = 0;        ///< modifiers
  uint32_t statement = 0;  ///< in the kernel's sources
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_INSTRUCTION_H

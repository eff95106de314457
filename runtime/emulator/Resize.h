//===- Resize.h - registers of one size read or written as another --------===//
#ifndef LLSA_RUNTIME_EMULATOR_RESIZE_H
#define LLSA_RUNTIME_EMULATOR_RESIZE_H

#include "runtime/emulator/Instruction.h"
#include "llvm/ADT/StringRef.h"

namespace llsa::ptx {

/// dst = a, truncated or extended. Sizes are 1, 2, 4 or 8 bytes.
Handler resizeHandler(unsigned fromBytes, unsigned toBytes, bool isSigned);

/// dst = a + immediate; dst has 64 bits, a 32 or 64.
void addOffset32(Warp &warp, const Instruction &instruction, LaneMask mask);
void addOffset64(Warp &warp, const Instruction &instruction, LaneMask mask);

/// Is this a special register that warps know how to fill?
bool isSpecialRegister(llvm::StringRef name);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_RESIZE_H

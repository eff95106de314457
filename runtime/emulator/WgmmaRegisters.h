//===- WgmmaRegisters.h - registers that wgmma works on ---------*- C++ -*-===//
//
// From wgmma.mma_async until the wgmma.wait_group that covers it, its
// accumulators must not be read or written but by further wgmma, and its A
// operand must not be written. `mov` counts as giving a value another name:
// compilers put it between instructions that update one accumulator, and
// assemblers take it away.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_WGMMAREGISTERS_H
#define LLSA_RUNTIME_EMULATOR_WGMMAREGISTERS_H

#include "runtime/emulator/Kernel.h"
#include "llvm/ADT/ArrayRef.h"
#include <map>

namespace llsa::ptx {

/// The registers of one warp.
class WgmmaRegisters {
public:
  void start() { used.clear(); }
  bool inUse() const { return !used.empty(); }

  /// A wgmma.mma_async of the group `step`.
  void issue(const Kernel &kernel, const Instruction &instruction,
             uint32_t step);
  /// All groups up to `step` are complete.
  void waited(int64_t step);
  /// "" or what is wrong with an instruction's use of registers.
  std::string check(const Kernel &kernel, const Instruction &instruction);

private:
  struct Use {
    uint32_t step;
    uint32_t statement; ///< the wgmma
    bool accumulates;   ///< else it is read as A
  };
  std::map<uint32_t, Use> used; ///< by a register's number
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_WGMMAREGISTERS_H

//===- Kernel.h - one entry of a module, decoded ----------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_KERNEL_H
#define LLSA_RUNTIME_EMULATOR_KERNEL_H

#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/Syntax.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llsa::ptx {

/// A special register that a kernel reads; each warp fills it before it starts.
struct SpecialSlot {
  std::string name; ///< "%tid.x"
  Slot slot;
};

/// A register that a statement names; numbers go over all functions.
struct NamedRegister {
  uint32_t number;
  bool reads, writes;
  uint8_t bytes;
};

/// A `.param` of the entry.
struct Parameter {
  std::string name;
  uint32_t offset; ///< in the block of parameters
  uint32_t bytes;
};

/// An initialised or zeroed variable of the module in global memory.
struct ModuleVariable {
  uint32_t variable; ///< in ModuleSyntax::variables
  uint64_t address;  ///< generic
};

/// An entry and the functions that it calls, ready to run.
struct Kernel {
  std::shared_ptr<const ModuleSyntax> module;
  std::string name;

  std::vector<Instruction> code;
  std::vector<uint32_t> pool;             ///< further operands
  std::vector<uint8_t> constants;         ///< 32 equal values for each constant
  std::vector<const Statement *> sources; ///< Instruction::statement
  std::vector<NamedRegister> named; ///< by all statements, one behind the other
  std::vector<uint32_t> namedStart; ///< of each statement's, and one more
  std::vector<std::string> registerNames; ///< by number
  uint32_t start = 0;                     ///< the entry's first instruction

  uint32_t registerBytes = 0; ///< of one warp
  uint32_t predicates = 2;
  std::vector<SpecialSlot> specials;
  uint32_t returnSites = 0; ///< functions that keep a return address

  std::vector<Parameter> parameters;
  uint32_t parameterBytes = 0;
  uint32_t localBytes = 0; ///< of one lane
  uint32_t staticSharedBytes = 0;
  uint32_t dynamicSharedStart = 0; ///< behind static shared memory, aligned
  uint32_t sharedGranule = 4;      ///< bytes of the smallest shared access
  std::vector<ModuleVariable> moduleVariables;

  /// The line and text of an instruction, for messages.
  std::string describe(const Instruction &instruction) const;
};

/// Decodes the entry `name`. An error names the line and the instruction which
/// the emulator does not know, or what is wrong with it.
llvm::Expected<std::shared_ptr<const Kernel>>
decodeKernel(std::shared_ptr<const ModuleSyntax> module, llvm::StringRef name);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_KERNEL_H

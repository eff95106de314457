//===- Decoder.h - from statements to instructions --------------*- C++ -*-===//
//
// Decoder knows functions, operands and where things lie. What an opcode means
// is in the files of instruction groups (Instructions.h): each has decode
// functions, which read the statement through this class, fill `out` and call
// finish().
//
// A kernel is decoded twice. The first time finds the functions that it calls,
// the shared memory that it names, and what each statement does with registers;
// the second time, registers have their final slots.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_DECODER_H
#define LLSA_RUNTIME_EMULATOR_DECODER_H

#include "runtime/emulator/Kernel.h"
#include "runtime/emulator/RegisterAllocation.h"
#include "llvm/ADT/StringMap.h"
#include <map>

namespace llsa::ptx {

class Decoder {
public:
  /// `draft`: the decoder that has been through the kernel once, or null.
  Decoder(Kernel &kernel, const Decoder *draft)
      : kernel(kernel), module(*kernel.module), draft(draft) {}

  /// Decodes the entry and all that it calls. On failure, `error` says why.
  bool decode(const FunctionSyntax &entry);
  std::string error;

  // --- For the groups: the statement at hand. ---

  const Statement *statement = nullptr;
  Instruction out; ///< to be filled

  llvm::StringRef opcode() const { return statement->parts[0]; }
  /// Does the opcode have this modifier?
  bool has(llvm::StringRef modifier) const;
  /// The `index`th type among the modifiers, from the left; None if absent.
  Type type(unsigned index = 0) const;
  /// The last type among the modifiers.
  Type lastType() const;
  /// The state space among the modifiers; Generic if there is none.
  Space space() const;
  size_t count() const { return statement->operands.size(); }
  const Operand &operand(size_t index) const;

  /// Fails: what is wrong with this statement. Returns false.
  bool fail(const std::string &message);
  bool unsupported() { return fail("this form is not supported"); }
  /// Requires `least` to `most` operands.
  bool expectOperands(size_t least, size_t most);
  bool expectOperands(size_t number) { return expectOperands(number, number); }
  bool failed() const { return !error.empty(); }

  /// The slot of a register, a constant or a symbol's address, read as `type`.
  /// A register of another size is converted: the low bits of a wider one, a
  /// narrower one extended by `type`'s sign.
  Slot source(const Operand &operand, Type type);
  Slot source(size_t index, Type type) { return source(operand(index), type); }
  /// The slot of a register to be written as `type`; `_` is a spare slot. A
  /// wider register gets the value extended by `type`'s sign.
  Slot destination(const Operand &operand, Type type);
  Slot destination(size_t index, Type type) {
    return destination(operand(index), type);
  }
  /// A register that is read and written.
  Slot readWrite(const Operand &operand, Type type);
  PredicateUse predicateSource(const Operand &operand);
  uint32_t predicateDestination(const Operand &operand);

  /// The bytes of a register operand; 0 for others.
  unsigned registerBytes(const Operand &operand) const;
  bool isPredicate(const Operand &operand) const;
  /// The value of an integer operand.
  bool integer(size_t index, int64_t &value);

  /// Fills the fields of `out` by which warps find an address: `a` is the base
  /// (kNoSlot: none), `immediate` the offset. Returns the space: that of the
  /// variable which the operand names, or `space`.
  Space address(const Operand &operand, Space space);
  Space address(size_t index, Space space) {
    return address(operand(index), space);
  }
  /// A 64-bit slot with an address, for instructions with several.
  Slot addressSlot(const Operand &operand, Space space);

  /// A 32-lane constant of 1, 2, 4 or 8 bytes.
  Slot constant(uint64_t bits, unsigned bytes);
  /// A slot of this statement alone.
  Slot temporary(unsigned bytes);
  /// Appends to the operand pool, for `out`.
  void extra(uint32_t value);

  /// Appends `out` with handler `run`, then starts a fresh `out`.
  bool finish(Handler run);

  /// `out` branches to a statement.
  void branchTo(uint32_t label);
  /// `out` branches to any statement of a table; the pool gets the targets.
  bool branchTable(llvm::StringRef name);
  /// A function of the module, and its number; it will be decoded too.
  const FunctionSyntax *functionNamed(llvm::StringRef name, uint32_t &number);
  /// `out` calls a function.
  void callTo(uint32_t number);
  /// Where in a lane's local memory a `.param` of a function lies.
  bool frameOffset(uint32_t variable, uint32_t &offset);
  /// The function being decoded: an index of its return address.
  uint32_t currentFunction() const { return current; }
  bool inEntry() const;

  /// Notes that shared memory is accessed `bytes` at a time.
  void noteSharedAccess(unsigned bytes);

  Kernel &kernel;
  const ModuleSyntax &module;

private:
  struct Function {
    const FunctionSyntax *syntax;
    std::vector<RegisterUse> uses;
    RegisterMap registers;
    uint32_t firstNumber = 0;         ///< of its registers, in the kernel
    uint32_t start = 0;               ///< first instruction
    std::vector<uint32_t> callees;    ///< functions
    std::vector<uint32_t> predicates; ///< of its registers, 0: none yet
  };
  /// Where a variable lies.
  struct Place {
    Space space;
    uint64_t address; ///< in its space; generic for global and const
  };
  struct Fixup {
    enum class Kind { Target, Pool, Call } kind;
    uint32_t where; ///< instruction or pool entry
    uint32_t label; ///< statement or function
  };

  uint32_t functionNumber(const FunctionSyntax &syntax);
  bool checkRecursion(uint32_t function, std::vector<uint32_t> &path);
  bool decodeFunction(uint32_t number);
  bool decodeStatement(const Statement &statement);
  void layOutParameters(const FunctionSyntax &entry);
  const Place &place(uint32_t variable);
  Slot registerSlot(const Operand &operand, bool reads, bool writes);
  Slot specialSlot(llvm::StringRef name, unsigned &bytes);
  void emitResize(Slot from, unsigned fromBytes, Slot to, unsigned toBytes,
                  bool isSigned, std::vector<Instruction> &list);

  const Decoder *draft;
  std::vector<Function> functions; ///< callees before callers at the end
  uint32_t current = 0;
  uint32_t entryNumber = 0;
  uint32_t statementNumber = 0;
  std::map<uint32_t, Place> places;
  std::vector<uint32_t> dynamicShared; ///< variables
  std::map<std::pair<uint64_t, unsigned>, Slot> constantSlots;
  llvm::StringMap<Slot> specialSlots;
  std::vector<Instruction> before, behind; ///< around the statement's
  std::vector<uint32_t> statementStart;    ///< of the current function
  std::vector<Fixup> fixups;               ///< of the current function
  std::vector<Fixup> calls;
  std::vector<Slot> temporaries; ///< of 8 bytes each
  unsigned temporariesUsed = 0;
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_DECODER_H

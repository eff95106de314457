//===- Syntax.h - a PTX module as the parser leaves it ----------*- C++ -*-===//
//
// Names are resolved here (registers, variables, labels, each in the scope in
// which it is used), meanings are not: an opcode is still text.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_SYNTAX_H
#define LLSA_RUNTIME_EMULATOR_SYNTAX_H

#include "runtime/emulator/Types.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <deque>
#include <string>
#include <vector>

namespace llsa::ptx {

/// A variable in memory, of the module or of a function.
struct Variable {
  std::string name;
  Space space = Space::Global;
  uint64_t align = 1;
  uint64_t bytes = 0;
  bool dynamic = false;         ///< `.extern .shared x[]`: sized at the launch
  std::vector<uint8_t> initial; ///< shorter than `bytes`: zeros follow
};

/// A declared register.
struct Register {
  std::string name;
  Type type = Type::None;
};

/// One operand of an instruction.
struct Operand {
  enum class Kind {
    Register, ///< `index` in the function's registers
    Special,  ///< a special register, `name` with its dot: "%tid.x"
    Integer,  ///< `bits`, two's complement
    Float32,  ///< `bits`, from 0f3F800000
    Float64,  ///< `bits`, from 0d3FF0000000000000 or 1.0
    Symbol,   ///< the address of variable `index`, plus `offset`
    Name,     ///< a function, or a table of branch targets: `name`
    Label,    ///< `index` of the statement that it stands before
    Address,  ///< [elements[0] + offset]; more elements: a tensor's coordinates
    Vector,   ///< {a, b, ...}
    List,     ///< (a, b, ...)
    Pair,     ///< a|b
    Sink,     ///< _
  };
  Kind kind = Kind::Sink;
  uint32_t index = 0;
  uint64_t bits = 0;
  int64_t offset = 0;
  bool negated = false; ///< !%p
  llvm::StringRef name;
  std::vector<Operand> elements;
};

/// One instruction: `@!%p op.modifier.type a, b, c;`
struct Statement {
  uint32_t line = 0;
  llvm::StringRef text;                        ///< without guard and semicolon
  llvm::SmallVector<llvm::StringRef, 6> parts; ///< "ld", "global", "b32"
  bool guarded = false;
  bool guardNegated = false;
  uint32_t guard = 0; ///< register
  std::vector<Operand> operands;

  llvm::StringRef opcode() const { return parts.front(); }
};

/// `L: .branchtargets A, B;`
struct BranchTable {
  std::string name;
  std::vector<uint32_t> targets; ///< statements
};

struct FunctionSyntax {
  std::string name;
  bool isEntry = false;
  bool isDeclaration = false;
  uint32_t line = 0;
  std::vector<uint32_t> parameters; ///< variables
  std::vector<uint32_t> results;    ///< variables
  std::vector<Register> registers;
  std::vector<Statement> statements;
  std::vector<BranchTable> tables;
};

struct ModuleSyntax {
  std::string text; ///< what all StringRefs point into
  std::string target;
  std::deque<Variable> variables; ///< of the module and of all functions
  std::vector<FunctionSyntax> functions;

  const FunctionSyntax *function(llvm::StringRef name) const {
    for (const FunctionSyntax &f : functions)
      if (f.name == name && !f.isDeclaration)
        return &f;
    return nullptr;
  }
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_SYNTAX_H

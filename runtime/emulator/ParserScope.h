//===- ParserScope.h - the names that a PTX block may use -------*- C++ -*-===//
//
// PTX blocks nest: the body of a function, and `{ ... }` inside, which inline
// assembly uses for its own registers and labels.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_PARSERSCOPE_H
#define LLSA_RUNTIME_EMULATOR_PARSERSCOPE_H

#include "runtime/emulator/Syntax.h"
#include "llvm/ADT/StringMap.h"
#include <optional>

namespace llsa::ptx {

/// A use of a label, before it is known where the label stands.
struct LabelUse {
  llvm::StringRef name;
  uint32_t line;
  uint32_t statement; ///< the user: a statement's first operand ...
  int table = -1;     ///< ... or, when >= 0, this entry of a branch table
  uint32_t entry = 0;
};

struct Scope {
  /// `.reg .b32 %r<9>` declares %r0 to %r8, and mostly uses few of them: a
  /// register comes into being when it is first named.
  struct Range {
    Type type;
    uint64_t count;
  };
  llvm::StringMap<Range> ranges;
  llvm::StringMap<uint32_t> registers;
  llvm::StringMap<uint32_t> variables;
  llvm::StringMap<uint32_t> labels;
  std::vector<LabelUse> uses;

  /// The register called `name`, if this scope declares it.
  std::optional<uint32_t> findRegister(llvm::StringRef name,
                                       FunctionSyntax &function) {
    auto known = registers.find(name);
    if (known != registers.end())
      return known->second;
    llvm::StringRef prefix = name.rtrim("0123456789");
    auto range = ranges.find(prefix);
    uint64_t number;
    if (range == ranges.end() || prefix.size() == name.size() ||
        name.substr(prefix.size()).getAsInteger(10, number) ||
        number >= range->second.count)
      return std::nullopt;
    uint32_t index = uint32_t(function.registers.size());
    function.registers.push_back({name.str(), range->second.type});
    registers[name] = index;
    return index;
  }
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_PARSERSCOPE_H

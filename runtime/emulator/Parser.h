//===- Parser.h - PTX text to Syntax.h --------------------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_PARSER_H
#define LLSA_RUNTIME_EMULATOR_PARSER_H

#include "runtime/emulator/Syntax.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llsa::ptx {

/// Parses a module. An error names the line, what was expected and what came.
llvm::Expected<std::unique_ptr<ModuleSyntax>> parseModule(std::string text);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_PARSER_H

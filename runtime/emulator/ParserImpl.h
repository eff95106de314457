//===- ParserImpl.h - the parser's state and its parts ----------*- C++ -*-===//
//
// Recursive descent. The first error is kept and ends everything: every
// function returns false from then on.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_PARSERIMPL_H
#define LLSA_RUNTIME_EMULATOR_PARSERIMPL_H

#include "runtime/emulator/Lexer.h"
#include "runtime/emulator/ParserScope.h"
#include <string>

namespace llsa::ptx {

class Parser {
public:
  explicit Parser(ModuleSyntax &module);
  bool parse();

  std::string error;

private:
  // Tokens.
  void advance() { token = lexer.next(); }
  bool fail(uint32_t line, const std::string &message);
  bool failExpected(llvm::StringRef what);
  bool accept(llvm::StringRef text);
  bool expect(llvm::StringRef text);
  bool skipTo(llvm::StringRef text);
  bool skipBraces();

  // The module (ParserModule.cpp).
  bool parseTopLevel();
  bool parseVariable(Space space, bool isExternal, uint32_t *index);
  bool parseInitializer(Variable &variable, unsigned elementBytes);
  bool parseFunction(bool isEntry, bool isExternal);
  bool parseParameters(std::vector<uint32_t> &variables);

  // Functions (ParserFunction.cpp).
  bool parseBlock();
  bool parseRegisters();
  bool parseBranchTable(llvm::StringRef name);
  bool parseStatement();
  bool resolveLabels(Scope &scope, Scope *parent);

  // Operands (ParserOperand.cpp).
  bool parseOperand(Operand &operand);
  bool parseOperandList(llvm::StringRef close, std::vector<Operand> &operands);
  bool parseAddress(Operand &operand);
  bool parseNumber(Operand &operand, bool negative);
  bool parseInteger(int64_t &value);
  bool parseName(Operand &operand);
  bool parseOffset(int64_t &offset);

  ModuleSyntax &module;
  Lexer lexer;
  Token token;
  Scope moduleScope;
  FunctionSyntax *function = nullptr;
  std::deque<Scope> scopes; ///< of the function, innermost last
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_PARSERIMPL_H

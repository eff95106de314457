//===- Parser.cpp - entry, and what all parts of the parser use -*- C++ -*-===//
#include "runtime/emulator/Parser.h"

#include "runtime/emulator/ParserImpl.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

Parser::Parser(ModuleSyntax &module) : module(module), lexer(module.text) {
  advance();
}

bool Parser::fail(uint32_t line, const std::string &message) {
  if (error.empty())
    error = fmt::format("PTX line {}: {}", line, message);
  return false;
}

bool Parser::failExpected(StringRef what) {
  return fail(token.line,
              fmt::format("expected {}, got {}", what.str(),
                          token.kind == Token::Kind::End
                              ? std::string("the end of the text")
                              : fmt::format("'{}'", token.text.str())));
}

bool Parser::accept(StringRef text) {
  if (!token.is(text))
    return false;
  advance();
  return true;
}

bool Parser::expect(StringRef text) {
  return accept(text) || failExpected(fmt::format("'{}'", text.str()));
}

bool Parser::skipTo(StringRef text) {
  while (!token.is(text)) {
    if (token.kind == Token::Kind::End)
      return failExpected(fmt::format("'{}'", text.str()));
    advance();
  }
  return true;
}

bool Parser::skipBraces() {
  if (!expect("{"))
    return false;
  for (unsigned depth = 1; depth > 0; advance()) {
    if (token.kind == Token::Kind::End)
      return failExpected("'}'");
    depth += token.is("{");
    depth -= token.is("}");
  }
  return true;
}

bool Parser::parse() {
  while (token.kind != Token::Kind::End)
    if (!parseTopLevel())
      return false;
  return true;
}

Expected<std::unique_ptr<ModuleSyntax>> parseModule(std::string text) {
  auto module = std::make_unique<ModuleSyntax>();
  module->text = std::move(text);
  Parser parser(*module);
  if (!parser.parse())
    return createStringError(inconvertibleErrorCode(), parser.error);
  return module;
}

} // namespace llsa::ptx

//===- ParserModule.cpp - directives, variables, signatures -----*- C++ -*-===//
#include "runtime/emulator/ParserImpl.h"

#include "llvm/ADT/StringSwitch.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

bool Parser::parseTopLevel() {
  bool isExternal = false;
  for (;;) {
    if (accept(".extern"))
      isExternal = true;
    else if (!accept(".visible") && !accept(".weak") && !accept(".common"))
      break;
  }
  if (accept(".entry"))
    return parseFunction(/*isEntry=*/true, isExternal);
  if (accept(".func"))
    return parseFunction(/*isEntry=*/false, isExternal);
  if (accept(".global"))
    return parseVariable(Space::Global, isExternal, nullptr) && expect(";");
  if (accept(".const"))
    return parseVariable(Space::Const, isExternal, nullptr) && expect(";");
  if (accept(".shared"))
    return parseVariable(Space::Shared, isExternal, nullptr) && expect(";");
  if (accept(".version") || accept(".address_size")) {
    advance();
    return true;
  }
  if (accept(".target")) {
    module.target = token.text.str();
    do
      advance();
    while (accept(","));
    return true;
  }
  if (accept(".file")) { // an index, a name, and perhaps a time and a size
    advance();
    advance();
    while (accept(","))
      advance();
    return true;
  }
  if (accept(".section")) {
    advance();
    return skipBraces();
  }
  if (accept(".pragma") || accept(".alias"))
    return skipTo(";") && expect(";");
  return failExpected("a directive");
}

/// Behind the state space: `.align 8 .b8 name[4][2] = {1, 2}`, any of whose
/// parts but type and name may be absent. A parameter may have `.ptr .global`.
bool Parser::parseVariable(Space space, bool isExternal, uint32_t *index) {
  Variable variable;
  variable.space = space;
  Type type = Type::None;
  uint64_t vectorLength = 1;
  int64_t align = 0;
  while (token.kind == Token::Kind::Word && token.text.starts_with(".")) {
    StringRef word = token.text.drop_front();
    if (accept(".align")) {
      if (!parseInteger(align))
        return false;
      continue;
    }
    if (accept(".attribute")) {
      if (!skipTo(")") || !expect(")"))
        return false;
      continue;
    }
    if (accept(".ptr")) {
      // `.ptr .space .align n` describes what the parameter points to.
      if (token.is(".global") || token.is(".shared") || token.is(".local") ||
          token.is(".const"))
        advance();
      int64_t pointeeAlign;
      if (accept(".align") && !parseInteger(pointeeAlign))
        return false;
      continue;
    }
    if (word == "v2" || word == "v4")
      vectorLength = word == "v2" ? 2 : 4;
    else if (typeNamed(word) != Type::None)
      type = typeNamed(word);
    else
      return failExpected("a type");
    advance();
  }
  if (type == Type::None)
    return failExpected("a type");
  if (token.kind != Token::Kind::Word)
    return failExpected("a name");
  variable.name = token.text.str();
  advance();
  uint64_t count = 1;
  bool openEnded = false;
  while (accept("[")) {
    if (accept("]")) {
      openEnded = true;
      continue;
    }
    int64_t size;
    if (!parseInteger(size) || !expect("]"))
      return false;
    count *= uint64_t(size);
  }
  unsigned elementBytes = bytesOf(type);
  variable.bytes = openEnded ? 0 : count * vectorLength * elementBytes;
  variable.dynamic = openEnded && isExternal && space == Space::Shared;
  variable.align = align ? uint64_t(align) : elementBytes * vectorLength;
  if (accept("=")) {
    if (!parseInitializer(variable, elementBytes))
      return false;
    if (openEnded)
      variable.bytes = variable.initial.size();
  }
  uint32_t id = uint32_t(module.variables.size());
  Scope &scope = scopes.empty() ? moduleScope : scopes.back();
  scope.variables[variable.name] = id;
  module.variables.push_back(std::move(variable));
  if (index)
    *index = id;
  return true;
}

bool Parser::parseInitializer(Variable &variable, unsigned elementBytes) {
  if (accept("{")) {
    while (!accept("}")) {
      if (!parseInitializer(variable, elementBytes))
        return false;
      accept(",");
    }
    return true;
  }
  Operand value;
  bool negative = accept("-");
  if (token.kind != Token::Kind::Number)
    return failExpected("a number (addresses as initial values are not "
                        "supported)");
  if (!parseNumber(value, negative))
    return false;
  for (unsigned i = 0; i < elementBytes; ++i)
    variable.initial.push_back(uint8_t(value.bits >> (8 * i)));
  return true;
}

bool Parser::parseParameters(std::vector<uint32_t> &variables) {
  if (!expect("("))
    return false;
  while (!accept(")")) {
    if (accept(".reg"))
      return fail(token.line, "parameters in registers are not supported");
    uint32_t index;
    if (!expect(".param") || !parseVariable(Space::Param, false, &index))
      return false;
    variables.push_back(index);
    accept(",");
  }
  return true;
}

bool Parser::parseFunction(bool isEntry, bool isExternal) {
  module.functions.emplace_back();
  function = &module.functions.back();
  function->isEntry = isEntry;
  function->line = token.line;
  scopes.emplace_back();
  if (token.is("(") && !parseParameters(function->results))
    return false;
  function->name = token.text.str();
  advance();
  if (token.is("(") && !parseParameters(function->parameters))
    return false;
  while (!token.is("{") && !token.is(";")) { // .maxntid 128, 1, 1 and others
    if (token.kind == Token::Kind::End)
      return failExpected("'{' or ';'");
    advance();
  }
  if (accept(";")) {
    function->isDeclaration = true;
    scopes.clear();
    return true;
  }
  advance();
  if (!parseBlock())
    return false;
  if (!resolveLabels(scopes.back(), nullptr))
    return false;
  scopes.clear();
  return true;
}

} // namespace llsa::ptx

//===- ParserOperand.cpp - operands of instructions -------------*- C++ -*-===//
#include "runtime/emulator/ParserImpl.h"

#include "llvm/ADT/bit.h"
#include <cstdlib>
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

/// At a number. Negative floats are not written with a sign in PTX.
bool Parser::parseNumber(Operand &operand, bool negative) {
  StringRef text = token.text;
  bool bad;
  if (text.starts_with_insensitive("0f")) {
    operand.kind = Operand::Kind::Float32;
    bad =
        text.size() != 10 || text.drop_front(2).getAsInteger(16, operand.bits);
  } else if (text.starts_with_insensitive("0d")) {
    operand.kind = Operand::Kind::Float64;
    bad =
        text.size() != 18 || text.drop_front(2).getAsInteger(16, operand.bits);
  } else if (text.contains('.')) {
    double value;
    operand.kind = Operand::Kind::Float64;
    bad = text.getAsDouble(value);
    if (!bad)
      operand.bits = llvm::bit_cast<uint64_t>(negative ? -value : value);
    negative = false;
  } else {
    operand.kind = Operand::Kind::Integer;
    text.consume_back("U");
    bad = text.getAsInteger(0, operand.bits);
  }
  if (bad)
    return failExpected("a number");
  if (negative)
    operand.bits = 0 - operand.bits;
  advance();
  return true;
}

bool Parser::parseInteger(int64_t &value) {
  Operand operand;
  bool negative = accept("-");
  if (token.kind != Token::Kind::Number)
    return failExpected("an integer");
  if (!parseNumber(operand, negative))
    return false;
  value = int64_t(operand.bits);
  return operand.kind == Operand::Kind::Integer || failExpected("an integer");
}

/// `+4`, `+-4`, `-4`, or nothing.
bool Parser::parseOffset(int64_t &offset) {
  while (token.is("+") || token.is("-")) {
    bool negative = accept("-") || (accept("+") && accept("-"));
    int64_t value = 0;
    if (!parseInteger(value))
      return false;
    offset += negative ? -value : value;
  }
  return true;
}

/// At a word: a register, a variable, or a name that is resolved later.
bool Parser::parseName(Operand &operand) {
  StringRef name = token.text;
  advance();
  if (name == "_") {
    operand.kind = Operand::Kind::Sink;
    return true;
  }
  for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope) {
    if (std::optional<uint32_t> index = scope->findRegister(name, *function)) {
      operand.kind = Operand::Kind::Register;
      operand.index = *index;
      return true;
    }
    auto variable = scope->variables.find(name);
    if (variable != scope->variables.end()) {
      operand.kind = Operand::Kind::Symbol;
      operand.index = variable->second;
      return parseOffset(operand.offset);
    }
  }
  auto variable = moduleScope.variables.find(name);
  if (variable != moduleScope.variables.end()) {
    operand.kind = Operand::Kind::Symbol;
    operand.index = variable->second;
    return parseOffset(operand.offset);
  }
  operand.kind =
      name.starts_with("%") ? Operand::Kind::Special : Operand::Kind::Name;
  operand.name = name;
  return true;
}

bool Parser::parseOperandList(StringRef close, std::vector<Operand> &operands) {
  while (!accept(close)) {
    Operand operand;
    if (!parseOperand(operand))
      return false;
    operands.push_back(std::move(operand));
    if (!token.is(close) && !expect(","))
      return false;
  }
  return true;
}

/// Behind '[': `[%rd1+16]`, `[name]`, `[%rd1, {%r1, %r2}]`.
bool Parser::parseAddress(Operand &operand) {
  operand.kind = Operand::Kind::Address;
  Operand base;
  if (!parseOperand(base) || !parseOffset(operand.offset))
    return false;
  // A constant part of the base belongs to the address.
  operand.offset += base.offset;
  base.offset = 0;
  operand.elements.push_back(std::move(base));
  if (accept(",")) {
    Operand coordinates;
    if (!parseOperand(coordinates))
      return false;
    if (coordinates.kind != Operand::Kind::Vector)
      return failExpected("coordinates in braces");
    for (Operand &coordinate : coordinates.elements)
      operand.elements.push_back(std::move(coordinate));
  }
  return expect("]");
}

bool Parser::parseOperand(Operand &operand) {
  if (accept("!")) {
    if (!parseOperand(operand))
      return false;
    operand.negated = true;
    return true;
  }
  if (accept("[")) {
    return parseAddress(operand);
  }
  if (accept("{")) {
    operand.kind = Operand::Kind::Vector;
    return parseOperandList("}", operand.elements);
  }
  if (accept("(")) {
    operand.kind = Operand::Kind::List;
    return parseOperandList(")", operand.elements);
  }
  bool negative = accept("-");
  if (token.kind == Token::Kind::Number)
    return parseNumber(operand, negative);
  if (negative || token.kind != Token::Kind::Word)
    return failExpected("an operand");
  if (!parseName(operand))
    return false;
  if (accept("|")) {
    Operand first = std::move(operand), second;
    if (!parseOperand(second))
      return false;
    operand = Operand();
    operand.kind = Operand::Kind::Pair;
    operand.elements.push_back(std::move(first));
    operand.elements.push_back(std::move(second));
  }
  return true;
}

} // namespace llsa::ptx

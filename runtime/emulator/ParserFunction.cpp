//===- ParserFunction.cpp - the body of a function --------------*- C++ -*-===//
#include "runtime/emulator/ParserImpl.h"

#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

/// Blocks within each other, which the parser follows by recursion.
static constexpr size_t kMostBlocks = 256;

/// Behind '{', up to and with '}'.
bool Parser::parseBlock() {
  while (!accept("}")) {
    if (accept("{")) {
      if (scopes.size() >= kMostBlocks)
        return fail(token.line, fmt::format("expected blocks within each other "
                                            "at most {} deep, got more",
                                            kMostBlocks));
      scopes.emplace_back();
      if (!parseBlock())
        return false;
      Scope inner = std::move(scopes.back());
      scopes.pop_back();
      if (!resolveLabels(inner, &scopes.back()))
        return false;
      continue;
    }
    bool parsed;
    if (accept(".reg"))
      parsed = parseRegisters();
    else if (accept(".param"))
      parsed = parseVariable(Space::Param, false, nullptr) && expect(";");
    else if (accept(".local"))
      parsed = parseVariable(Space::Local, false, nullptr) && expect(";");
    else if (accept(".shared"))
      parsed = parseVariable(Space::Shared, false, nullptr) && expect(";");
    else if (accept(".global"))
      parsed = parseVariable(Space::Global, false, nullptr) && expect(";");
    else if (accept(".const"))
      parsed = parseVariable(Space::Const, false, nullptr) && expect(";");
    else if (accept(".pragma"))
      parsed = skipTo(";") && expect(";");
    else if (accept(".loc")) {
      // file line column, and perhaps ", function_name L, inlined_at f l c".
      auto skipNumbers = [&] {
        while (token.kind == Token::Kind::Number)
          advance();
      };
      skipNumbers();
      while (accept(",")) {
        advance();
        if (token.kind == Token::Kind::Word)
          advance();
        if (accept("+"))
          advance();
        skipNumbers();
      }
      parsed = true;
    } else
      parsed = parseStatement();
    if (!parsed)
      return false;
  }
  return true;
}

/// `.reg .b32 %r<9>, %x;`
bool Parser::parseRegisters() {
  Type type = token.text.starts_with(".") ? typeNamed(token.text.drop_front())
                                          : Type::None;
  if (type == Type::None)
    return failExpected("a register's type");
  advance();
  do {
    if (token.kind != Token::Kind::Word)
      return failExpected("a register's name");
    StringRef name = token.text;
    advance();
    if (accept("<")) {
      int64_t count;
      if (!parseInteger(count) || !expect(">"))
        return false;
      scopes.back().ranges[name] = {type, uint64_t(count)};
      continue;
    }
    scopes.back().registers[name] = uint32_t(function->registers.size());
    function->registers.push_back({name.str(), type});
  } while (accept(","));
  return expect(";");
}

/// Behind `name:`, at `.branchtargets A, B;`
bool Parser::parseBranchTable(StringRef name) {
  BranchTable table{name.str(), {}};
  do {
    LabelUse use{token.text, token.line, 0, int(function->tables.size()),
                 uint32_t(table.targets.size())};
    scopes.back().uses.push_back(use);
    table.targets.push_back(0);
    advance();
  } while (accept(","));
  function->tables.push_back(std::move(table));
  return expect(";");
}

bool Parser::parseStatement() {
  if (accept(";")) // an empty statement
    return true;
  Statement statement;
  if (accept("@")) {
    statement.guarded = true;
    statement.guardNegated = accept("!");
    Operand guard;
    if (!parseOperand(guard))
      return false;
    if (guard.kind != Operand::Kind::Register)
      return fail(token.line, "expected a predicate register behind '@'");
    statement.guard = guard.index;
  }
  if (token.kind != Token::Kind::Word)
    return failExpected("an instruction");
  Token head = token;
  advance();
  if (!statement.guarded && accept(":")) {
    if (accept(".branchtargets"))
      return parseBranchTable(head.text);
    if (token.is(".callprototype") || token.is(".calltargets"))
      return skipTo(";") && expect(";");
    if (!scopes.back()
             .labels
             .try_emplace(head.text, uint32_t(function->statements.size()))
             .second)
      return fail(head.line,
                  fmt::format("label '{}' is defined twice", head.text.str()));
    return true;
  }
  statement.line = head.line;
  head.text.split(statement.parts, '.');
  if (!token.is(";"))
    do {
      Operand operand;
      if (!parseOperand(operand))
        return false;
      statement.operands.push_back(std::move(operand));
    } while (accept(","));
  if (!token.is(";"))
    return failExpected("',' or ';'");
  statement.text =
      StringRef(head.text.data(), size_t(token.text.data() - head.text.data()))
          .rtrim();
  if (statement.opcode() == "bra") {
    if (statement.operands.empty() ||
        statement.operands[0].kind != Operand::Kind::Name)
      return fail(head.line, "expected a label behind 'bra'");
    scopes.back().uses.push_back({statement.operands[0].name, head.line,
                                  uint32_t(function->statements.size())});
  }
  function->statements.push_back(std::move(statement));
  return expect(";");
}

/// Resolves what `scope` defines; other uses are left to its parent.
bool Parser::resolveLabels(Scope &scope, Scope *parent) {
  for (const LabelUse &use : scope.uses) {
    auto label = scope.labels.find(use.name);
    if (label != scope.labels.end()) {
      if (use.table >= 0) {
        function->tables[size_t(use.table)].targets[use.entry] = label->second;
        continue;
      }
      Operand &operand = function->statements[use.statement].operands[0];
      operand.kind = Operand::Kind::Label;
      operand.index = label->second;
    } else if (parent) {
      parent->uses.push_back(use);
    } else {
      return fail(use.line,
                  fmt::format("there is no label '{}'", use.name.str()));
    }
  }
  return true;
}

} // namespace llsa::ptx

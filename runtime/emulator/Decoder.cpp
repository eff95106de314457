//===- Decoder.cpp - functions, statements, calls ---------------*- C++ -*-===//
#include "runtime/emulator/Decoder.h"

#include "runtime/emulator/Instructions.h"
#include "llvm/Support/MathExtras.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

bool Decoder::has(StringRef modifier) const {
  return llvm::is_contained(drop_begin(statement->parts), modifier);
}

Type Decoder::type(unsigned index) const {
  for (StringRef part : drop_begin(statement->parts))
    if (Type type = typeNamed(part); type != Type::None && index-- == 0)
      return type;
  return Type::None;
}

Type Decoder::lastType() const {
  for (StringRef part : reverse(drop_begin(statement->parts)))
    if (Type type = typeNamed(part); type != Type::None)
      return type;
  return Type::None;
}

Space Decoder::space() const {
  for (StringRef part : drop_begin(statement->parts)) {
    if (part == "global")
      return Space::Global;
    if (part.starts_with("shared"))
      return Space::Shared;
    if (part == "local")
      return Space::Local;
    if (part.starts_with("param"))
      return Space::Param;
    if (part == "const")
      return Space::Const;
  }
  return Space::Generic;
}

const Operand &Decoder::operand(size_t index) const {
  static const Operand none;
  return index < count() ? statement->operands[index] : none;
}

bool Decoder::fail(const std::string &message) {
  if (error.empty())
    error = fmt::format("PTX line {} ('{}'): {}", statement->line,
                        oneLine(statement->text), message);
  return false;
}

bool Decoder::expectOperands(size_t least, size_t most) {
  if (count() >= least && count() <= most)
    return true;
  return fail(least == most
                  ? fmt::format("expected {} operands, got {}", least, count())
                  : fmt::format("expected {} to {} operands, got {}", least,
                                most, count()));
}

bool Decoder::inEntry() const { return current == entryNumber; }

uint32_t Decoder::functionNumber(const FunctionSyntax &syntax) {
  for (uint32_t f = 0; f < functions.size(); ++f)
    if (functions[f].syntax == &syntax)
      return f;
  functions.push_back({});
  functions.back().syntax = &syntax;
  return uint32_t(functions.size() - 1);
}

bool Decoder::decode(const FunctionSyntax &entry) {
  if (draft) {
    places = draft->places;
    for (const Function &known : draft->functions) {
      Function &function = functions.emplace_back();
      function.syntax = known.syntax;
      function.registers =
          allocateRegisters(*known.syntax, known.uses, kernel.registerBytes);
      function.firstNumber = uint32_t(kernel.registerNames.size());
      for (const Register &reg : known.syntax->registers)
        kernel.registerNames.push_back(reg.name);
    }
    // Callees first: lanes at the lowest instruction run first (Warp.h), so a
    // function's lanes are back before their caller goes on.
    for (uint32_t f = uint32_t(functions.size()); f-- > 0;)
      if (!decodeFunction(f))
        return false;
  } else {
    layOutParameters(entry);
    functionNumber(entry);
    for (uint32_t f = 0; f < functions.size(); ++f)
      if (!decodeFunction(f))
        return false;
    // All dynamic variables name one place.
    uint64_t align = 1;
    for (uint32_t variable : dynamicShared)
      align = std::max(align, module.variables[variable].align);
    kernel.dynamicSharedStart =
        uint32_t(alignTo(kernel.staticSharedBytes, align));
    for (uint32_t variable : dynamicShared)
      places[variable].address = kernel.dynamicSharedStart;
    std::vector<uint32_t> path;
    if (!checkRecursion(entryNumber, path))
      return false;
  }
  for (const Fixup &call : calls)
    kernel.code[call.where].target = functions[call.label].start;
  kernel.namedStart.push_back(uint32_t(kernel.named.size()));
  kernel.start = functions[entryNumber].start;
  kernel.returnSites = uint32_t(functions.size());
  return true;
}

bool Decoder::checkRecursion(uint32_t function, std::vector<uint32_t> &path) {
  if (is_contained(path, function)) {
    error = fmt::format("function '{}': recursive calls are not supported",
                        functions[function].syntax->name);
    return false;
  }
  path.push_back(function);
  for (uint32_t callee : functions[function].callees)
    if (!checkRecursion(callee, path))
      return false;
  path.pop_back();
  return true;
}

bool Decoder::decodeFunction(uint32_t number) {
  current = number;
  const FunctionSyntax &syntax = *functions[number].syntax;
  functions[number].start = uint32_t(kernel.code.size());
  functions[number].predicates.assign(syntax.registers.size(), 0);
  statementStart.clear();
  fixups.clear();
  for (statementNumber = 0; statementNumber < syntax.statements.size();
       ++statementNumber) {
    statementStart.push_back(uint32_t(kernel.code.size()));
    if (!decodeStatement(syntax.statements[statementNumber]))
      return false;
  }
  // A function ends with an implicit `ret`, and a label may stand before it.
  static const Statement implicitReturn = [] {
    Statement ret;
    ret.text = "ret";
    ret.parts.push_back("ret");
    return ret;
  }();
  statementStart.push_back(uint32_t(kernel.code.size()));
  if (!decodeStatement(implicitReturn))
    return false;
  for (const Fixup &fixup : fixups) {
    if (fixup.kind == Fixup::Kind::Target)
      kernel.code[fixup.where].target = statementStart[fixup.label];
    else
      kernel.pool[fixup.where] = statementStart[fixup.label];
  }
  return true;
}

bool Decoder::decodeStatement(const Statement &s) {
  statement = &s;
  out = Instruction();
  temporariesUsed = 0;
  kernel.sources.push_back(&s);
  kernel.namedStart.push_back(uint32_t(kernel.named.size()));
  GroupDecoder group = groupDecoder(s.opcode());
  if (!group)
    return fail(fmt::format("unknown instruction '{}'", s.opcode().str()));
  if (!group(*this) && error.empty())
    unsupported();
  return error.empty();
}

bool Decoder::finish(Handler run) {
  if (failed() || !run)
    return false;
  out.run = run;
  out.statement = uint32_t(kernel.sources.size() - 1);
  if (out.extraCount)
    out.extra = uint32_t(kernel.pool.size()) - out.extraCount;
  if (statement->guarded) {
    Operand guard;
    guard.kind = Operand::Kind::Register;
    guard.index = statement->guard;
    out.guard = predicateSource(guard);
    if (failed())
      return false;
    out.guardInverted = statement->guardNegated ? kAllLanes : 0;
  }
  for (Instruction &instruction : before)
    kernel.code.push_back(instruction);
  kernel.code.push_back(out);
  for (Instruction &instruction : behind) {
    instruction.guard = out.guard;
    instruction.guardInverted = out.guardInverted;
    kernel.code.push_back(instruction);
  }
  for (Fixup &fixup : fixups)
    if (fixup.kind == Fixup::Kind::Target && fixup.where == ~0u)
      fixup.where = uint32_t(kernel.code.size() - 1 - behind.size());
  for (Fixup &call : calls)
    if (call.where == ~0u)
      call.where = uint32_t(kernel.code.size() - 1 - behind.size());
  before.clear();
  behind.clear();
  out = Instruction();
  return true;
}

void Decoder::branchTo(uint32_t label) {
  fixups.push_back({Fixup::Kind::Target, ~0u, label});
}

bool Decoder::branchTable(StringRef name) {
  for (const BranchTable &table : functions[current].syntax->tables) {
    if (table.name != name)
      continue;
    for (uint32_t label : table.targets) {
      fixups.push_back(
          {Fixup::Kind::Pool, uint32_t(kernel.pool.size()), label});
      extra(0);
    }
    return true;
  }
  return fail(fmt::format("there is no branch table '{}'", name.str()));
}

const FunctionSyntax *Decoder::functionNamed(StringRef name, uint32_t &number) {
  const FunctionSyntax *function = module.function(name);
  if (!function) {
    fail(fmt::format("there is no function '{}'", name.str()));
    return nullptr;
  }
  number = functionNumber(*function);
  return function;
}

void Decoder::callTo(uint32_t number) {
  functions[current].callees.push_back(number);
  calls.push_back({Fixup::Kind::Call, ~0u, number});
}

Expected<std::shared_ptr<const Kernel>>
decodeKernel(std::shared_ptr<const ModuleSyntax> module, StringRef name) {
  const FunctionSyntax *entry = module->function(name);
  if (!entry || !entry->isEntry)
    return createStringError(
        inconvertibleErrorCode(),
        fmt::format("the module has no entry '{}'", name.str()));
  auto fail = [&](const std::string &message) {
    return createStringError(
        inconvertibleErrorCode(),
        fmt::format("kernel '{}': {}", name.str(), message));
  };
  auto draftKernel = std::make_shared<Kernel>();
  draftKernel->module = module;
  draftKernel->name = name.str();
  Decoder draft(*draftKernel, nullptr);
  if (!draft.decode(*entry))
    return fail(draft.error);

  auto kernel = std::make_shared<Kernel>();
  kernel->module = module;
  kernel->name = name.str();
  kernel->parameters = draftKernel->parameters;
  kernel->parameterBytes = draftKernel->parameterBytes;
  kernel->localBytes = draftKernel->localBytes;
  kernel->staticSharedBytes = draftKernel->staticSharedBytes;
  kernel->dynamicSharedStart = draftKernel->dynamicSharedStart;
  kernel->sharedGranule = draftKernel->sharedGranule;
  kernel->moduleVariables = draftKernel->moduleVariables;
  Decoder decoder(*kernel, &draft);
  if (!decoder.decode(*entry))
    return fail(decoder.error);
  return kernel;
}

} // namespace llsa::ptx

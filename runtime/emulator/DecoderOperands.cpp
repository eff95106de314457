//===- DecoderOperands.cpp - operands to slots, variables to places -------===//
#include "runtime/emulator/Decoder.h"

#include "runtime/emulator/AddressSpace.h"
#include "runtime/emulator/Resize.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

unsigned Decoder::registerBytes(const Operand &operand) const {
  if (operand.kind != Operand::Kind::Register)
    return 0;
  return bytesOf(functions[current].syntax->registers[operand.index].type);
}

bool Decoder::isPredicate(const Operand &operand) const {
  return operand.kind == Operand::Kind::Register &&
         functions[current].syntax->registers[operand.index].type == Type::Pred;
}

bool Decoder::integer(size_t index, int64_t &value) {
  const Operand &operand = this->operand(index);
  if (operand.kind != Operand::Kind::Integer)
    return fail(fmt::format("expected operand {} to be an integer", index));
  value = int64_t(operand.bits);
  return true;
}

Slot Decoder::registerSlot(const Operand &operand, bool reads, bool writes) {
  Function &function = functions[current];
  if (!draft) {
    // Lanes whose guard is false keep their value.
    function.uses.push_back(
        {statementNumber, operand.index, reads || statement->guarded, writes});
    // The draft is never run; any slot does.
    return 0;
  }
  kernel.named.push_back({function.firstNumber + operand.index, reads, writes,
                          uint8_t(registerBytes(operand))});
  return function.registers.slots[operand.index];
}

Slot Decoder::specialSlot(StringRef name, unsigned &bytes) {
  bytes =
      name == "%clock64" || name == "%globaltimer" || name == "%gridid" ? 8 : 4;
  if (!isSpecialRegister(name)) {
    fail(fmt::format("unknown register '{}'", name.str()));
    return 0;
  }
  auto [it, isNew] = specialSlots.try_emplace(name, kernel.registerBytes);
  if (isNew) {
    kernel.registerBytes += bytes * kLanes;
    kernel.specials.push_back({name.str(), it->second});
  }
  return it->second;
}

void Decoder::emitResize(Slot from, unsigned fromBytes, Slot to,
                         unsigned toBytes, bool isSigned,
                         std::vector<Instruction> &list) {
  Instruction instruction;
  instruction.run = resizeHandler(fromBytes, toBytes, isSigned);
  instruction.dst = to;
  instruction.a = from;
  instruction.statement = uint32_t(kernel.sources.size() - 1);
  list.push_back(instruction);
}

Slot Decoder::source(const Operand &operand, Type type) {
  unsigned want = bytesOf(type), have = 0;
  Slot slot = 0;
  switch (operand.kind) {
  case Operand::Kind::Register:
    have = registerBytes(operand);
    if (have == 0) {
      fail("expected a register that is no predicate");
      return 0;
    }
    slot = registerSlot(operand, true, false);
    break;
  case Operand::Kind::Special:
    slot = specialSlot(operand.name, have);
    break;
  case Operand::Kind::Integer:
    return constant(operand.bits, want);
  case Operand::Kind::Float32:
    if (want == 4)
      return constant(operand.bits, 4);
    fail("a 32-bit float does not fit here");
    return 0;
  case Operand::Kind::Float64:
    if (type == Type::F32)
      return constant(
          llvm::bit_cast<uint32_t>(float(llvm::bit_cast<double>(operand.bits))),
          4);
    if (want == 8)
      return constant(operand.bits, 8);
    fail("a 64-bit float does not fit here");
    return 0;
  case Operand::Kind::Symbol: {
    const Place &where = place(operand.index);
    return constant(where.address + uint64_t(operand.offset), want);
  }
  default:
    fail("expected a register or a constant");
    return 0;
  }
  if (have == want)
    return slot;
  Slot converted = temporary(want);
  emitResize(slot, have, converted, want, isSigned(type), before);
  return converted;
}

Slot Decoder::destination(const Operand &operand, Type type) {
  unsigned want = bytesOf(type);
  if (operand.kind == Operand::Kind::Sink)
    return temporary(want);
  unsigned have = registerBytes(operand);
  if (have == 0) {
    fail("expected a register to write to");
    return 0;
  }
  Slot slot = registerSlot(operand, false, true);
  if (have == want)
    return slot;
  if (have < want) {
    fail(fmt::format("a value of {} bytes does not fit into a register of {}",
                     want, have));
    return 0;
  }
  Slot narrow = temporary(want);
  emitResize(narrow, want, slot, have, isSigned(type), behind);
  return narrow;
}

Slot Decoder::readWrite(const Operand &operand, Type type) {
  if (registerBytes(operand) != bytesOf(type)) {
    fail(fmt::format("expected a register of {} bytes", bytesOf(type)));
    return 0;
  }
  return registerSlot(operand, true, true);
}

PredicateUse Decoder::predicateSource(const Operand &operand) {
  PredicateUse negated = operand.negated ? kNegated : 0;
  if (operand.kind == Operand::Kind::Integer)
    return (operand.bits ? kTrue : kFalse) ^ negated;
  if (!isPredicate(operand)) {
    fail("expected a predicate");
    return kFalse;
  }
  return predicateDestination(operand) | negated;
}

uint32_t Decoder::predicateDestination(const Operand &operand) {
  if (operand.kind == Operand::Kind::Sink)
    return kernel.predicates++;
  if (!isPredicate(operand)) {
    fail("expected a predicate");
    return kFalse;
  }
  uint32_t &number = functions[current].predicates[operand.index];
  if (number == 0)
    number = kernel.predicates++;
  return number;
}

Slot Decoder::constant(uint64_t bits, unsigned bytes) {
  if (bytes < 8)
    bits &= (uint64_t(1) << (8 * bytes)) - 1;
  auto [it, isNew] = constantSlots.try_emplace({bits, bytes}, 0);
  if (isNew) {
    it->second = kConstantSlot | uint32_t(kernel.constants.size());
    for (unsigned lane = 0; lane < kLanes; ++lane)
      for (unsigned byte = 0; byte < bytes; ++byte)
        kernel.constants.push_back(uint8_t(bits >> (8 * byte)));
  }
  return it->second;
}

Slot Decoder::temporary(unsigned bytes) {
  if (temporariesUsed == temporaries.size()) {
    temporaries.push_back(kernel.registerBytes);
    kernel.registerBytes += 8 * kLanes;
  }
  return temporaries[temporariesUsed++];
}

void Decoder::extra(uint32_t value) {
  kernel.pool.push_back(value);
  ++out.extraCount;
}

Space Decoder::address(const Operand &operand, Space space) {
  if (operand.kind != Operand::Kind::Address) {
    fail("expected an address in brackets");
    return space;
  }
  const Operand &base = operand.elements.front();
  out.immediate = operand.offset;
  switch (base.kind) {
  case Operand::Kind::Symbol: {
    const Place &where = place(base.index);
    out.a = kNoSlot;
    // A generic access to a named variable is one to the variable's space.
    space = where.space;
    out.immediate += int64_t(where.address);
    break;
  }
  case Operand::Kind::Integer:
    out.a = kNoSlot;
    out.immediate += int64_t(base.bits);
    break;
  case Operand::Kind::Register:
    if (registerBytes(base) == 4)
      out.a = source(base, Type::U32) | kNarrowBase;
    else
      out.a = source(base, Type::U64);
    break;
  default:
    fail("expected a register, a variable or a number in brackets");
  }
  return space;
}

Slot Decoder::addressSlot(const Operand &operand, Space space) {
  Instruction outer = out;
  out = Instruction();
  Space actual = address(operand, space);
  Slot base = out.a;
  int64_t offset = out.immediate;
  out = outer;
  if (failed())
    return 0;
  if (actual != space && !(space == Space::Generic && actual == Space::Global))
    fail(fmt::format("expected an address in {} memory", nameOf(space).str()));
  if (base == kNoSlot)
    return constant(uint64_t(offset), 8);
  Slot slot = temporary(8);
  Instruction instruction;
  instruction.run =
      base & kNarrowBase && base != kNoSlot ? addOffset32 : addOffset64;
  instruction.dst = slot;
  instruction.a = base & ~kNarrowBase;
  instruction.immediate = offset;
  instruction.statement = uint32_t(kernel.sources.size() - 1);
  before.push_back(instruction);
  return slot;
}

void Decoder::noteSharedAccess(unsigned bytes) {
  kernel.sharedGranule = std::min(kernel.sharedGranule, bytes);
}

void Decoder::layOutParameters(const FunctionSyntax &entry) {
  for (uint32_t variable : entry.parameters) {
    const Variable &v = module.variables[variable];
    uint32_t offset = uint32_t(alignTo(kernel.parameterBytes, v.align));
    places[variable] = {Space::Param, offset};
    kernel.parameters.push_back({v.name, offset, uint32_t(v.bytes)});
    kernel.parameterBytes = offset + uint32_t(v.bytes);
  }
}

const Decoder::Place &Decoder::place(uint32_t variable) {
  auto known = places.find(variable);
  if (known != places.end())
    return known->second;
  const Variable &v = module.variables[variable];
  Place place{v.space, 0};
  auto append = [&](uint32_t &bytes) {
    place.address = alignTo(bytes, v.align);
    bytes = uint32_t(place.address + v.bytes);
  };
  switch (v.space) {
  case Space::Shared:
    if (v.dynamic)
      dynamicShared.push_back(variable); // placed behind all others, at the end
    else
      append(kernel.staticSharedBytes);
    break;
  case Space::Local:
  case Space::Param: // of a function: a part of each lane's frame
    place.space = Space::Local;
    append(kernel.localBytes);
    break;
  default:
    place.address = moduleVariableAddress(kernel.moduleVariables.size());
    kernel.moduleVariables.push_back({variable, place.address});
    if (kernel.moduleVariables.size() > kMostModuleVariables)
      fail(fmt::format("expected at most {} global variables",
                       kMostModuleVariables));
  }
  return places[variable] = place;
}

bool Decoder::frameOffset(uint32_t variable, uint32_t &offset) {
  const Place &where = place(variable);
  if (where.space != Space::Local)
    return fail("expected a parameter of a function");
  offset = uint32_t(where.address);
  return true;
}

} // namespace llsa::ptx

//===- WgmmaRegisters.cpp ---------------------------------------*- C++ -*-===//
#include "runtime/emulator/WgmmaRegisters.h"

#include <fmt/format.h>
#include <optional>

using namespace llvm;

namespace llsa::ptx {

static ArrayRef<NamedRegister> namedBy(const Kernel &kernel,
                                       const Instruction &instruction) {
  uint32_t first = kernel.namedStart[instruction.statement];
  uint32_t last = kernel.namedStart[instruction.statement + 1];
  return ArrayRef(kernel.named).slice(first, last - first);
}

void WgmmaRegisters::issue(const Kernel &kernel, const Instruction &instruction,
                           uint32_t step) {
  for (const NamedRegister &reg : namedBy(kernel, instruction))
    if (reg.bytes == 4) // descriptors have 8, and are read at once
      used[reg.number] = {step, instruction.statement, reg.writes};
}

void WgmmaRegisters::waited(int64_t step) {
  for (auto it = used.begin(); it != used.end();)
    it = int64_t(it->second.step) <= step ? used.erase(it) : std::next(it);
}

std::string WgmmaRegisters::check(const Kernel &kernel,
                                  const Instruction &instruction) {
  const Statement &statement = *kernel.sources[instruction.statement];
  if (statement.opcode() == "wgmma")
    return "";
  if (statement.opcode() == "mov") {
    std::optional<Use> use;
    for (const NamedRegister &reg : namedBy(kernel, instruction))
      if (auto it = used.find(reg.number); reg.reads && it != used.end())
        use = it->second;
    for (const NamedRegister &reg : namedBy(kernel, instruction)) {
      if (!reg.writes)
        continue;
      used.erase(reg.number);
      if (use && use->accumulates)
        used[reg.number] = *use;
    }
    return "";
  }
  for (const NamedRegister &reg : namedBy(kernel, instruction)) {
    auto it = used.find(reg.number);
    if (it == used.end() || !(reg.writes || it->second.accumulates))
      continue;
    return fmt::format(
        "{} {}, {} the wgmma at PTX line {}, which was not waited for",
        reg.writes ? "writes" : "reads", kernel.registerNames[reg.number],
        it->second.accumulates ? "an accumulator of" : "an operand of",
        kernel.sources[it->second.statement]->line);
  }
  return "";
}

} // namespace llsa::ptx

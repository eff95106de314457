//===- RegisterAllocation.cpp -----------------------------------*- C++ -*-===//
#include "runtime/emulator/RegisterAllocation.h"

#include "llvm/ADT/BitVector.h"
#include <algorithm>
#include <set>

using namespace llvm;

namespace llsa::ptx {

namespace {

/// A run of statements that is entered at its first and left at its last.
struct Block {
  uint32_t begin, end;
  SmallVector<uint32_t, 2> successors;
  BitVector liveIn;
};

/// Statements that end a block, and where they lead besides the next one.
bool endsBlock(const Statement &s) {
  return s.opcode() == "bra" || s.opcode() == "brx" || s.opcode() == "ret" ||
         s.opcode() == "exit" || s.opcode() == "trap";
}

SmallVector<uint32_t, 4> targetsOf(const FunctionSyntax &function,
                                   const Statement &s) {
  if (s.opcode() == "bra")
    return {s.operands[0].index};
  SmallVector<uint32_t, 4> targets;
  if (s.opcode() == "brx")
    for (const BranchTable &table : function.tables)
      targets.append(table.targets.begin(), table.targets.end());
  return targets;
}

std::vector<Block> blocksOf(const FunctionSyntax &function) {
  uint32_t count = uint32_t(function.statements.size());
  std::set<uint32_t> starts = {0, count};
  for (uint32_t s = 0; s < count; ++s) {
    if (!endsBlock(function.statements[s]))
      continue;
    starts.insert(s + 1);
    for (uint32_t target : targetsOf(function, function.statements[s]))
      starts.insert(target);
  }
  std::vector<Block> blocks;
  std::vector<uint32_t> blockOf(count + 1, 0);
  for (auto it = starts.begin(); *it != count; ++it) {
    blockOf[*it] = uint32_t(blocks.size());
    blocks.push_back({*it, *std::next(it), {}, {}});
  }
  for (Block &block : blocks) {
    const Statement &last = function.statements[block.end - 1];
    for (uint32_t target : targetsOf(function, last))
      if (target < count)
        block.successors.push_back(blockOf[target]);
    if ((!endsBlock(last) || last.guarded) && block.end < count)
      block.successors.push_back(blockOf[block.end]);
  }
  return blocks;
}

struct Interval {
  uint32_t reg;
  uint32_t first = ~0u;
  uint32_t last = 0;
  void include(uint32_t statement) {
    first = std::min(first, statement);
    last = std::max(last, statement);
  }
};

} // namespace

RegisterMap allocateRegisters(const FunctionSyntax &function,
                              const std::vector<RegisterUse> &uses,
                              uint32_t &registerBytes) {
  size_t registers = function.registers.size();
  RegisterMap map;
  map.slots.assign(registers, kNoSlot);
  if (function.statements.empty())
    return map;

  // Per statement, the range of its uses; they come in order of statements.
  std::vector<uint32_t> firstUse(function.statements.size() + 1, 0);
  for (const RegisterUse &use : uses)
    ++firstUse[use.statement + 1];
  for (size_t s = 1; s < firstUse.size(); ++s)
    firstUse[s] += firstUse[s - 1];

  // Liveness: backwards until nothing changes.
  std::vector<Block> blocks = blocksOf(function);
  for (Block &block : blocks)
    block.liveIn.resize(unsigned(registers));
  for (bool changed = true; changed;) {
    changed = false;
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      BitVector live(unsigned(registers), false);
      for (uint32_t successor : block->successors)
        live |= blocks[successor].liveIn;
      for (uint32_t s = block->end; s-- > block->begin;) {
        for (uint32_t u = firstUse[s]; u < firstUse[s + 1]; ++u)
          if (uses[u].writes)
            live.reset(uses[u].reg);
        for (uint32_t u = firstUse[s]; u < firstUse[s + 1]; ++u)
          if (uses[u].reads)
            live.set(uses[u].reg);
      }
      if (live != block->liveIn) {
        block->liveIn = std::move(live);
        changed = true;
      }
    }
  }

  std::vector<Interval> intervals(registers);
  for (uint32_t r = 0; r < registers; ++r)
    intervals[r].reg = r;
  for (const RegisterUse &use : uses)
    intervals[use.reg].include(use.statement);
  for (const Block &block : blocks) {
    for (unsigned reg : block.liveIn.set_bits())
      intervals[reg].include(block.begin);
    for (uint32_t successor : block.successors)
      for (unsigned reg : blocks[successor].liveIn.set_bits())
        intervals[reg].include(block.end - 1);
  }

  // Linear scan. A slot is free again behind its last statement, so that no
  // statement's result overlaps its operands.
  llvm::erase_if(intervals, [&](const Interval &interval) {
    return interval.first == ~0u ||
           function.registers[interval.reg].type == Type::Pred;
  });
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval &a, const Interval &b) {
              return std::tie(a.first, a.reg) < std::tie(b.first, b.reg);
            });
  std::set<std::pair<uint32_t, uint32_t>> active; // (last, register)
  std::vector<Slot> freeSlots[17];
  for (const Interval &interval : intervals) {
    while (!active.empty() && active.begin()->first < interval.first) {
      uint32_t reg = active.begin()->second;
      freeSlots[bytesOf(function.registers[reg].type)].push_back(
          map.slots[reg]);
      active.erase(active.begin());
    }
    unsigned bytes = bytesOf(function.registers[interval.reg].type);
    if (freeSlots[bytes].empty()) {
      map.slots[interval.reg] = registerBytes;
      registerBytes += bytes * kLanes;
    } else {
      map.slots[interval.reg] = freeSlots[bytes].back();
      freeSlots[bytes].pop_back();
    }
    active.insert({interval.last, interval.reg});
  }
  return map;
}

} // namespace llsa::ptx

//===- MBarrier.cpp - mbarrier's state --------------------------*- C++ -*-===//
#include "runtime/emulator/MBarrier.h"

#include "runtime/emulator/Cta.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

int MBarrierSet::find(uint32_t address, bool make) {
  for (size_t b = 0; b < barriers.size(); ++b)
    if (barriers[b].address == address)
      return int(b);
  if (!make || barriers.size() == SharedMemoryChecker::kMostMBarriers)
    return -1;
  barriers.emplace_back();
  barriers.back().address = address;
  return int(barriers.size() - 1);
}

std::string MBarrierSet::arrive(int number, uint32_t count, unsigned warp,
                                Step copies) {
  MBarrier &barrier = barriers[size_t(number)];
  if (int64_t(count) > barrier.pending)
    return fmt::format("{} arrivals at an mbarrier whose phase takes {} more",
                       count, barrier.pending);
  SharedMemoryChecker &checker = cta.shared.checker;
  checker.release(warp, barrier.arriving);
  Step &copied = barrier.arriving.seen[checker.copyActor(warp)];
  copied = std::max(copied, copies);
  barrier.pending -= count;
  completePhase(number);
  return "";
}

void MBarrierSet::expectBytes(int number, int64_t bytes) {
  barriers[size_t(number)].bytes += bytes;
}

void MBarrierSet::completeBytes(int number, int64_t bytes) {
  barriers[size_t(number)].bytes -= bytes;
  completePhase(number);
}

void MBarrierSet::completePhase(int number) {
  MBarrier &barrier = barriers[size_t(number)];
  if (barrier.pending != 0 || barrier.bytes != 0)
    return;
  SharedMemoryChecker &checker = cta.shared.checker;
  // Who sees this phase complete sees its copies.
  Step &copies = barrier.arriving.seen[checker.mbarrierActor(unsigned(number))];
  copies = std::max(copies, barrier.copyStep);
  barrier.completed.join(barrier.arriving);
  barrier.arriving.clear();
  checker.noteStep(++barrier.copyStep);
  barrier.pending = barrier.count;
  ++barrier.phase;
  ++cta.progress;
}

std::string MBarrierSet::describe() const {
  std::string text;
  for (const MBarrier &barrier : barriers)
    if (barrier.valid)
      text +=
          fmt::format("{}mbarrier at {:#x}: phase {}, {} of {} arrivals "
                      "and {} bytes to come",
                      text.empty() ? "" : "; ", barrier.address, barrier.phase,
                      barrier.pending, barrier.count, barrier.bytes);
  return text;
}

int mbarrierAt(Warp &w, const Instruction &i, unsigned lane, uint64_t address) {
  Cta &cta = w.cta;
  if (!cta.shared.contains(address, 8)) {
    w.fault(i, lane,
            fmt::format("an mbarrier at shared address {:#x}, outside the {} "
                        "bytes of shared memory",
                        address, cta.shared.bytes));
    return -1;
  }
  if (address % 8 != 0) {
    w.fault(i, lane,
            fmt::format("an mbarrier at shared address {:#x}, which is not a "
                        "multiple of 8",
                        address));
    return -1;
  }
  int number = cta.mbarriers.find(uint32_t(address), false);
  if (number < 0 || !cta.mbarriers[number].valid) {
    w.fault(i, lane,
            fmt::format("there is no initialised mbarrier at shared address "
                        "{:#x}",
                        address));
    return -1;
  }
  SharedMemoryChecker::Access access =
      cta.shared.checker.ordinary(w.index, lane, i);
  access.atomic = true;
  std::string wrong = cta.shared.checker.useMBarrier(access, uint32_t(address));
  if (!wrong.empty()) {
    w.fault(i, lane, wrong);
    return -1;
  }
  return number;
}

} // namespace llsa::ptx

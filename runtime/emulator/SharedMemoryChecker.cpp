//===- SharedMemoryChecker.cpp ----------------------------------*- C++ -*-===//
#include "runtime/emulator/SharedMemoryChecker.h"

#include "llvm/Support/MathExtras.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

/// Beyond this step, memory of earlier CTAs is forgotten the slow way.
static constexpr Step kMostSteps = Step(1) << 31;

SharedMemoryChecker::SharedMemoryChecker(const Kernel &kernel, uint32_t bytes,
                                         unsigned warps)
    : kernel(kernel), warps(warps), shift(Log2_32(kernel.sharedGranule)) {
  size_t cells = (size_t(bytes) >> shift) + 1;
  writes.assign(cells, 0);
  writeStatements.assign(cells, 0);
  reads.resize(actors() + warps);
  known.resize(warps);
  fenced.resize(warps);
  acquirable.resize(warps);
  copiesSeenByAll.resize(warps);
}

void SharedMemoryChecker::start() {
  base = latest;
  for (const Knowledge &knowledge : known)
    if (!knowledge.empty())
      base = std::max(base, knowledge.seen.latest());
  if (base > kMostSteps) {
    base = latest = 0;
    std::fill(writes.begin(), writes.end(), 0);
    for (std::vector<Step> &steps : reads)
      std::fill(steps.begin(), steps.end(), 0);
  }
  for (unsigned warp = 0; warp < warps; ++warp) {
    known[warp].seen.reset(actors(), base);
    known[warp].proxySeen.reset(actors(), base);
    known[warp].seen[warp] = base + 1;
    fenced[warp].clear();
    acquirable[warp].clear();
    copiesSeenByAll[warp] = base;
  }
  strong.clear();
}

bool SharedMemoryChecker::isOrdered(const Access &access, Epoch write) const {
  const Knowledge &knowledge = known[access.warp];
  Actor actor = actorOf(write);
  // Bulk copies are in the asynchronous proxy themselves: no fence is needed.
  bool needsFence = access.asynchronous && actor < 2 * warps;
  const VectorClock &clock = needsFence ? knowledge.proxySeen : knowledge.seen;
  if (clock[actor] < stepOf(write))
    return access.atomic && atomicOf(write);
  // A lane sees its own copies once it has waited, others only after a barrier.
  if (actor == copyActor(access.warp) && laneOf(write) != access.lane)
    return copiesSeenByAll[access.warp] >= stepOf(write);
  return true;
}

void SharedMemoryChecker::noteReads(const Access &access, uint32_t first,
                                    uint32_t last) {
  size_t reader = access.atomic ? actors() + access.warp : access.actor;
  std::vector<Step> &steps = reads[reader];
  if (steps.empty()) {
    steps.assign(writes.size(), 0);
    readers.push_back(reader);
  }
  std::fill(steps.begin() + first, steps.begin() + last + 1, access.step);
}

std::string SharedMemoryChecker::read(const Access &access, uint32_t address,
                                      uint32_t bytes) {
  uint32_t first = address >> shift, last = (address + bytes - 1) >> shift;
  Epoch fine = ~Epoch(0); // the last one that was found to be ordered
  for (uint32_t cell = first; cell <= last; ++cell) {
    Epoch write = writes[cell];
    if (write == fine)
      continue;
    if (stepOf(write) <= base || !isOrdered(access, write))
      return explain(access, true, cell, address, bytes);
    fine = write;
  }
  noteReads(access, first, last);
  return "";
}

std::string SharedMemoryChecker::write(const Access &access, uint32_t address,
                                       uint32_t bytes) {
  uint32_t first = address >> shift, last = (address + bytes - 1) >> shift;
  Epoch fine = ~Epoch(0);
  for (uint32_t cell = first; cell <= last; ++cell) {
    Epoch write = writes[cell];
    if (write == fine)
      continue;
    if (stepOf(write) > base && !isOrdered(access, write))
      return explain(access, false, cell, address, bytes);
    fine = write;
  }
  const VectorClock &seen = known[access.warp].seen;
  for (size_t reader : readers) {
    bool isAtomic = reader >= actors();
    Actor actor = Actor(isAtomic ? reader - actors() : reader);
    if (actor == access.warp || (isAtomic && access.atomic))
      continue;
    const Step *steps = reads[reader].data();
    Step limit = seen[actor];
    bool race = false;
    for (uint32_t cell = first; cell <= last; ++cell)
      race |= steps[cell] > limit;
    if (race)
      return fmt::format("writes {} bytes at shared address {:#x}, which {} "
                         "reads with nothing that orders the two",
                         bytes, address, actorText(actor, kManyLanes));
  }
  std::fill(writes.begin() + first, writes.begin() + last + 1, epochOf(access));
  std::fill(writeStatements.begin() + first, writeStatements.begin() + last + 1,
            access.statement);
  return "";
}

std::string SharedMemoryChecker::useMBarrier(const Access &access,
                                             uint32_t address) {
  constexpr uint32_t bytes = 8;
  uint32_t first = address >> shift, last = (address + bytes - 1) >> shift;
  for (uint32_t cell = first; cell <= last; ++cell) {
    if (!isOrdered(access, writes[cell]))
      return explain(access, true, cell, address, bytes);
    const Statement &writer = *kernel.sources[writeStatements[cell]];
    if (writer.opcode() != "mbarrier")
      return fmt::format(
          "the mbarrier at shared address {:#x} was written over "
          "at PTX line {} by {}",
          address, writer.line,
          actorText(actorOf(writes[cell]), laneOf(writes[cell])));
  }
  noteReads(access, first, last);
  return "";
}

std::string SharedMemoryChecker::actorText(Actor actor, unsigned lane) const {
  std::string who;
  if (actor >= 4 * warps)
    return "a bulk copy";
  if (actor >= 3 * warps)
    who = fmt::format("a bulk store of warp {}", actor - 3 * warps);
  else if (actor >= 2 * warps)
    who = fmt::format("wgmma of warp {}", actor - 2 * warps);
  else if (actor >= warps)
    who = fmt::format("cp.async of warp {}", actor - warps);
  else
    who = fmt::format("warp {}", actor);
  return lane == kManyLanes ? who : fmt::format("{}, lane {}", who, lane);
}

std::string SharedMemoryChecker::explain(const Access &access, bool reads,
                                         uint32_t cell, uint32_t address,
                                         uint32_t bytes) const {
  std::string what = fmt::format("{} {} bytes at shared address {:#x}",
                                 reads ? "reads" : "writes", bytes, address);
  Epoch write = writes[cell];
  uint32_t cellAddress = std::max(cell << shift, address);
  if (stepOf(write) <= base)
    return what + (cellAddress == address
                       ? std::string(", which were never written")
                       : fmt::format(", of which {:#x} was never written",
                                     cellAddress));
  std::string writer = fmt::format("written at PTX line {} by {}",
                                   kernel.sources[writeStatements[cell]]->line,
                                   actorText(actorOf(write), laneOf(write)));
  Actor actor = actorOf(write);
  const Knowledge &knowledge = known[access.warp];
  bool isKnown = knowledge.seen[actor] >= stepOf(write);
  if (actor >= warps && !isKnown)
    return fmt::format("{}, {}, an asynchronous copy that was not waited for",
                       what, writer);
  if (actor == copyActor(access.warp) && isKnown &&
      copiesSeenByAll[access.warp] < stepOf(write))
    return fmt::format("{}, {}: that lane has waited for its copy, but no "
                       "bar.warp.sync or bar.sync has shown it to the others",
                       what, writer);
  if (isKnown)
    return fmt::format("{}, {}, with no fence.proxy.async in between", what,
                       writer);
  return fmt::format("{}, {} with nothing that orders the two", what, writer);
}

void SharedMemoryChecker::fence(unsigned warp) {
  if (!acquirable[warp].empty()) {
    acquire(warp, acquirable[warp]);
    acquirable[warp].clear();
  }
  fenced[warp].clear();
  release(warp, fenced[warp]);
}

void SharedMemoryChecker::strongWrite(unsigned warp, uint32_t address,
                                      bool releases) {
  if (releases)
    release(warp, strong[address].released);
  else if (!fenced[warp].empty())
    strong[address].released.join(fenced[warp]);
}

void SharedMemoryChecker::strongRead(unsigned warp, uint32_t address,
                                     bool acquires) {
  auto it = strong.find(address);
  if (it == strong.end())
    return;
  if (acquires)
    acquire(warp, it->second.released);
  else
    acquirable[warp].join(it->second.released);
}

} // namespace llsa::ptx

//===- Barrier.cpp - bar.sync and its kind ----------------------*- C++ -*-===//
#include "runtime/emulator/Barrier.h"

#include "runtime/emulator/Cta.h"
#include "runtime/emulator/Instructions.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

std::string BarrierSet::arrive(unsigned id, uint32_t threads, uint32_t expected,
                               unsigned warp) {
  Barrier &barrier = barriers[id];
  if (barrier.arrived && barrier.expected != expected) {
    auto text = [](uint32_t count) {
      return count ? fmt::format("{} threads", count)
                   : std::string("all threads");
    };
    return fmt::format("barrier {} is for {} here, but others have arrived at "
                       "it for {}",
                       id, text(expected), text(barrier.expected));
  }
  barrier.expected = expected;
  barrier.arrived += threads;
  if (expected && barrier.arrived > expected)
    return fmt::format("{} threads have arrived at barrier {}, which is for {}",
                       barrier.arrived, id, expected);
  cta.shared.checker.release(warp, barrier.knowledge);
  ++cta.progress;
  return "";
}

void BarrierSet::complete() {
  for (unsigned id = 0; id <= kClusterBarrier; ++id) {
    Barrier &barrier = barriers[id];
    if (!barrier.arrived)
      continue;
    uint32_t expected = barrier.expected;
    if (!expected)
      for (const std::unique_ptr<Warp> &warp : cta.warps)
        if (warp->alive)
          expected += kLanes;
    if (barrier.arrived < expected)
      continue;
    for (size_t w = 0; w < cta.warps.size(); ++w) {
      if (!(barrier.waiting >> w & 1))
        continue;
      cta.shared.checker.acquire(unsigned(w), barrier.knowledge);
      cta.shared.checker.syncLanes(unsigned(w));
      cta.warps[w]->completeBarrier(id, barrier);
    }
    barrier = Barrier();
    ++cta.progress;
  }
}

void Warp::completeBarrier(unsigned id, const Barrier &barrier) {
  for (Split &split : splits) {
    if (split.state != Split::State::Blocked || split.barrier != id)
      continue;
    split.state = Split::State::Ready;
    const Instruction &at = kernel.code[split.pc - 1];
    if (at.aux & kBarrierReduces)
      setBarrierResult(at, barrier, split.lanes);
  }
  if (active != 0)
    updateSwitch();
}

/// bar.red's result: the pool holds the source predicate, the operation, and
/// the destination.
void Warp::setBarrierResult(const Instruction &at, const Barrier &barrier,
                            LaneMask lanes) {
  uint32_t destination = operands(at)[2];
  switch (operands(at)[1]) {
  case kBarrierAnd:
    return setPredicate(destination, barrier.all ? kAllLanes : 0, lanes);
  case kBarrierOr:
    return setPredicate(destination, barrier.any ? kAllLanes : 0, lanes);
  default:
    for (unsigned lane = 0; lane < kLanes; ++lane)
      if (lanes >> lane & 1)
        to<uint32_t>(destination)[lane] = barrier.votes;
  }
}

namespace {

/// The value of an operand which must be the same in all lanes.
bool uniform(Warp &w, const Instruction &i, LaneMask mask, Slot slot,
             const char *what, uint32_t &value) {
  const uint32_t *lanes = w.from<uint32_t>(slot);
  value = lanes[__builtin_ctz(mask)];
  for (LaneMask m = mask; m; m &= m - 1)
    if (lanes[__builtin_ctz(m)] != value) {
      w.fault(i, unsigned(__builtin_ctz(m)),
              fmt::format("{} is {} in this lane and {} in another", what,
                          lanes[__builtin_ctz(m)], value));
      return false;
    }
  return true;
}

/// a: the barrier; b: the number of threads, or none; aux: what to do.
void barrier(Warp &w, const Instruction &i, LaneMask mask) {
  bool aligned = i.aux & kBarrierAligned;
  if (aligned && !w.gather(i, mask, w.alive))
    return;
  uint32_t id, expected = 0;
  if (!uniform(w, i, mask, i.a, "the barrier", id) ||
      (i.b != kNoSlot &&
       !uniform(w, i, mask, i.b, "the number of threads", expected)))
    return;
  if (id >= BarrierSet::kBarriers && !(i.aux & kBarrierCluster))
    return w.fault(i, kLanes, fmt::format("there is no barrier {}", id));
  if (expected % kLanes || (i.b != kNoSlot && expected == 0))
    return w.fault(
        i, kLanes,
        fmt::format("expected a multiple of 32 threads, got {}", expected));
  Barrier &barrier = w.cta.barriers[id];
  if (i.aux & kBarrierReduces) {
    LaneMask votes = w.predicate(w.operands(i)[0]) & mask;
    barrier.votes += uint32_t(__builtin_popcount(votes));
    barrier.all &= votes == mask;
    barrier.any |= votes != 0;
  }
  // A warp counts as a whole. Without .aligned its lanes may come apart: the
  // last ones count for those that exited before.
  uint32_t threads = kLanes;
  if (!aligned && mask != w.alive) {
    threads = uint32_t(__builtin_popcount(mask));
    if (w.alive != kAllLanes)
      return w.fault(i, kLanes,
                     "lanes that arrive apart, of a warp of which some have "
                     "exited, are not supported");
  }
  std::string wrong = w.cta.barriers.arrive(id, threads, expected, w.index);
  if (!wrong.empty())
    return w.fault(i, kLanes, wrong);
  if (i.aux & kBarrierWaits) {
    barrier.waiting |= uint64_t(1) << w.index;
    w.block(mask, id);
  }
  w.cta.barriers.complete();
}

/// bar.warp.sync: a holds the mask of lanes.
void warpSync(Warp &w, const Instruction &i, LaneMask mask) {
  LaneMask needed = 0;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    LaneMask members = w.from<uint32_t>(i.a)[lane];
    if (!(members >> lane & 1))
      return w.fault(
          i, lane,
          fmt::format("this lane is not in its own mask {:#010x}", members));
    needed |= members;
  }
  if (w.gather(i, mask, needed))
    w.cta.shared.checker.syncLanes(w.index);
}

} // namespace

/// bar{.cta}.sync/.red/.arrive, barrier{.cta}.sync{.aligned}/...,
/// bar.warp.sync, barrier.cluster (a cluster is one CTA).
bool decodeBarrier(Decoder &d) {
  if (d.has("warp")) {
    if (!d.expectOperands(1))
      return false;
    d.out.a = d.source(0, Type::B32);
    return d.finish(warpSync);
  }
  d.out.aux =
      d.opcode() == "bar" || d.has("aligned") ? uint32_t(kBarrierAligned) : 0;
  if (d.has("cluster")) {
    // Arrival alone does not wait; all of a cluster's CTAs have arrived when
    // this one has.
    if (!d.has("wait"))
      return decodeNothing(d);
    d.out.aux |= kBarrierWaits | kBarrierCluster;
    d.out.a = d.constant(BarrierSet::kClusterBarrier, 4);
    return d.finish(barrier);
  }
  bool reduces = d.has("red");
  if (!d.has("arrive"))
    d.out.aux |= kBarrierWaits;
  size_t first = 0;
  size_t count = d.count();
  if (reduces) {
    first = 1;
    d.out.aux |= kBarrierReduces;
    if (!d.expectOperands(3, 4))
      return false;
    d.extra(d.predicateSource(d.operand(count - 1)));
    d.extra(d.has("and")  ? kBarrierAnd
            : d.has("or") ? kBarrierOr
                          : kBarrierPopc);
    d.extra(d.has("popc") ? d.destination(0, Type::U32)
                          : d.predicateDestination(d.operand(0)));
    --count;
  } else if (!d.expectOperands(1, 2)) {
    return false;
  }
  d.out.a = d.source(first, Type::B32);
  if (count > first + 1)
    d.out.b = d.source(first + 1, Type::B32);
  return d.finish(barrier);
}

} // namespace llsa::ptx

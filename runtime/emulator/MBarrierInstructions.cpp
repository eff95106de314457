//===- MBarrierInstructions.cpp - mbarrier.* --------------------*- C++ -*-===//
#include "runtime/emulator/Cta.h"
#include "runtime/emulator/Instructions.h"
#include "runtime/emulator/SharedAddress.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

namespace {

enum : uint32_t {
  kExpects = 1, ///< .expect_tx
  kArrives = 2, ///< arrive, not expect_tx alone
  kDrops = 4,   ///< arrive_drop
  kParity = 8,
  kCountGiven = 16,
};

void init(Warp &w, const Instruction &i, LaneMask mask) {
  Cta &cta = w.cta;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint64_t address = sharedAddress(w, i, lane);
    uint32_t count = w.from<uint32_t>(i.b)[lane];
    if (!checkShared(w, i, lane, address, 8, 8, /*writes=*/true))
      return;
    if (count == 0 || count >= 1u << 20)
      return w.fault(
          i, lane,
          fmt::format("expected a count from 1 to 1048575, got {}", count));
    int number = cta.mbarriers.find(uint32_t(address), true);
    if (number < 0)
      return w.fault(i, lane,
                     fmt::format("more than {} mbarriers are not supported",
                                 SharedMemoryChecker::kMostMBarriers));
    MBarrier &barrier = cta.mbarriers[number];
    Step step = std::max(barrier.copyStep, cta.shared.checker.before() + 1);
    uint32_t where = barrier.address;
    barrier = MBarrier();
    barrier.address = where;
    barrier.valid = true;
    barrier.count = count;
    barrier.pending = count;
    barrier.copyStep = step;
    cta.shared.checker.noteStep(step);
  }
}

void inval(Warp &w, const Instruction &i, LaneMask mask) {
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint64_t address = sharedAddress(w, i, lane);
    int number = mbarrierAt(w, i, lane, address);
    if (number < 0 || !checkShared(w, i, lane, address, 8, 8, true))
      return;
    w.cta.mbarriers[number].valid = false;
  }
}

/// dst: the state before, b: the count or bytes, c: the bytes where b is ...
void arrive(Warp &w, const Instruction &i, LaneMask mask) {
  Cta &cta = w.cta;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    int number = mbarrierAt(w, i, lane, sharedAddress(w, i, lane));
    if (number < 0)
      return;
    uint32_t count = i.aux & kCountGiven ? w.from<uint32_t>(i.b)[lane] : 1;
    if (i.dst != kNoSlot)
      w.to<uint64_t>(i.dst)[lane] = cta.mbarriers[number].phase;
    if (i.aux & kExpects)
      cta.mbarriers.expectBytes(number, w.from<uint32_t>(i.c)[lane]);
    if (!(i.aux & kArrives))
      continue;
    if (i.aux & kDrops)
      cta.mbarriers[number].count -= count;
    std::string wrong = cta.mbarriers.arrive(number, count, w.index);
    if (!wrong.empty())
      return w.fault(i, lane, wrong);
  }
}

/// target: the predicate, b: the state or the parity.
void testWait(Warp &w, const Instruction &i, LaneMask mask) {
  Cta &cta = w.cta;
  LaneMask done = 0;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    int number = mbarrierAt(w, i, lane, sharedAddress(w, i, lane));
    if (number < 0)
      return;
    MBarrier &barrier = cta.mbarriers[number];
    bool complete;
    if (i.aux & kParity) {
      // The parity of the current phase is that of the number of completed
      // ones; a phase of the other parity is the one before, which is complete.
      uint32_t parity = w.from<uint32_t>(i.b)[lane];
      if (parity > 1)
        return w.fault(
            i, lane,
            fmt::format("expected a parity of 0 or 1, got {}", parity));
      complete = (barrier.phase & 1) != parity;
    } else {
      uint64_t state = w.from<uint64_t>(i.b)[lane];
      if (state != barrier.phase && state + 1 != barrier.phase)
        return w.fault(i, lane,
                       "the state is not of the current phase or the one "
                       "before");
      complete = state != barrier.phase;
    }
    if (!complete)
      continue;
    done |= LaneMask(1) << lane;
    if (!barrier.completed.empty())
      cta.shared.checker.acquireFromAll(w.index, barrier.completed);
  }
  w.setPredicate(i.target, done, mask);
  if (done != mask)
    w.poll();
}

} // namespace

bool decodeMBarrier(Decoder &d) {
  if (d.statement->parts.size() < 2)
    return false;
  StringRef operation = d.statement->parts[1];
  size_t first = 0; // the address's place
  if (operation == "init" || operation == "inval") {
    bool isInit = operation == "init";
    if (!d.expectOperands(isInit ? 2 : 1))
      return false;
    d.address(0, d.space());
    if (isInit)
      d.out.b = d.source(1, Type::U32);
    return d.finish(isInit ? init : inval);
  }
  if (operation == "pending_count" || operation == "complete_tx")
    return false;
  if (operation == "arrive" || operation == "arrive_drop" ||
      operation == "expect_tx") {
    d.out.aux = operation == "expect_tx" ? kExpects : kArrives;
    if (operation == "arrive_drop")
      d.out.aux |= kDrops;
    if (operation != "expect_tx" && d.has("expect_tx"))
      d.out.aux |= kExpects;
    if (d.operand(0).kind != Operand::Kind::Address) {
      first = 1;
      if (d.operand(0).kind != Operand::Kind::Sink)
        d.out.dst = d.destination(0, Type::B64);
    }
    d.address(first, d.space());
    size_t next = first + 1;
    if (d.out.aux & kExpects) {
      if (!d.expectOperands(next + 1))
        return false;
      d.out.c = d.source(next, Type::U32);
    } else if (d.count() > next) {
      d.out.b = d.source(next, Type::U32);
      d.out.aux |= kCountGiven;
    }
    return d.finish(arrive);
  }
  if (operation == "test_wait" || operation == "try_wait") {
    if (!d.expectOperands(3, 4))
      return false;
    d.out.target = d.predicateDestination(d.operand(0));
    d.address(1, d.space());
    d.out.aux = d.has("parity") ? uint32_t(kParity) : 0;
    d.out.b = d.source(2, d.has("parity") ? Type::U32 : Type::B64);
    return d.finish(testWait);
  }
  return false;
}

} // namespace llsa::ptx

//===- CopyAsync.cpp - cp.async and its groups ------------------*- C++ -*-===//
#include "runtime/emulator/CopyInstructions.h"
#include "runtime/emulator/Cta.h"
#include "runtime/emulator/SharedAddress.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

namespace {

/// a + immediate: the destination; b: the source's address; aux: bytes;
/// c: bytes that are read (the others are zeros), or none; target: lanes that
/// read nothing.
void copyAsync(Warp &w, const Instruction &i, LaneMask mask) {
  Cta &cta = w.cta;
  uint32_t bytes = i.aux;
  SharedMemoryChecker &checker = cta.shared.checker;
  SharedMemoryChecker::Access access = checker.ordinary(w.index, 0, i);
  access.actor = checker.copyActor(w.index);
  access.step = cta.async.warp(w.index).copies.issue(mask);
  checker.noteStep(access.step);
  LaneMask ignored = w.predicate(i.target);
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    access.lane = lane;
    uint64_t to = sharedAddress(w, i, lane);
    uint32_t reads = bytes;
    if (i.c != kNoSlot)
      reads = w.from<uint32_t>(i.c)[lane];
    if (ignored >> lane & 1)
      reads = 0;
    if (reads > bytes)
      return w.fault(i, lane,
                     fmt::format("expected to read at most {} bytes, got {}",
                                 bytes, reads));
    const uint8_t *from = nullptr;
    if (reads > 0 &&
        !(from = globalBytes(w, i, lane, w.from<uint64_t>(i.b)[lane], reads,
                             bytes, false)))
      return;
    if (!checkShared(w, i, access, to, bytes, bytes, true))
      return;
    uint8_t *target = cta.shared.data + to;
    if (reads > 0)
      std::memcpy(target, from, reads);
    std::memset(target + reads, 0, bytes - reads);
  }
}

void commitGroup(Warp &w, const Instruction &, LaneMask mask) {
  w.cta.async.warp(w.index).copies.commit(mask);
}

void noteWaited(Warp &w) {
  SharedMemoryChecker &checker = w.cta.shared.checker;
  checker.waited(w.index, checker.copyActor(w.index),
                 w.cta.async.warp(w.index).copies.over());
}

/// immediate: how many groups may be outstanding.
void waitGroup(Warp &w, const Instruction &i, LaneMask mask) {
  w.cta.async.warp(w.index).copies.wait(mask, size_t(i.immediate));
  noteWaited(w);
}

void waitAll(Warp &w, const Instruction &, LaneMask mask) {
  w.cta.async.warp(w.index).copies.waitAll(mask);
  noteWaited(w);
}

/// cp.async.mbarrier.arrive: arrives once the lane's copies are complete. aux:
/// .noinc, the arrival is one of those that the phase expects.
void arriveWithCopies(Warp &w, const Instruction &i, LaneMask mask) {
  MBarrierSet &mbarriers = w.cta.mbarriers;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    int number = mbarrierAt(w, i, lane, sharedAddress(w, i, lane));
    if (number < 0)
      return;
    if (!i.aux)
      ++mbarriers[number].pending;
    std::string wrong = mbarriers.arrive(
        number, 1, w.index, w.cta.async.warp(w.index).copies.latest());
    if (!wrong.empty())
      return w.fault(i, lane, wrong);
  }
}

} // namespace

/// cp.async.{ca,cg}.shared.global [d], [s], bytes{, read or ignored}{, policy}
/// cp.async.commit_group, .wait_group n, .wait_all, .mbarrier.arrive{.noinc}
bool decodeCopyAsync(Decoder &d) {
  if (!d.has("async") || d.opcode() != "cp" || d.has("reduce"))
    return false;
  if (d.has("bulk"))
    return decodeBulkCopy(d);
  if (d.has("commit_group"))
    return d.expectOperands(0) && d.finish(commitGroup);
  if (d.has("wait_group"))
    return d.expectOperands(1) && d.integer(0, d.out.immediate) &&
           d.finish(waitGroup);
  if (d.has("wait_all"))
    return d.expectOperands(0) && d.finish(waitAll);
  if (d.has("mbarrier")) {
    if (!d.expectOperands(1))
      return false;
    d.address(0, Space::Shared);
    d.out.aux = d.has("noinc");
    return d.finish(arriveWithCopies);
  }
  int64_t bytes;
  if (!d.expectOperands(3, 5) || !d.integer(2, bytes))
    return false;
  if (bytes != 4 && bytes != 8 && bytes != 16)
    return d.fail(fmt::format("expected 4, 8 or 16 bytes, got {}", bytes));
  d.out.b = d.addressSlot(d.operand(1), Space::Global);
  d.address(0, Space::Shared);
  d.out.aux = uint32_t(bytes);
  d.out.target = kFalse;
  bool hasPolicy = d.has("L2::cache_hint");
  if (d.count() - hasPolicy > 3) {
    if (d.isPredicate(d.operand(3)))
      d.out.target = d.predicateSource(d.operand(3));
    else
      d.out.c = d.source(3, Type::U32);
  }
  return d.finish(copyAsync);
}

} // namespace llsa::ptx

//===- BulkCopy.cpp - cp.async.bulk -----------------------------*- C++ -*-===//
#include "runtime/emulator/BulkCopy.h"

#include "runtime/emulator/CopyInstructions.h"
#include "runtime/emulator/SharedAddress.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

SharedMemoryChecker::Access copyAccess(Warp &w, const Instruction &i,
                                       int mbarrier) {
  SharedMemoryChecker &checker = w.cta.shared.checker;
  SharedMemoryChecker::Access access =
      checker.ordinary(w.index, SharedMemoryChecker::kManyLanes, i);
  access.actor = checker.mbarrierActor(unsigned(mbarrier));
  access.step = w.cta.mbarriers[mbarrier].copyStep;
  access.asynchronous = true;
  return access;
}

SharedMemoryChecker::Access storeAccess(Warp &w, const Instruction &i,
                                        LaneMask lanes) {
  SharedMemoryChecker &checker = w.cta.shared.checker;
  SharedMemoryChecker::Access access =
      checker.ordinary(w.index, SharedMemoryChecker::kManyLanes, i);
  access.actor = checker.storeActor(w.index);
  access.step = w.cta.async.warp(w.index).stores.issue(lanes);
  access.asynchronous = true;
  checker.noteStep(access.step);
  return access;
}

namespace {

bool checkSize(Warp &w, const Instruction &i, unsigned lane, uint32_t bytes) {
  if (bytes % 16 == 0)
    return true;
  w.fault(i, lane,
          fmt::format("expected a multiple of 16 bytes, got {}", bytes));
  return false;
}

/// a: the shared address; b: the global one; c: bytes; extra[0]: the mbarrier.
void loadBytes(Warp &w, const Instruction &i, LaneMask mask) {
  Cta &cta = w.cta;
  const uint64_t *barriers = w.from<uint64_t>(w.operands(i)[0]);
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint32_t bytes = w.from<uint32_t>(i.c)[lane];
    int number = mbarrierAt(w, i, lane, toShared(barriers[lane]));
    if (number < 0 || !checkSize(w, i, lane, bytes))
      return;
    if (bytes == 0)
      continue;
    const uint8_t *from =
        globalBytes(w, i, lane, w.from<uint64_t>(i.b)[lane], bytes, 16, false);
    uint64_t to = sharedAddress(w, i, lane);
    if (!from ||
        !checkShared(w, i, copyAccess(w, i, number), to, bytes, 16, true))
      return;
    std::memcpy(cta.shared.data + to, from, bytes);
    cta.mbarriers.completeBytes(number, bytes);
    ++cta.progress;
  }
}

/// a: the shared address; b: the global one; c: bytes.
void storeBytes(Warp &w, const Instruction &i, LaneMask mask) {
  SharedMemoryChecker::Access access = storeAccess(w, i, mask);
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint32_t bytes = w.from<uint32_t>(i.c)[lane];
    if (!checkSize(w, i, lane, bytes))
      return;
    if (bytes == 0)
      continue;
    uint64_t from = sharedAddress(w, i, lane);
    if (!checkShared(w, i, access, from, bytes, 16, false))
      return;
    uint8_t *to =
        globalBytes(w, i, lane, w.from<uint64_t>(i.b)[lane], bytes, 16, true);
    if (!to)
      return;
    std::memcpy(to, w.cta.shared.data + from, bytes);
  }
}

void commitBulkGroup(Warp &w, const Instruction &, LaneMask mask) {
  w.cta.async.warp(w.index).stores.commit(mask);
}

void waitBulkGroup(Warp &w, const Instruction &i, LaneMask mask) {
  LaneGroups &stores = w.cta.async.warp(w.index).stores;
  stores.wait(mask, size_t(i.immediate));
  SharedMemoryChecker &checker = w.cta.shared.checker;
  checker.waited(w.index, checker.storeActor(w.index), stores.over());
}

} // namespace

/// cp.async.bulk.shared::*.global.mbarrier::complete_tx::bytes [d], [s], n, [m]
/// cp.async.bulk.global.shared::cta.bulk_group [d], [s], n
/// cp.async.bulk.commit_group, .wait_group{.read} n, .prefetch
bool decodeBulkCopy(Decoder &d) {
  if (d.has("prefetch"))
    return decodeNothing(d);
  if (d.has("commit_group"))
    return d.expectOperands(0) && d.finish(commitBulkGroup);
  if (d.has("wait_group"))
    return d.expectOperands(1) && d.integer(0, d.out.immediate) &&
           d.finish(waitBulkGroup);
  if (d.has("tensor"))
    return decodeTensorCopy(d);
  if (d.has("multicast::cluster") || d.has("cp_mask"))
    return false;
  bool stores = d.has("bulk_group");
  if (!stores && !d.has("mbarrier::complete_tx::bytes"))
    return false;
  if (!d.expectOperands(stores ? 3 : 4, stores ? 4 : 5))
    return false;
  size_t shared = stores ? 1 : 0, global = stores ? 0 : 1;
  d.out.b = d.addressSlot(d.operand(global), Space::Global);
  d.out.c = d.source(2, Type::U32);
  if (!stores)
    d.extra(d.addressSlot(d.operand(3), Space::Shared));
  d.address(shared, Space::Shared);
  return d.finish(stores ? storeBytes : loadBytes);
}

} // namespace llsa::ptx

//===- SideStreams.cpp - streams for what runs beside others --------------===//
#include "runtime/cuda/SideStreams.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace llvm;

namespace llsa::rt {

// CUstream_flags, CUevent_flags.
static constexpr unsigned kNonBlockingStream = 1, kNoTiming = 2;

SideStreams::~SideStreams() { clear(); }

void SideStreams::destroy(const SideStream &side) {
  for (CUevent event : side.events)
    cu.EventDestroy(event);
  cu.StreamDestroy(side.stream);
}

void SideStreams::clear() {
  std::lock_guard<std::mutex> lock(mutex);
  for (const std::unique_ptr<SideStream> &side : free)
    destroy(*side);
  free.clear();
}

std::unique_ptr<SideStream> SideStreams::create() {
  auto side = std::make_unique<SideStream>();
  if (cu.StreamCreate(&side->stream, kNonBlockingStream) != 0)
    return nullptr;
  ++created;
  free.reserve(created); // so that giving back allocates nothing
  return side;
}

bool SideStreams::addEvents(SideStream &side, size_t count) {
  while (side.events.size() < count) {
    CUevent event = nullptr;
    if (cu.EventCreate(&event, kNoTiming) != 0)
      return false;
    side.events.push_back(event);
  }
  return true;
}

std::unique_ptr<SideStream> SideStreams::take(CUstream user, size_t numEvents) {
  std::lock_guard<std::mutex> lock(mutex);
  auto best = find_if(free, [&](const std::unique_ptr<SideStream> &side) {
    return side->isUsed && side->user == user;
  });
  if (best == free.end())
    best = find_if(free, [](const std::unique_ptr<SideStream> &side) {
      return !side->isUsed;
    });
  std::unique_ptr<SideStream> side;
  if (best == free.end() && created < kMost)
    side = create();
  if (!side && best == free.end() && !free.empty())
    best = free.begin(); // given back longest ago
  if (!side && best != free.end()) {
    side = std::move(*best);
    free.erase(best);
  }
  if (!side)
    side = create();
  if (!side)
    return nullptr;
  side->user = user;
  side->isUsed = true;
  if (addEvents(*side, numEvents))
    return side;
  free.push_back(std::move(side));
  return nullptr;
}

void SideStreams::giveBack(std::unique_ptr<SideStream> side) {
  std::lock_guard<std::mutex> lock(mutex);
  free.push_back(std::move(side));
}

void SideStreams::warm(size_t numEvents) {
  std::lock_guard<std::mutex> lock(mutex);
  if (free.empty() && created == 0)
    if (std::unique_ptr<SideStream> side = create())
      free.push_back(std::move(side));
  for (const std::unique_ptr<SideStream> &side : free)
    addEvents(*side, numEvents);
}

SideStreams::Priorities SideStreams::prioritiesFor(int base) const {
  int least = 0, greatest = 0; // the greatest is the smallest number
  if (cu.CtxGetStreamPriorityRange(&least, &greatest) != 0 || least <= greatest)
    return {base, base};
  int lane0 = std::clamp(base - 1, greatest, least - 1);
  return {lane0, lane0 + 1};
}

} // namespace llsa::rt

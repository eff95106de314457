//===- AsyncState.cpp -------------------------------------------*- C++ -*-===//
#include "runtime/emulator/AsyncState.h"

#include <algorithm>

namespace llsa::ptx {

void LaneGroups::start(Step before) {
  for (std::vector<Step> &lane : groups)
    lane.clear();
  open.fill(0);
  next = before + 1;
}

Step LaneGroups::issue(LaneMask lanes) {
  for (; lanes; lanes &= lanes - 1) {
    Step &first = open[size_t(__builtin_ctz(lanes))];
    if (first == 0)
      first = next;
  }
  return next++;
}

void LaneGroups::commit(LaneMask lanes) {
  for (; lanes; lanes &= lanes - 1) {
    size_t lane = size_t(__builtin_ctz(lanes));
    groups[lane].push_back(open[lane]);
    open[lane] = 0;
  }
}

void LaneGroups::wait(LaneMask lanes, size_t most) {
  for (; lanes; lanes &= lanes - 1) {
    std::vector<Step> &lane = groups[size_t(__builtin_ctz(lanes))];
    if (lane.size() > most)
      lane.erase(lane.begin(), lane.end() - std::ptrdiff_t(most));
  }
}

void LaneGroups::waitAll(LaneMask lanes) {
  for (; lanes; lanes &= lanes - 1) {
    size_t lane = size_t(__builtin_ctz(lanes));
    groups[lane].clear();
    open[lane] = 0;
  }
}

Step LaneGroups::over() const {
  Step first = next;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    if (open[lane])
      first = std::min(first, open[lane]);
    for (Step group : groups[lane])
      if (group)
        first = std::min(first, group);
  }
  return first - 1;
}

void AsyncState::start() {
  for (WarpState &warp : warps) {
    warp.copies.start(checker.before());
    warp.stores.start(checker.before());
    warp.wgmmaStep = warp.wgmmaFirst = checker.before() + 1;
  }
}

void AsyncState::commitWgmma(unsigned warp) {
  checker.noteStep(++warps[warp].wgmmaStep);
}

void AsyncState::waitWgmma(unsigned warp, uint64_t most) {
  const WarpState &state = warps[warp];
  uint64_t committed = state.wgmmaStep - state.wgmmaFirst;
  if (committed > most)
    checker.waited(warp, checker.wgmmaActor(warp),
                   Step(state.wgmmaStep - 1 - most));
}

} // namespace llsa::ptx

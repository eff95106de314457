//===- Cta.cpp - warps in turn ----------------------------------*- C++ -*-===//
#include "runtime/emulator/Cta.h"

#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

/// Instructions that a warp runs before the next one has its turn.
static constexpr uint32_t kTurn = 4096;
/// Rounds in which all warps wait and nothing changes, before that is taken
/// for a deadlock: lanes of a warp wait in turn, too.
static constexpr unsigned kMostIdleRounds = 256;

static unsigned warpsOf(const Dim3 &block) {
  return unsigned((block.count() + kLanes - 1) / kLanes);
}

Cta::Cta(const LaunchContext &launch)
    : launch(launch),
      shared(launch.kernel, launch.sharedBytes, warpsOf(launch.block)),
      barriers(*this), mbarriers(*this),
      async(shared.checker, warpsOf(launch.block)) {
  for (unsigned w = 0; w < warpsOf(launch.block); ++w)
    warps.push_back(std::make_unique<Warp>(*this, w));
}

void Cta::setFault(std::string text) {
  if (faultText.empty())
    faultText = std::move(text);
}

bool Cta::run(uint64_t linear) {
  const Dim3 &grid = launch.grid;
  index = {uint32_t(linear % grid.x), uint32_t(linear / grid.x % grid.y),
           uint32_t(linear / grid.x / grid.y)};
  shared.checker.start();
  barriers.start();
  mbarriers.start();
  async.start();
  uint64_t threads = launch.block.count();
  for (const std::unique_ptr<Warp> &warp : warps) {
    uint64_t lanes = std::min<uint64_t>(threads - warp->index * kLanes, kLanes);
    warp->start(lanes == kLanes ? kAllLanes : (LaneMask(1) << lanes) - 1);
  }
  unsigned idle = 0;
  for (;;) {
    bool anyRan = false, allExited = true;
    uint64_t progressBefore = progress;
    for (const std::unique_ptr<Warp> &warp : warps) {
      if (warp->alive == 0)
        continue;
      Warp::Outcome outcome = warp->run(kTurn);
      if (!faultText.empty())
        return false;
      allExited &= outcome == Warp::Outcome::Exited;
      anyRan |= outcome == Warp::Outcome::Running;
      if (warp->executed > launch.mostInstructions) {
        setFault(fmt::format(
            "kernel '{}', block ({},{},{}), warp {}: more than {} "
            "instructions, probably an endless loop: {}",
            launch.kernel.name, index.x, index.y, index.z, warp->index,
            launch.mostInstructions, warp->whereLanesWait()));
        return false;
      }
    }
    if (allExited)
      break;
    idle = anyRan || progress != progressBefore ? 0 : idle + 1;
    if (idle > kMostIdleRounds) {
      faultDeadlock();
      return false;
    }
  }
  for (const std::unique_ptr<Warp> &warp : warps)
    executed += warp->executed;
  return true;
}

void Cta::faultDeadlock() {
  std::string text =
      fmt::format("kernel '{}', block ({},{},{}): deadlock, all warps wait",
                  launch.kernel.name, index.x, index.y, index.z);
  for (const std::unique_ptr<Warp> &warp : warps)
    if (warp->alive)
      text += fmt::format("; warp {}: {}", warp->index, warp->whereLanesWait());
  std::string barriers = mbarriers.describe();
  if (!barriers.empty())
    text += "; " + barriers;
  setFault(text);
}

} // namespace llsa::ptx

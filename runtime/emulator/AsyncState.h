//===- AsyncState.h - copies and products in flight -------------*- C++ -*-===//
//
// Data moves when an asynchronous instruction is issued; what is kept here is
// who may know about it. Groups are counted per lane, as PTX has it.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_ASYNCSTATE_H
#define LLSA_RUNTIME_EMULATOR_ASYNCSTATE_H

#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/SharedMemoryChecker.h"
#include <array>
#include <vector>

namespace llsa::ptx {

/// Operations of one warp that its lanes commit in groups and wait for.
class LaneGroups {
public:
  void start(Step before);
  /// An operation of some lanes; returns its step.
  Step issue(LaneMask lanes);
  void commit(LaneMask lanes);
  /// Leaves the last `most` groups of each lane outstanding.
  void wait(LaneMask lanes, size_t most);
  /// Waits for all, committed or not.
  void waitAll(LaneMask lanes);
  /// The last step before all that is outstanding in any lane.
  Step over() const;
  /// The last step issued.
  Step latest() const { return next - 1; }

private:
  /// The first operation of each outstanding group, 0 for an empty one.
  std::array<std::vector<Step>, kLanes> groups;
  std::array<Step, kLanes> open; ///< since the last commit, 0: none
  Step next = 1;
};

/// All warps of a CTA.
class AsyncState {
public:
  AsyncState(SharedMemoryChecker &checker, unsigned warps)
      : checker(checker), warps(warps) {}
  void start();

  struct WarpState {
    LaneGroups copies;  ///< cp.async
    LaneGroups stores;  ///< cp.async.bulk from shared memory
    Step wgmmaStep = 0; ///< of the group that is not yet committed
    Step wgmmaFirst = 0;
  };
  WarpState &warp(unsigned index) { return warps[index]; }

  void commitWgmma(unsigned warp);
  void waitWgmma(unsigned warp, uint64_t most);

private:
  SharedMemoryChecker &checker;
  std::vector<WarpState> warps;
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_ASYNCSTATE_H

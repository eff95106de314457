//===- StepLanes.h - which steps run side by side ---------------*- C++ -*-===//
//
// Some launches leave most of a GPU idle: transposing indices has few CTAs and
// waits for memory, the last CTAs of a large kernel have the card for
// themselves. What does not depend on them can run beside them. A program has
// two lanes for that (Step::lane): lane 0 is the caller's stream, and lane 1
// holds what runs beside it.
//
// Who waits for whom follows from the buffers: two steps that use one buffer,
// which one of them writes, keep their order. What is worth it follows from an
// estimate. A step takes the time of its work or of its memory traffic,
// whichever is longer, and that of a launch; two steps that run at the same
// time slow each other down where together they want more than the card has. So
// a kernel that memory holds up gains nothing beside another such, and beside a
// large one that computes a transposition is free.
//
// Steps go to lane 1 one by one, each time the one that makes the whole shorter
// by most; there they begin as soon as they can. What the longest chain of
// dependent steps consists of stays in lane 0, whose kernels have priority. The
// steps of a forward mostly form one chain, so it has lane 0 alone.
//
// What is in use beside something else cannot take its place in the workspace,
// so that grows. A step that would make it too large stays in lane 0.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_TARGET_PLAN_STEPLANES_H
#define LLSA_COMPILER_TARGET_PLAN_STEPLANES_H

#include <limits>

namespace llsa {

struct Program;

/// When a second lane is worth it. Times are in seconds.
struct LaneOptions {
  /// What a lane must wait until it sees that a step of the other has ended.
  double wait = 1.5e-6;
  /// What all of lane 1 must make the program shorter by.
  double leastGain = 4e-6;
  /// How many times as long as its launches the program must take: one that
  /// mostly launches waits for the host, which has more to do for two lanes.
  double leastBusy = 2;
  /// What a step must make the program shorter by, as a share of its own time.
  double leastShare = 0.25;
  /// How many times the workspace of one lane that of two may be. A backward of
  /// LLSA and what its forward keeps then take 1.2 times the memory of q, k and
  /// v at most.
  double mostWorkspace = 1.8;

  /// Whatever can run beside others does: for tests.
  static LaneOptions always() {
    return {0, 0, 0, 0, std::numeric_limits<double>::infinity()};
  }
};

/// Gives the steps of `program`, which are all in lane 0, their lanes, and puts
/// them in the order in which they are expected to begin. The workspace is laid
/// out afterwards: it depends on the lanes.
void assignLanes(Program &program, const LaneOptions &options);

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_PLAN_STEPLANES_H

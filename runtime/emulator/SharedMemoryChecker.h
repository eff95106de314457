//===- SharedMemoryChecker.h - is shared memory used correctly? -*- C++ -*-===//
//
// Two accesses to shared memory, of which one writes, must be ordered by
// something in the program: a barrier, an mbarrier, a wait. Whether they are is
// decided by **happens-before**, not by the order in which the emulator happens
// to run warps, so a race is found whether or not it changes a result.
//
// Actors: whoever accesses shared memory on its own time. Each warp is one;
// so are, for each warp, its cp.async, its wgmma and its bulk stores; and, for
// each mbarrier, the bulk copies that complete on it. An actor's accesses are
// numbered by steps. What a warp knows to be over is a vector clock; barriers
// join the clocks of those that pass them. So one rule covers
//   * races: an access whose clock lacks the other's step;
//   * copies not waited for: the same, where the other is a copy; and
//   * a missing fence.proxy.async: the same, on the clock of what the
//     asynchronous proxy sees.
//
// Memory is divided into cells as small as the smallest access of the kernel.
// A cell remembers its last write, and per actor the step of its last read.
// Steps grow from one CTA to the next, and a write of an earlier CTA is none:
// nothing has to be cleared in between.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_SHAREDMEMORYCHECKER_H
#define LLSA_RUNTIME_EMULATOR_SHAREDMEMORYCHECKER_H

#include "runtime/emulator/Kernel.h"
#include "runtime/emulator/VectorClock.h"
#include <map>
#include <memory>
#include <string>

namespace llsa::ptx {

/// A number for each actor.
using Actor = uint16_t;

class SharedMemoryChecker {
public:
  static constexpr unsigned kMostMBarriers = 128;
  /// In place of a lane: several.
  static constexpr unsigned kManyLanes = 255;

  SharedMemoryChecker(const Kernel &kernel, uint32_t bytes, unsigned warps);

  /// A new CTA: nothing is written yet.
  void start();

  Actor warpActor(unsigned warp) const { return Actor(warp); }
  Actor copyActor(unsigned warp) const { return Actor(warps + warp); }
  Actor wgmmaActor(unsigned warp) const { return Actor(2 * warps + warp); }
  Actor storeActor(unsigned warp) const { return Actor(3 * warps + warp); }
  Actor mbarrierActor(unsigned index) const { return Actor(4 * warps + index); }

  /// Who accesses, on whose knowledge, and from where in the program.
  struct Access {
    unsigned warp;      ///< whose knowledge counts
    unsigned lane;      ///< or kManyLanes
    Actor actor;        ///< to whom the access is booked
    Step step;          ///< of the actor
    bool asynchronous;  ///< through the asynchronous proxy
    bool atomic;        ///< does not race with other atomics
    uint32_t statement; ///< in the kernel's sources
  };
  /// An ordinary access of a warp's lane.
  Access ordinary(unsigned warp, unsigned lane, const Instruction &i) const {
    return {warp,  lane,  warpActor(warp), known[warp].seen[warp],
            false, false, i.statement};
  }

  /// Checks and notes an access. "" when it is fine, else what is wrong.
  /// The range must lie in shared memory.
  std::string read(const Access &access, uint32_t address, uint32_t bytes);
  std::string write(const Access &access, uint32_t address, uint32_t bytes);
  /// An operation on an mbarrier: fine when its initialisation is known, and
  /// nothing else has been written over it since.
  std::string useMBarrier(const Access &access, uint32_t address);

  /// Passes on all that a warp knows, and starts its next step.
  void release(unsigned warp, Knowledge &to) {
    to.join(known[warp]);
    ++known[warp].seen[warp];
  }
  void acquire(unsigned warp, const Knowledge &from) {
    Step own = known[warp].seen[warp];
    known[warp].join(from);
    known[warp].seen[warp] = own;
  }
  /// The same, where the warp's own copies are among what is passed on.
  void acquireFromAll(unsigned warp, const Knowledge &from) {
    acquire(warp, from);
    Step &all = copiesSeenByAll[warp];
    all = std::max(all, from.seen[copyActor(warp)]);
  }
  Knowledge &knowledge(unsigned warp) { return known[warp]; }
  /// Lanes of a warp have met at a barrier, of the warp or of the CTA.
  void syncLanes(unsigned warp) {
    copiesSeenByAll[warp] = known[warp].seen[copyActor(warp)];
  }
  /// fence.proxy.async: covers what came before it, so what the warp writes
  /// from here on belongs to another step.
  void fenceProxy(unsigned warp) {
    known[warp].proxySeen.join(known[warp].seen);
    ++known[warp].seen[warp];
  }
  /// A warp has waited for all steps of an actor up to `step`.
  void waited(unsigned warp, Actor actor, Step step) {
    Step &seen = known[warp].seen[actor];
    seen = std::max(seen, step);
  }

  /// Relaxed, volatile and atomic accesses order others together with fences,
  /// or by themselves when they acquire or release.
  void fence(unsigned warp);
  void strongWrite(unsigned warp, uint32_t address, bool releases);
  void strongRead(unsigned warp, uint32_t address, bool acquires);

  /// The step before all steps of this CTA.
  Step before() const { return base; }
  /// Notes a step that an actor other than a warp has used.
  void noteStep(Step step) { latest = std::max(latest, step); }

private:
  /// A write: actor, lane and step in one word, to compare many quickly.
  using Epoch = uint64_t;
  static Epoch epochOf(const Access &access) {
    return Epoch(access.atomic) << 63 | Epoch(access.actor) << 40 |
           Epoch(access.lane) << 32 | access.step;
  }
  static bool atomicOf(Epoch epoch) { return epoch >> 63; }
  static Actor actorOf(Epoch epoch) { return Actor(epoch >> 40 & 0x7fff); }
  static unsigned laneOf(Epoch epoch) { return epoch >> 32 & 0xff; }
  static Step stepOf(Epoch epoch) { return Step(epoch); }

  bool isOrdered(const Access &access, Epoch write) const;
  std::string explain(const Access &access, bool reads, uint32_t cell,
                      uint32_t address, uint32_t bytes) const;
  std::string actorText(Actor actor, unsigned lane) const;
  void noteReads(const Access &access, uint32_t first, uint32_t last);
  size_t actors() const { return 4 * size_t(warps) + kMostMBarriers; }

  const Kernel &kernel;
  unsigned warps;
  unsigned shift; ///< log2 of a cell's bytes
  std::vector<Epoch> writes;
  std::vector<uint32_t> writeStatements;
  /// The step of the last read of each cell, by actor; behind all actors stand
  /// the warps once more, for atomic reads, which race with fewer writes. Empty
  /// where there are no reads.
  std::vector<std::vector<Step>> reads;
  std::vector<size_t> readers; ///< indices of those with reads

  std::vector<Knowledge> known; ///< of each warp
  /// Steps of a warp's copies that all of its lanes may see, not only the one
  /// that has copied.
  std::vector<Step> copiesSeenByAll;

  struct Strong {
    Knowledge released;
  };
  std::map<uint32_t, Strong> strong; ///< by address
  std::vector<Knowledge> fenced;     ///< of each warp, at its last fence
  std::vector<Knowledge> acquirable; ///< read, to be known at the next fence
  Step base = 0;
  Step latest = 0;
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_SHAREDMEMORYCHECKER_H

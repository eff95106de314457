//===- Warp.h - 32 lanes and where they are ---------------------*- C++ -*-===//
//
// Lanes of a warp that stand at the same instruction run together. When a
// branch parts them, they become **splits**, each with its own place. One split
// runs at a time: the one at the lowest instruction, which lets those behind
// catch up, so that lanes meet again where paths join. When a split runs into
// another's place, they become one.
//
// An instruction that needs certain lanes at once (shfl, mma, bar.sync, ...)
// calls gather() first: if some of them are elsewhere, the split is parked, the
// others go on, and lanes that arrive at the same instruction join it. When no
// split can go on and a parked one still misses lanes, the program is wrong.
//
// So that lanes which wait for each other in loops all get on, a split that
// polls in vain, or that has run for long, lets the next one run.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_WARP_H
#define LLSA_RUNTIME_EMULATOR_WARP_H

#include "runtime/emulator/Kernel.h"
#include "runtime/emulator/WgmmaRegisters.h"
#include "llvm/ADT/SmallVector.h"
#include <string>

namespace llsa::ptx {

class Cta;
struct Barrier;

/// Lanes that stand at one instruction and do not run at the moment.
struct Split {
  enum class State {
    Ready,
    Parked,  ///< before an instruction that misses some of the lanes `needed`
    Blocked, ///< behind a barrier instruction, until the barrier completes
  };
  uint32_t pc = 0;
  LaneMask lanes = 0;
  State state = State::Ready;
  LaneMask needed = 0;
  uint32_t barrier = 0;
};

class Warp {
public:
  Warp(Cta &cta, unsigned index);

  /// Starts the kernel with the lanes of `alive`.
  void start(LaneMask alive);

  enum class Outcome {
    Running, ///< used up its budget
    Polling, ///< waits in a loop
    Blocked, ///< waits at a barrier
    Exited,
    Stopped, ///< by a fault
  };
  /// Runs at most `budget` instructions.
  Outcome run(uint32_t budget);

  // --- For handlers ---

  template <typename T> T *to(Slot slot) {
    return reinterpret_cast<T *>(registers + slot);
  }
  template <typename T> const T *from(Slot slot) const {
    const uint8_t *base = slot & kConstantSlot ? constants : registers;
    return reinterpret_cast<const T *>(base + (slot & ~kConstantSlot));
  }
  LaneMask predicate(PredicateUse use) const {
    LaneMask mask = predicates[use & ~kNegated];
    return use & kNegated ? ~mask : mask;
  }
  /// Replaces the lanes of `mask` in a predicate.
  void setPredicate(uint32_t number, LaneMask value, LaneMask mask) {
    predicates[number] = (predicates[number] & ~mask) | (value & mask);
  }
  const uint32_t *operands(const Instruction &i) const {
    return pool + i.extra;
  }

  /// Sends the lanes of `taken` to `target`; the other running lanes go on.
  void branch(LaneMask taken, uint32_t target);
  /// Lets some of the running lanes wait at `at` until the others get there or
  /// stop; some must remain.
  void setAside(LaneMask lanes, uint32_t at);
  /// Ends the lanes.
  void exit(LaneMask lanes);
  /// Can `instruction` be executed now, by exactly the lanes `needed` that have
  /// not exited (they may be more than run at the moment)? If not, the running
  /// split has been parked, and the handler must return.
  bool gather(const Instruction &instruction, LaneMask mask, LaneMask needed);
  /// The same, for instructions that all 32 lanes must execute.
  bool gatherAll(const Instruction &instruction, LaneMask mask);
  /// Lets the running lanes wait for a barrier of the CTA.
  void block(LaneMask lanes, uint32_t barrier);
  /// The barrier has completed: whoever waits for it may go on.
  void completeBarrier(unsigned id, const Barrier &barrier);
  /// The running split polls in vain: others should run.
  void poll();

  /// Reports an error in the program and stops. `lane` may be kLanes: no
  /// particular one.
  void fault(const Instruction &instruction, unsigned lane,
             const std::string &message);

  /// Where lanes wait, for the message about a deadlock.
  std::string whereLanesWait() const;

  Cta &cta;
  const unsigned index;
  const Kernel &kernel;

  LaneMask active = 0; ///< the running lanes
  LaneMask alive = 0;  ///< lanes that have not exited
  uint32_t pc = 0;     ///< of the running lanes; while a handler runs, the next
  uint64_t executed = 0; ///< instructions

  uint8_t *local = nullptr;       ///< local memory, lane by lane
  std::vector<uint32_t> returnTo; ///< [function][lane]
  LaneMask carry = 0;             ///< the condition code CC.CF
  WgmmaRegisters wgmmaRegisters;

private:
  void fillSpecials();
  void updateSwitch();
  /// Chooses the split to run. False: there is none.
  bool chooseSplit(bool fairly);
  bool settle();
  Outcome settleOutcome();
  void setBarrierResult(const Instruction &at, const Barrier &barrier,
                        LaneMask lanes);
  void faultDivergence(const Split &split);
  std::string lanesElsewhere(LaneMask lanes) const;

  uint8_t *registers = nullptr;
  const uint8_t *constants;
  uint32_t *predicates = nullptr;
  const uint32_t *pool;
  /// When `pc` reaches this, the running split has met another, or something
  /// has happened that run() must look at (then it is 0).
  uint32_t switchPc = ~0u;
  llvm::SmallVector<Split, 4> splits; ///< those that do not run
  bool fair = false; ///< the running split need not be the lowest
  unsigned patience = 0;
  bool polling = false;
  bool stopped = false;

  std::vector<uint64_t> storage; ///< registers, predicates, local memory
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_WARP_H

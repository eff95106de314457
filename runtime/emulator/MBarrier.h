//===- MBarrier.h - mbarrier objects ----------------------------*- C++ -*-===//
//
// An mbarrier lives in shared memory; what it holds is opaque to programs, so
// its state is kept aside, under its address. A phase completes when no
// arrivals are pending and all announced bytes have come.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_EMULATOR_MBARRIER_H
#define LLSA_RUNTIME_EMULATOR_MBARRIER_H

#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/VectorClock.h"
#include <string>

namespace llsa::ptx {

class Cta;

struct MBarrier {
  uint32_t address = 0;
  bool valid = false;
  uint32_t count = 0;  ///< arrivals that a phase takes
  int64_t pending = 0; ///< arrivals that this phase still takes
  int64_t bytes = 0;   ///< announced and not yet come
  uint64_t phase = 0;  ///< phases that are complete
  Step copyStep = 0;   ///< of the copies that complete this phase
  bool copies = false; ///< some have
  Knowledge arriving;  ///< of those who arrive in this phase
  Knowledge completed; ///< of the phases that are complete
};

class MBarrierSet {
public:
  explicit MBarrierSet(Cta &cta) : cta(cta) {}
  void start() { barriers.clear(); }

  /// The number of the mbarrier at an address, made if there is none, or -1:
  /// there are too many.
  int find(uint32_t address, bool make);
  MBarrier &operator[](int number) { return barriers[size_t(number)]; }

  /// `count` arrivals, on a warp's knowledge and, if given, on that of the
  /// warp's copies up to a step. Returns "" or what is wrong.
  std::string arrive(int number, uint32_t count, unsigned warp,
                     Step copies = 0);
  void expectBytes(int number, int64_t bytes);
  /// A bulk copy has come.
  void completeBytes(int number, int64_t bytes);

  /// "at 0x100: phase 3, 1 arrival pending, 512 bytes to come; ...".
  std::string describe() const;

private:
  void completePhase(int number);

  Cta &cta;
  std::vector<MBarrier> barriers;
};

/// The mbarrier at the shared address of a lane, or -1 after a fault: it was
/// not initialised, or this warp cannot know of that yet.
int mbarrierAt(Warp &w, const Instruction &i, unsigned lane, uint64_t address);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_MBARRIER_H

//===- Barrier.h - the sixteen barriers of a CTA ----------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_BARRIER_H
#define LLSA_RUNTIME_EMULATOR_BARRIER_H

#include "runtime/emulator/Instruction.h"
#include "runtime/emulator/VectorClock.h"
#include <array>
#include <string>

namespace llsa::ptx {

class Cta;

/// Instruction::aux of barrier instructions.
enum : uint32_t {
  kBarrierWaits = 1,
  kBarrierReduces = 2,
  kBarrierAligned = 4,
  kBarrierCluster = 8,
};
/// What bar.red computes.
enum : uint32_t { kBarrierAnd, kBarrierOr, kBarrierPopc };

/// One of bar.sync's barriers. It completes when as many threads as expected
/// have arrived; without a number, all that have not exited are expected.
struct Barrier {
  uint32_t arrived = 0;  ///< threads
  uint32_t expected = 0; ///< 0: all that have not exited
  Knowledge knowledge;   ///< of those that have arrived
  uint64_t waiting = 0;  ///< warps
  // bar.red's three results.
  uint32_t votes = 0;
  bool all = true;
  bool any = false;
};

class BarrierSet {
public:
  static constexpr unsigned kBarriers = 16;
  /// Behind those that programs may name: barrier.cluster's.
  static constexpr unsigned kClusterBarrier = kBarriers;

  explicit BarrierSet(Cta &cta) : cta(cta) {}
  void start() { barriers = {}; }

  Barrier &operator[](unsigned id) { return barriers[id]; }

  /// A thread count that differs from that of others at the same barrier.
  /// Returns "" or what is wrong.
  std::string arrive(unsigned id, uint32_t threads, uint32_t expected,
                     unsigned warp);
  /// Completes every barrier that has all it waits for. To be called when
  /// threads have arrived or exited.
  void complete();

private:
  Cta &cta;
  std::array<Barrier, kBarriers + 1> barriers;
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_BARRIER_H

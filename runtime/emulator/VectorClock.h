//===- VectorClock.h - who has seen what of whom ----------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_VECTORCLOCK_H
#define LLSA_RUNTIME_EMULATOR_VECTORCLOCK_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace llsa::ptx {

/// A number for a stretch of an actor's work; it only grows.
using Step = uint32_t;

/// For every actor, the last of its steps that the owner of this clock knows
/// to be over. What actor a did in step s happened before whatever an owner
/// does whose clock has at least s at a.
class VectorClock {
public:
  void reset(size_t actors, Step step) { steps.assign(actors, step); }
  Step &operator[](size_t actor) { return steps[actor]; }
  Step operator[](size_t actor) const { return steps[actor]; }
  bool empty() const { return steps.empty(); }
  void clear() { steps.clear(); }

  /// Learns all that `other` knows. An empty clock knows nothing.
  void join(const VectorClock &other) {
    if (steps.empty())
      steps = other.steps;
    else
      for (size_t a = 0; a < other.steps.size(); ++a)
        steps[a] = std::max(steps[a], other.steps[a]);
  }
  Step latest() const { return *std::max_element(steps.begin(), steps.end()); }

private:
  std::vector<Step> steps;
};

/// What a warp knows, or what a barrier passes on.
struct Knowledge {
  VectorClock seen;
  /// Of the same, what the asynchronous proxy (wgmma, bulk copies) sees too:
  /// what was known at the last fence.proxy.async.
  VectorClock proxySeen;

  void join(const Knowledge &other) {
    seen.join(other.seen);
    proxySeen.join(other.proxySeen);
  }
  void clear() {
    seen.clear();
    proxySeen.clear();
  }
  bool empty() const { return seen.empty(); }
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_VECTORCLOCK_H

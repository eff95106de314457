//===- StepLanes.cpp - which steps run side by side -----------------------===//
#include "compiler/target/plan/StepLanes.h"

#include "compiler/target/plan/WorkspaceLayout.h"
#include "runtime/program/StepOrder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include <limits>
#include <optional>

using namespace llvm;

namespace llsa {

namespace {

/// What a data centre's GPU does in a second, and what a launch costs on it
/// however small it is.
constexpr double kBytesPerSecond = 2.5e12, kFlopsPerSecond = 400e12;
constexpr double kLaunchSeconds = 5e-6;

constexpr double kNever = std::numeric_limits<double>::infinity();
/// Times that differ by less are one.
constexpr double kTick = 1e-9;

constexpr size_t kNumLanes = size_t(Program::kLanes);

/// A step's time when it has the GPU for itself, and the share of the memory's
/// and of the multiprocessors' time that it takes meanwhile.
struct StepCost {
  double seconds = 0, memory = 0, work = 0;
};

StepCost costOf(const Program &program, const Step &step) {
  const Kernel &kernel = program.kernels[size_t(step.kernel)];
  // Kernels that other ones are made of have no estimate of their own.
  double workspace = 0;
  for (int64_t arg : step.args)
    if (const Buffer &buffer = program.buffers[size_t(arg)];
        buffer.role == Buffer::Role::Workspace)
      workspace += double(buffer.numBytes());
  double memory = std::max(kernel.bytes, workspace) / kBytesPerSecond;
  double work = kernel.flops / kFlopsPerSecond;
  double seconds = kLaunchSeconds + std::max(memory, work);
  return {seconds, memory / seconds, work / seconds};
}

/// The lane of each step.
using Lanes = std::vector<size_t>;

/// What becomes of a choice of lanes.
struct Timeline {
  std::vector<double> begin; ///< of each step
  double end = 0;            ///< of all
};

class LanePlanner {
public:
  LanePlanner(Program &program, const LaneOptions &options)
      : program(program), options(options), count(program.steps.size()) {
    for (const Step &step : program.steps)
      costs.push_back(costOf(program, step));
    findDependences();
    findLongestChain();
  }

  void run() {
    Lanes lanes(count, 0);
    double alone = estimate(lanes).end;
    if (alone < options.leastBusy * double(count) * kLaunchSeconds)
      return;
    mostWorkspace = options.mostWorkspace * workspaceOf(program.steps);
    while (improve(lanes)) {
    }
    Timeline timeline = estimate(lanes);
    if (is_contained(lanes, 1u) && alone - timeline.end >= options.leastGain)
      program.steps = stepsIn(lanes, timeline);
  }

private:
  /// Whether step `a`, which stands before `b`, must have ended when it begins.
  bool depend(const Step &a, const Step &b) const {
    auto writes = [&](const Step &step, int64_t buffer) {
      return any_of(program.kernels[size_t(step.kernel)].writes,
                    [&](int64_t position) {
                      return step.args[size_t(position)] == buffer;
                    });
    };
    return any_of(a.args, [&](int64_t buffer) {
      return is_contained(b.args, buffer) &&
             (writes(a, buffer) || writes(b, buffer));
    });
  }

  void findDependences() {
    dependences.resize(count);
    for (size_t b = 0; b < count; ++b)
      for (size_t a = 0; a < b; ++a)
        if (depend(program.steps[a], program.steps[b]))
          dependences[b].push_back(a);
  }

  /// The chain of dependent steps that takes longest, lanes or not.
  void findLongestChain() {
    std::vector<double> until(count, 0);
    std::vector<std::optional<size_t>> last(count);
    for (size_t i = 0; i < count; ++i) {
      for (size_t earlier : dependences[i])
        if (until[earlier] > until[i] + kTick) {
          until[i] = until[earlier];
          last[i] = earlier;
        }
      until[i] += costs[i].seconds;
    }
    onLongestChain.assign(count, false);
    if (count == 0)
      return;
    std::optional<size_t> step = size_t(max_element(until) - until.begin());
    for (; step; step = last[*step])
      onLongestChain[*step] = true;
  }

  Timeline estimate(const Lanes &lanes) const;
  bool improve(Lanes &lanes) const;
  std::vector<Step> stepsIn(const Lanes &lanes, const Timeline &timeline) const;
  double workspaceOf(ArrayRef<Step> steps) const {
    return double(layoutWorkspace(program.buffers, steps).bytes);
  }

  Program &program;
  LaneOptions options;
  size_t count;
  std::vector<StepCost> costs;
  std::vector<std::vector<size_t>> dependences; ///< by step: earlier ones
  std::vector<bool> onLongestChain;
  double mostWorkspace = 0; ///< bytes that the steps may take
};

/// What runs in a lane, and how much of it is left.
struct Running {
  std::optional<size_t> step;
  double left = 0; ///< seconds, if it has the GPU for itself
};

Timeline LanePlanner::estimate(const Lanes &lanes) const {
  std::vector<size_t> queue[kNumLanes]; // backwards
  for (size_t i = count; i-- > 0;)
    queue[lanes[i]].push_back(i);
  Timeline timeline;
  timeline.begin.resize(count);
  std::vector<double> end(count, kNever);
  double laneEnd[kNumLanes] = {};
  Running running[kNumLanes];

  auto readyTime = [&](size_t step) {
    double time = 0;
    for (size_t earlier : dependences[step]) {
      bool sameLane = lanes[earlier] == lanes[step];
      time = std::max(time, end[earlier] + (sameLane ? 0 : options.wait));
    }
    return time;
  };

  for (double now = 0;;) {
    double next = kNever;
    double memory = 0, work = 0;
    for (size_t lane = 0; lane < kNumLanes; ++lane) {
      Running &own = running[lane];
      if (!own.step && !queue[lane].empty()) {
        double ready = readyTime(queue[lane].back());
        if (ready <= now + kTick) {
          own = {queue[lane].back(), costs[queue[lane].back()].seconds};
          timeline.begin[*own.step] = now;
          queue[lane].pop_back();
        } else {
          next = std::min(next, ready);
        }
      }
      if (own.step) {
        memory += costs[*own.step].memory;
        work += costs[*own.step].work;
      }
    }
    double slower = std::max({1.0, memory, work});
    for (const Running &own : running)
      if (own.step)
        next = std::min(next, now + own.left * slower);
    if (next == kNever) // all have ended: a step waits for earlier ones alone
      break;
    for (size_t lane = 0; lane < kNumLanes; ++lane) {
      Running &own = running[lane];
      if (!own.step)
        continue;
      own.left -= (next - now) / slower;
      if (own.left > kTick / 2)
        continue;
      laneEnd[lane] = end[*own.step] = next;
      own.step.reset();
    }
    now = next;
  }
  // The caller's stream waits for lane 1.
  timeline.end =
      std::max(laneEnd[0], laneEnd[1] > 0 ? laneEnd[1] + options.wait : 0);
  return timeline;
}

/// Moves the step to lane 1 that gains most; false when none gains enough.
bool LanePlanner::improve(Lanes &lanes) const {
  double now = estimate(lanes).end, most = kTick;
  std::optional<size_t> best;
  for (size_t step = 0; step < count; ++step) {
    if (lanes[step] != 0 || onLongestChain[step])
      continue;
    Lanes moved = lanes;
    moved[step] = 1;
    Timeline timeline = estimate(moved);
    double gain = now - timeline.end;
    if (gain < most + kTick ||
        gain < options.leastShare * costs[step].seconds ||
        workspaceOf(stepsIn(moved, timeline)) > mostWorkspace)
      continue;
    most = gain;
    best = step;
  }
  if (best)
    lanes[*best] = 1;
  return best.has_value();
}

/// The steps in the order in which they begin.
std::vector<Step> LanePlanner::stepsIn(const Lanes &lanes,
                                       const Timeline &timeline) const {
  // A step begins when all that it waits for has ended: later than they do.
  auto all = seq<size_t>(0, count);
  std::vector<size_t> order(all.begin(), all.end()), place(count);
  stable_sort(order, [&](size_t a, size_t b) {
    return timeline.begin[a] < timeline.begin[b];
  });
  for (size_t i = 0; i < count; ++i)
    place[order[i]] = i;
  std::vector<Step> steps;
  for (size_t old : order) {
    Step step = program.steps[old];
    step.lane = int64_t(lanes[old]);
    // The last one of the other lane: those before it have ended, too.
    std::optional<size_t> last;
    for (size_t earlier : dependences[old])
      if (lanes[earlier] != lanes[old])
        last = std::max(last.value_or(0), place[earlier]);
    steps.push_back(std::move(step));
    if (last && !StepOrder(steps).precedes(*last, steps.size() - 1))
      steps.back().after = {int64_t(*last)};
  }
  return steps;
}

} // namespace

void assignLanes(Program &program, const LaneOptions &options) {
  LanePlanner(program, options).run();
}

} // namespace llsa

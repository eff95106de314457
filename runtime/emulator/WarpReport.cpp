//===- WarpReport.cpp - faults of a warp, in words --------------*- C++ -*-===//
#include "runtime/emulator/Cta.h"
#include "runtime/emulator/LaneText.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

std::string lanesText(LaneMask lanes) {
  std::string text;
  for (unsigned lane = 0; lane < kLanes; ++lane) {
    if (!(lanes >> lane & 1))
      continue;
    unsigned last = lane;
    while (last + 1 < kLanes && (lanes >> (last + 1) & 1))
      ++last;
    if (!text.empty())
      text += ',';
    text += last == lane ? fmt::format("{}", lane)
                         : fmt::format("{}-{}", lane, last);
    lane = last;
  }
  return (lanes & (lanes - 1) ? "lanes " : "lane ") + text;
}

void Warp::fault(const Instruction &instruction, unsigned lane,
                 const std::string &message) {
  stopped = true;
  switchPc = 0;
  const Dim3 &block = cta.index;
  cta.setFault(fmt::format(
      "kernel '{}', {}, block ({},{},{}), warp {}{}: {}", kernel.name,
      kernel.describe(instruction), block.x, block.y, block.z, index,
      lane < kLanes ? fmt::format(", lane {}", lane) : "", message));
}

std::string Warp::lanesElsewhere(LaneMask lanes) const {
  std::string text;
  auto append = [&](LaneMask some, const std::string &where) {
    if (some &= lanes)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", lanesText(some),
                          where);
  };
  for (const Split &split : splits) {
    const Instruction &at =
        kernel.code[split.state == Split::State::Blocked ? split.pc - 1
                                                         : split.pc];
    append(split.lanes, "at " + kernel.describe(at));
  }
  append(~alive, "exited");
  return text;
}

void Warp::faultDivergence(const Split &split) {
  LaneMask missing = split.needed & ~split.lanes;
  fault(kernel.code[split.pc], unsigned(__builtin_ctz(split.lanes)),
        fmt::format("{} must execute this together, but only {} did: {}",
                    lanesText(split.needed), lanesText(split.lanes),
                    lanesElsewhere(missing)));
}

std::string Warp::whereLanesWait() const {
  std::string text;
  for (const Split &split : splits) {
    const Instruction &at =
        kernel.code[split.state == Split::State::Ready     ? split.pc
                    : split.state == Split::State::Blocked ? split.pc - 1
                                                           : split.pc];
    text += fmt::format("{}{} at {}", text.empty() ? "" : ", ",
                        lanesText(split.lanes), kernel.describe(at));
  }
  if (active)
    text += fmt::format("{}{} at {}", text.empty() ? "" : ", ",
                        lanesText(active), kernel.describe(kernel.code[pc]));
  return text;
}

} // namespace llsa::ptx

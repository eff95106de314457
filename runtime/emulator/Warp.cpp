//===- Warp.cpp - splits, and the loop that runs instructions -------------===//
#include "runtime/emulator/Warp.h"

#include "runtime/emulator/Cta.h"
#include "runtime/emulator/LaneText.h"
#include "llvm/ADT/STLExtras.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

/// Runs of this many budgets after which another split gets a turn.
static constexpr unsigned kPatience = 16;

Warp::Warp(Cta &cta, unsigned index)
    : cta(cta), index(index), kernel(cta.launch.kernel),
      constants(kernel.constants.data()), pool(kernel.pool.data()) {
  size_t registerWords = kernel.registerBytes / 8;
  size_t predicateWords = kernel.predicates / 2 + 1;
  size_t localWords = (size_t(kernel.localBytes) * kLanes + 7) / 8;
  // Vectors of 32 bytes are read at once: align, with room to do so.
  storage.resize(registerWords + predicateWords + localWords + 8);
  uintptr_t begin = reinterpret_cast<uintptr_t>(storage.data());
  registers = reinterpret_cast<uint8_t *>((begin + 63) & ~uintptr_t(63));
  predicates = reinterpret_cast<uint32_t *>(registers + registerWords * 8);
  local = reinterpret_cast<uint8_t *>(predicates) + predicateWords * 8;
  returnTo.resize(size_t(kernel.returnSites) * kLanes);
}

void Warp::start(LaneMask lanes) {
  active = alive = lanes;
  pc = kernel.start;
  switchPc = ~0u;
  splits.clear();
  polling = stopped = fair = false;
  patience = kPatience;
  executed = 0;
  carry = 0;
  wgmmaRegisters.start();
  predicates[kFalse] = 0;
  predicates[kTrue] = kAllLanes;
  fillSpecials();
}

Warp::Outcome Warp::run(uint32_t budget) {
  if (active == 0 && !chooseSplit(false))
    return settleOutcome();
  const Instruction *code = kernel.code.data();
  uint32_t left = budget;
  while (left > 0) {
    --left;
    const Instruction &instruction = code[pc++];
    LaneMask mask =
        active & (predicates[instruction.guard] ^ instruction.guardInverted);
    if (mask) {
      if (wgmmaRegisters.inUse())
        if (std::string wrong = wgmmaRegisters.check(kernel, instruction);
            !wrong.empty())
          fault(instruction, kLanes, wrong);
      if (!stopped)
        instruction.run(*this, instruction, mask);
    }
    if (pc >= switchPc && !settle()) {
      executed += budget - left;
      return settleOutcome();
    }
  }
  executed += budget;
  // Lanes may wait for others of this warp in a loop.
  if (!splits.empty() && (fair || --patience == 0)) {
    bool wasFair = fair;
    patience = kPatience;
    splits.push_back({pc, active, Split::State::Ready, 0, 0});
    active = 0;
    chooseSplit(!wasFair);
  }
  return Outcome::Running;
}

/// Looks at what has happened. True: go on.
bool Warp::settle() {
  if (stopped)
    return false;
  if (active != 0) {
    bool behind = false;
    for (size_t s = 0; s < splits.size();) {
      if (splits[s].state == Split::State::Ready && splits[s].pc == pc) {
        active |= splits[s].lanes;
        splits.erase(splits.begin() + ptrdiff_t(s));
        continue;
      }
      behind |= splits[s].state == Split::State::Ready && splits[s].pc < pc;
      ++s;
    }
    if (!polling && (!behind || fair)) {
      updateSwitch();
      return true;
    }
    splits.push_back({pc, active, Split::State::Ready, 0, 0});
    active = 0;
  }
  if (polling) {
    chooseSplit(true);
    return false;
  }
  return chooseSplit(false);
}

Warp::Outcome Warp::settleOutcome() {
  if (stopped)
    return Outcome::Stopped;
  if (polling) {
    polling = false;
    return Outcome::Polling;
  }
  if (alive == 0)
    return Outcome::Exited;
  return Outcome::Blocked;
}

void Warp::updateSwitch() {
  switchPc = ~0u;
  for (const Split &split : splits)
    if (split.state == Split::State::Ready && (!fair || split.pc >= pc))
      switchPc = std::min(switchPc, split.pc);
}

bool Warp::chooseSplit(bool fairly) {
  auto pick = [&](bool onlyBehindPc) {
    Split *best = nullptr;
    for (Split &split : splits)
      if (split.state == Split::State::Ready &&
          (!onlyBehindPc || split.pc > pc) && (!best || split.pc < best->pc))
        best = &split;
    return best;
  };
  Split *next = fairly ? pick(true) : nullptr;
  if (!next)
    next = pick(false);
  if (!next) {
    // Lanes that a parked split waits for may have exited.
    bool blocked = false;
    for (Split &split : splits) {
      if (split.state == Split::State::Blocked)
        blocked = true;
      else if ((split.needed & alive & ~split.lanes) == 0) {
        split.state = Split::State::Ready;
        next = &split;
      }
    }
    if (!next && !blocked && !splits.empty())
      faultDivergence(splits.front());
    if (!next)
      return false;
  }
  fair = fairly;
  pc = next->pc;
  erase_if(splits, [&](const Split &split) {
    if (split.pc != pc || split.state == Split::State::Blocked)
      return false;
    active |= split.lanes;
    return true;
  });
  updateSwitch();
  return true;
}

void Warp::branch(LaneMask taken, uint32_t target) {
  if (taken == active) {
    pc = target;
  } else {
    LaneMask others = active & ~taken;
    // The running split is the one that is behind.
    if (target < pc) {
      splits.push_back({pc, others, Split::State::Ready, 0, 0});
      active = taken;
      pc = target;
    } else {
      splits.push_back({target, taken, Split::State::Ready, 0, 0});
      active = others;
    }
  }
  if (!splits.empty())
    updateSwitch();
}

void Warp::setAside(LaneMask lanes, uint32_t at) {
  splits.push_back({at, lanes, Split::State::Ready, 0, 0});
  active &= ~lanes;
}

void Warp::exit(LaneMask lanes) {
  active &= ~lanes;
  alive &= ~lanes;
  if (active == 0)
    switchPc = 0;
}

bool Warp::gather(const Instruction &instruction, LaneMask mask,
                  LaneMask needed) {
  needed &= alive;
  if ((needed & ~mask) == 0)
    return true;
  uint32_t here = uint32_t(&instruction - kernel.code.data());
  // Lanes whose guard is false are past this instruction.
  if (LaneMask past = active & ~mask)
    splits.push_back({here + 1, past, Split::State::Ready, 0, 0});
  active = mask;
  erase_if(splits, [&](const Split &split) {
    if (split.pc != here || split.state == Split::State::Blocked)
      return false;
    active |= split.lanes;
    return true;
  });
  if ((needed & ~active) == 0) {
    pc = here; // all are here: once more
    updateSwitch();
    return false;
  }
  splits.push_back({here, active, Split::State::Parked, needed, 0});
  active = 0;
  switchPc = 0;
  return false;
}

bool Warp::gatherAll(const Instruction &instruction, LaneMask mask) {
  if (mask == kAllLanes)
    return true;
  if (alive == kAllLanes)
    return gather(instruction, mask, kAllLanes);
  fault(instruction, kLanes,
        fmt::format("all 32 lanes of a warp must execute this, but {} exited "
                    "before or never started",
                    lanesText(~alive)));
  return false;
}

void Warp::block(LaneMask lanes, uint32_t barrier) {
  splits.push_back({pc, lanes, Split::State::Blocked, 0, barrier});
  active &= ~lanes;
  if (active == 0)
    switchPc = 0;
}

void Warp::poll() {
  polling = true;
  switchPc = 0;
}

} // namespace llsa::ptx

//===- Control.cpp - branches, calls, hints ---------------------*- C++ -*-===//
#include "runtime/emulator/Cta.h"
#include "runtime/emulator/Instructions.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

namespace {

void branch(Warp &w, const Instruction &i, LaneMask mask) {
  w.branch(mask, i.target);
}

/// a: the index of each lane; extra: the targets.
void branchIndexed(Warp &w, const Instruction &i, LaneMask mask) {
  const uint32_t *index = w.from<uint32_t>(i.a);
  uint32_t first = index[__builtin_ctz(mask)];
  if (first >= i.extraCount)
    return w.fault(
        i, unsigned(__builtin_ctz(mask)),
        fmt::format("index {} of a table of {} targets", first, i.extraCount));
  // One target at a time: the others come here again.
  LaneMask taken = 0;
  for (LaneMask m = mask; m; m &= m - 1)
    if (index[__builtin_ctz(m)] == first)
      taken |= m & -m;
  LaneMask rest = mask & ~taken;
  uint32_t target = w.operands(i)[first];
  if (rest)
    w.setAside(rest, w.pc - 1);
  w.branch(taken, target);
}

/// aux: the function that calls; target: the one called, extra[0]: its number.
void call(Warp &w, const Instruction &i, LaneMask mask) {
  uint32_t *returnTo = w.returnTo.data() + size_t(w.operands(i)[0]) * kLanes;
  for (LaneMask m = mask; m; m &= m - 1)
    returnTo[__builtin_ctz(m)] = w.pc;
  w.branch(mask, i.target);
}

/// aux: the function that returns.
void returnToCaller(Warp &w, const Instruction &i, LaneMask mask) {
  const uint32_t *returnTo = w.returnTo.data() + size_t(i.aux) * kLanes;
  uint32_t target = returnTo[__builtin_ctz(mask)];
  LaneMask taken = 0;
  for (LaneMask m = mask; m; m &= m - 1)
    if (returnTo[__builtin_ctz(m)] == target)
      taken |= m & -m;
  if (LaneMask rest = mask & ~taken)
    w.setAside(rest, w.pc - 1);
  w.branch(taken, target);
}

/// Copies aux bytes of the frame of each lane, from b to dst.
void copyFrame(Warp &w, const Instruction &i, LaneMask mask) {
  for (LaneMask m = mask; m; m &= m - 1) {
    uint8_t *frame = w.local + size_t(__builtin_ctz(m)) * w.kernel.localBytes;
    std::memcpy(frame + i.dst, frame + i.b, i.aux);
  }
}

void exitLanes(Warp &w, const Instruction &, LaneMask mask) {
  w.exit(mask);
  ++w.cta.progress;
  if (w.alive == 0)
    w.cta.barriers.complete();
}

void trap(Warp &w, const Instruction &i, LaneMask mask) {
  w.fault(i, unsigned(__builtin_ctz(mask)), "trap");
}

void nanosleep(Warp &w, const Instruction &, LaneMask) { w.poll(); }

void fence(Warp &w, const Instruction &, LaneMask) {
  w.cta.shared.checker.fence(w.index);
}
void fenceProxy(Warp &w, const Instruction &, LaneMask) {
  w.cta.shared.checker.fenceProxy(w.index);
}

void zero(Warp &w, const Instruction &i, LaneMask mask) {
  for (LaneMask m = mask; m; m &= m - 1)
    w.to<uint64_t>(i.dst)[__builtin_ctz(m)] = 0;
}
void nothing(Warp &, const Instruction &, LaneMask) {}

bool copyParameters(Decoder &d, ArrayRef<Operand> given,
                    ArrayRef<uint32_t> declared, bool isResult) {
  if (given.size() != declared.size())
    return d.fail(fmt::format("expected {} {}, got {}", declared.size(),
                              isResult ? "results" : "arguments",
                              given.size()));
  for (size_t k = 0; k < given.size(); ++k) {
    uint32_t here, there;
    if (given[k].kind != Operand::Kind::Symbol)
      return d.fail("expected variables of .param as arguments and results");
    if (!d.frameOffset(given[k].index, here) ||
        !d.frameOffset(declared[k], there))
      return false;
    d.out.dst = isResult ? here : there;
    d.out.b = isResult ? there : here;
    d.out.aux = uint32_t(d.module.variables[declared[k]].bytes);
    if (!d.finish(copyFrame))
      return false;
  }
  return true;
}

} // namespace

/// bra{.uni} label
bool decodeBranch(Decoder &d) {
  if (!d.expectOperands(1))
    return false;
  d.branchTo(d.operand(0).index);
  return d.finish(branch);
}

/// brx.idx{.uni} index, table
bool decodeBranchIndexed(Decoder &d) {
  if (!d.expectOperands(2) || !d.branchTable(d.operand(1).name))
    return false;
  d.out.a = d.source(0, Type::U32);
  return d.finish(branchIndexed);
}

/// call{.uni} {(results),} function{, (arguments)}{, ...}
bool decodeCall(Decoder &d) {
  if (!d.expectOperands(1, 4))
    return false;
  size_t index = d.operand(0).kind == Operand::Kind::List ? 1 : 0;
  const Operand &name = d.operand(index);
  if (name.kind != Operand::Kind::Name)
    return d.fail("calls through registers are not supported");
  ArrayRef<Operand> results, arguments;
  if (index == 1)
    results = d.operand(0).elements;
  if (d.operand(index + 1).kind == Operand::Kind::List)
    arguments = d.operand(index + 1).elements;
  uint32_t number;
  const FunctionSyntax *function = d.functionNamed(name.name, number);
  if (!function || !copyParameters(d, arguments, function->parameters, false))
    return false;
  d.extra(number);
  d.callTo(number);
  return d.finish(call) && copyParameters(d, results, function->results, true);
}

/// ret ends a function, exit the thread.
bool decodeReturn(Decoder &d) {
  if (d.opcode() == "exit" || d.inEntry())
    return d.finish(exitLanes);
  d.out.aux = d.currentFunction();
  return d.finish(returnToCaller);
}

bool decodeTrap(Decoder &d) { return d.finish(trap); }

bool decodeNanosleep(Decoder &d) { return d.finish(nanosleep); }

/// Hints, and what has no effect on one CTA at a time.
bool decodeNothing(Decoder &d) {
  if (d.opcode() == "createpolicy") {
    d.out.dst = d.destination(0, Type::B64);
    return d.finish(zero);
  }
  return d.finish(nothing);
}

/// membar.level, fence{.sem}.scope, fence.proxy.kind, fence.mbarrier_init
bool decodeFence(Decoder &d) {
  if (!d.has("proxy"))
    return d.finish(fence);
  // fence.proxy.tensormap and .alias order nothing that is checked.
  return d.finish(d.has("async") ||
                          llvm::any_of(d.statement->parts,
                                       [](StringRef part) {
                                         return part.starts_with("async::");
                                       })
                      ? fenceProxy
                      : nothing);
}

} // namespace llsa::ptx

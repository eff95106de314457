//===- Collectives.cpp - shfl, vote, match, redux, elect --------*- C++ -*-===//
//
// Each lane names the lanes that take part; a lane that is not among them is an
// error, and those named must all arrive (Warp::gather). Lanes of one warp may
// name different sets at one instruction: each set is served by itself.
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/Cta.h"
#include "runtime/emulator/Elementwise.h"
#include "runtime/emulator/FloatOps.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

namespace {

/// Checks the lanes' member masks, and that all members are here. False: the
/// handler must return.
bool gatherMembers(Warp &w, const Instruction &i, LaneMask mask,
                   const uint32_t *members) {
  LaneMask needed = 0;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    if (!(members[lane] >> lane & 1)) {
      w.fault(i, lane,
              fmt::format("this lane is not in its own mask {:#010x}",
                          members[lane]));
      return false;
    }
    needed |= members[lane];
  }
  return w.gather(i, mask, needed);
}

/// body(lanes) for each set of lanes that name the same members.
template <typename Body>
void forSets(LaneMask mask, const uint32_t *members, Body body) {
  while (mask) {
    uint32_t set = members[__builtin_ctz(mask)];
    LaneMask lanes = 0;
    for (LaneMask m = mask; m; m &= m - 1)
      if (members[__builtin_ctz(m)] == set)
        lanes |= m & -m;
    body(lanes);
    mask &= ~lanes;
  }
}

enum class Shuffle : uint32_t { Up, Down, Butterfly, Index };

/// dst|target = shuffle a by b, c; extra[0]: members. aux: the mode.
void shuffle(Warp &w, const Instruction &i, LaneMask mask) {
  const uint32_t *members = w.from<uint32_t>(w.operands(i)[0]);
  if (!gatherMembers(w, i, mask, members))
    return;
  const uint32_t *value = w.from<uint32_t>(i.a);
  const uint32_t *by = w.from<uint32_t>(i.b);
  const uint32_t *clampMask = w.from<uint32_t>(i.c);
  uint32_t result[kLanes];
  LaneMask valid = 0;
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    unsigned b = by[lane] & 31;
    unsigned clamp = clampMask[lane] & 31;
    unsigned segment = clampMask[lane] >> 8 & 31;
    unsigned most = (lane & segment) | (clamp & ~segment);
    unsigned least = lane & segment;
    unsigned from = 0;
    bool inside = false;
    switch (Shuffle(i.aux)) {
    case Shuffle::Up:
      from = lane - b;
      inside = int(from) >= int(most);
      break;
    case Shuffle::Down:
      from = lane + b;
      inside = from <= most;
      break;
    case Shuffle::Butterfly:
      from = lane ^ b;
      inside = from <= most;
      break;
    case Shuffle::Index:
      from = least | (b & ~segment & 31);
      inside = from <= most;
      break;
    }
    if (!inside)
      from = lane;
    if (!(mask >> from & 1)) {
      if (!(w.alive >> from & 1))
        return w.fault(
            i, lane, fmt::format("reads from lane {}, which has exited", from));
      return w.fault(i, lane,
                     fmt::format("reads from lane {}, which does not take "
                                 "part",
                                 from));
    }
    result[lane] = value[from];
    valid |= LaneMask(inside) << lane;
  }
  uint32_t *r = w.to<uint32_t>(i.dst);
  forLanes(mask, [&](unsigned l) { r[l] = result[l]; });
  if (i.target)
    w.setPredicate(i.target, valid, mask);
}

enum class Vote : uint32_t { All, Any, Uniform, Ballot };

/// dst (ballot) or target = vote of predicate a; b: members.
void vote(Warp &w, const Instruction &i, LaneMask mask) {
  const uint32_t *members = w.from<uint32_t>(i.b);
  if (!gatherMembers(w, i, mask, members))
    return;
  LaneMask votes = w.predicate(i.a);
  forSets(mask, members, [&](LaneMask lanes) {
    LaneMask yes = votes & lanes;
    if (Vote(i.aux) == Vote::Ballot) {
      uint32_t *r = w.to<uint32_t>(i.dst);
      forLanes(lanes, [&](unsigned l) { r[l] = yes; });
      return;
    }
    bool result = Vote(i.aux) == Vote::All   ? yes == lanes
                  : Vote(i.aux) == Vote::Any ? yes != 0
                                             : yes == 0 || yes == lanes;
    w.setPredicate(i.target, result ? kAllLanes : 0, lanes);
  });
}

/// dst = lanes with the value of a (of type T) of this lane; b: members.
/// aux: all lanes must have it; target: whether they have.
template <typename T> void match(Warp &w, const Instruction &i, LaneMask mask) {
  const uint32_t *members = w.from<uint32_t>(i.b);
  if (!gatherMembers(w, i, mask, members))
    return;
  const T *value = w.from<T>(i.a);
  uint32_t *r = w.to<uint32_t>(i.dst);
  forSets(mask, members, [&](LaneMask lanes) {
    for (LaneMask m = lanes; m; m &= m - 1) {
      unsigned lane = unsigned(__builtin_ctz(m));
      LaneMask same = 0;
      for (LaneMask n = lanes; n; n &= n - 1)
        if (value[__builtin_ctz(n)] == value[lane])
          same |= n & -n;
      r[lane] = i.aux && same != lanes ? 0 : same;
      if (i.aux && i.target)
        w.setPredicate(i.target, same == lanes ? kAllLanes : 0, m & -m);
    }
  });
}

template <typename T, typename Op>
void reduce(Warp &w, const Instruction &i, LaneMask mask) {
  const uint32_t *members = w.from<uint32_t>(i.b);
  if (!gatherMembers(w, i, mask, members))
    return;
  const T *value = w.from<T>(i.a);
  T *r = w.to<T>(i.dst);
  forSets(mask, members, [&](LaneMask lanes) {
    T result = value[__builtin_ctz(lanes)];
    for (LaneMask m = lanes & (lanes - 1); m; m &= m - 1)
      result = Op::apply(result, value[__builtin_ctz(m)]);
    forLanes(lanes, [&](unsigned l) { r[l] = result; });
  });
}

struct RAdd {
  static uint32_t apply(uint32_t a, uint32_t b) { return a + b; }
};
struct RAnd {
  static uint32_t apply(uint32_t a, uint32_t b) { return a & b; }
};
struct ROr {
  static uint32_t apply(uint32_t a, uint32_t b) { return a | b; }
};
struct RXor {
  static uint32_t apply(uint32_t a, uint32_t b) { return a ^ b; }
};
template <typename T> struct RMin {
  static T apply(T a, T b) { return std::min(a, b); }
};
template <typename T> struct RMax {
  static T apply(T a, T b) { return std::max(a, b); }
};
/// The magnitudes' bits order like integers, NaN above all.
template <typename Op> struct OnMagnitude {
  static float apply(float a, float b) {
    return Op::apply(FAbs::apply(a), FAbs::apply(b));
  }
};

void activeMask(Warp &w, const Instruction &i, LaneMask mask) {
  uint32_t *r = w.to<uint32_t>(i.dst);
  forLanes(mask, [&](unsigned l) { r[l] = mask; });
}

/// dst|target: the lowest member, and whether it is this lane; a: members.
void elect(Warp &w, const Instruction &i, LaneMask mask) {
  const uint32_t *members = w.from<uint32_t>(i.a);
  if (!gatherMembers(w, i, mask, members))
    return;
  forSets(mask, members, [&](LaneMask lanes) {
    uint32_t leader = uint32_t(__builtin_ctz(lanes));
    uint32_t *r = w.to<uint32_t>(i.dst);
    forLanes(lanes, [&](unsigned l) { r[l] = leader; });
    w.setPredicate(i.target, LaneMask(1) << leader, lanes);
  });
}

/// `d|p` or `d`: the slot into dst, the predicate into target (0: none).
bool resultAndPredicate(Decoder &d) {
  const Operand &result = d.operand(0);
  if (result.kind == Operand::Kind::Pair) {
    d.out.dst = d.destination(result.elements[0], Type::B32);
    d.out.target = d.predicateDestination(result.elements[1]);
  } else {
    d.out.dst = d.destination(result, Type::B32);
    d.out.target = 0;
  }
  return !d.failed();
}

template <template <typename> typename Op> Handler minMaxHandler(Type type) {
  return type == Type::S32 ? Handler(reduce<int32_t, Op<int32_t>>)
                           : reduce<uint32_t, Op<uint32_t>>;
}

template <bool isMax> Handler floatHandler(const Decoder &d) {
  bool nan = d.has("NaN"), magnitude = d.has("abs");
  if (magnitude)
    return nan ? reduce<float, OnMagnitude<FMinMax<isMax, true>>>
               : reduce<float, OnMagnitude<FMinMax<isMax, false>>>;
  return nan ? reduce<float, FMinMax<isMax, true>>
             : reduce<float, FMinMax<isMax, false>>;
}

} // namespace

/// shfl.sync.mode.b32 d{|p}, a, b, c, members
bool decodeShuffle(Decoder &d) {
  if (!d.has("sync") || !d.expectOperands(5) || !resultAndPredicate(d))
    return false;
  d.out.aux = uint32_t(d.has("up")     ? Shuffle::Up
                       : d.has("down") ? Shuffle::Down
                       : d.has("bfly") ? Shuffle::Butterfly
                                       : Shuffle::Index);
  d.out.a = d.source(1, Type::B32);
  d.out.b = d.source(2, Type::B32);
  d.out.c = d.source(3, Type::B32);
  d.extra(d.source(4, Type::B32));
  return d.finish(shuffle);
}

/// vote.sync.mode.{pred,b32} d, {!}a, members
bool decodeVote(Decoder &d) {
  if (!d.has("sync") || !d.expectOperands(3))
    return false;
  Vote mode = d.has("all")   ? Vote::All
              : d.has("any") ? Vote::Any
              : d.has("uni") ? Vote::Uniform
                             : Vote::Ballot;
  d.out.aux = uint32_t(mode);
  if (mode == Vote::Ballot)
    d.out.dst = d.destination(0, Type::B32);
  else
    d.out.target = d.predicateDestination(d.operand(0));
  d.out.a = d.predicateSource(d.operand(1));
  d.out.b = d.source(2, Type::B32);
  return d.finish(vote);
}

/// match.{any,all}.sync.type d{|p}, a, members
bool decodeMatch(Decoder &d) {
  if (!d.expectOperands(3) || !resultAndPredicate(d))
    return false;
  Type type = d.lastType();
  d.out.aux = d.has("all");
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, Type::B32);
  return d.finish(bytesOf(type) == 4   ? match<uint32_t>
                  : bytesOf(type) == 8 ? match<uint64_t>
                                       : nullptr);
}

/// redux.sync.op.type d, a, members
bool decodeReduce(Decoder &d) {
  if (!d.expectOperands(3))
    return false;
  Type type = d.lastType();
  d.out.dst = d.destination(0, type);
  d.out.a = d.source(1, type);
  d.out.b = d.source(2, Type::B32);
  if (type == Type::F32)
    return d.finish(d.has("max") ? floatHandler<true>(d)
                                 : floatHandler<false>(d));
  return d.finish(d.has("add")   ? reduce<uint32_t, RAdd>
                  : d.has("and") ? reduce<uint32_t, RAnd>
                  : d.has("or")  ? reduce<uint32_t, ROr>
                  : d.has("xor") ? reduce<uint32_t, RXor>
                  : d.has("min") ? minMaxHandler<RMin>(type)
                  : d.has("max") ? minMaxHandler<RMax>(type)
                                 : nullptr);
}

bool decodeActiveMask(Decoder &d) {
  if (!d.expectOperands(1))
    return false;
  d.out.dst = d.destination(0, Type::B32);
  return d.finish(activeMask);
}

/// elect.sync d|p, members
bool decodeElect(Decoder &d) {
  if (!d.expectOperands(2) || d.operand(0).kind != Operand::Kind::Pair ||
      !resultAndPredicate(d))
    return false;
  d.out.a = d.source(1, Type::B32);
  return d.finish(elect);
}

} // namespace llsa::ptx

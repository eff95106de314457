//===- Atomic.cpp - atom and red --------------------------------*- C++ -*-===//
//
// Lanes of a warp go one after the other, by number. Blocks run on several
// threads, so memory is changed by the host's own atomic operations.
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/Instructions.h"
#include "runtime/emulator/MemoryAccess.h"
#include "runtime/emulator/SmallFloat.h"

using namespace llvm;

namespace llsa::ptx {

namespace {

float flush(float value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value)
                                                : value;
}

template <typename T> struct Add {
  static T apply(T old, T b, T) { return T(old + b); }
};
template <typename T> struct And {
  static T apply(T old, T b, T) { return old & b; }
};
template <typename T> struct Or {
  static T apply(T old, T b, T) { return old | b; }
};
template <typename T> struct Xor {
  static T apply(T old, T b, T) { return old ^ b; }
};
template <typename T> struct Min {
  static T apply(T old, T b, T) { return std::min(old, b); }
};
template <typename T> struct Max {
  static T apply(T old, T b, T) { return std::max(old, b); }
};
template <typename T> struct Exchange {
  static T apply(T, T b, T) { return b; }
};
template <typename T> struct CompareAndSwap {
  static T apply(T old, T b, T c) { return old == b ? c : old; }
};
template <typename T> struct Increment {
  static T apply(T old, T b, T) { return old >= b ? 0 : old + 1; }
};
template <typename T> struct Decrement {
  static T apply(T old, T b, T) { return old == 0 || old > b ? b : old - 1; }
};
/// Global memory flushes subnormals, shared memory does not.
struct AddF32Flushing {
  static uint32_t apply(uint32_t old, uint32_t b, uint32_t) {
    return bitsTo<uint32_t>(
        flush(flush(bitsTo<float>(old)) + flush(bitsTo<float>(b))));
  }
};
struct AddF32 {
  static uint32_t apply(uint32_t old, uint32_t b, uint32_t) {
    return bitsTo<uint32_t>(bitsTo<float>(old) + bitsTo<float>(b));
  }
};
struct AddF64 {
  static uint64_t apply(uint64_t old, uint64_t b, uint64_t) {
    return bitsTo<uint64_t>(bitsTo<double>(old) + bitsTo<double>(b));
  }
};

enum class HalfOp { Add, Min, Max };
template <bool isBF16, HalfOp op> struct Half {
  static uint16_t apply(uint16_t old, uint16_t b, uint16_t) {
    float x = isBF16 ? fromBF16(old) : fromF16(old);
    float y = isBF16 ? fromBF16(b) : fromF16(b);
    float result = op == HalfOp::Add   ? x + y
                   : op == HalfOp::Min ? std::fmin(x, y)
                                       : std::fmax(x, y);
    return isBF16 ? toBF16(result) : toF16(result);
  }
};
template <bool isBF16, HalfOp op> struct Half2 {
  static uint32_t apply(uint32_t old, uint32_t b, uint32_t) {
    using One = Half<isBF16, op>;
    return One::apply(uint16_t(old), uint16_t(b), 0) |
           uint32_t(One::apply(uint16_t(old >> 16), uint16_t(b >> 16), 0))
               << 16;
  }
};

/// extra: n destinations (or kNoSlot), then n second and n third operands.
template <typename T, typename Op>
void atomic(Warp &w, const Instruction &i, LaneMask mask) {
  uint32_t n = i.extraCount / 3;
  uint8_t *pointers[kLanes];
  if (!resolve(w, i, mask, sizeof(T) * n, true, pointers))
    return;
  ++w.cta.progress;
  const uint32_t *slots = w.operands(i);
  for (LaneMask m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    for (uint32_t e = 0; e < n; ++e) {
      T *memory = reinterpret_cast<T *>(pointers[lane]) + e;
      T b = w.from<T>(slots[n + e])[lane];
      T c =
          slots[2 * n + e] == kNoSlot ? T() : w.from<T>(slots[2 * n + e])[lane];
      T old = __atomic_load_n(memory, __ATOMIC_RELAXED);
      while (!__atomic_compare_exchange_n(memory, &old, Op::apply(old, b, c),
                                          true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED))
        ;
      if (slots[e] != kNoSlot)
        w.to<T>(slots[e])[lane] = old;
    }
  }
}

template <typename U, typename S>
Handler integerHandler(StringRef op, bool isSigned) {
  if (op == "add")
    return atomic<U, Add<U>>;
  if (op == "and")
    return atomic<U, And<U>>;
  if (op == "or")
    return atomic<U, Or<U>>;
  if (op == "xor")
    return atomic<U, Xor<U>>;
  if (op == "exch")
    return atomic<U, Exchange<U>>;
  if (op == "cas")
    return atomic<U, CompareAndSwap<U>>;
  if (op == "inc")
    return atomic<U, Increment<U>>;
  if (op == "dec")
    return atomic<U, Decrement<U>>;
  if (op == "min")
    return isSigned ? Handler(atomic<S, Min<S>>) : atomic<U, Min<U>>;
  if (op == "max")
    return isSigned ? Handler(atomic<S, Max<S>>) : atomic<U, Max<U>>;
  return nullptr;
}

template <bool isBF16> Handler halfHandler(StringRef op) {
  if (op == "add")
    return atomic<uint16_t, Half<isBF16, HalfOp::Add>>;
  if (op == "min")
    return atomic<uint16_t, Half<isBF16, HalfOp::Min>>;
  return op == "max" ? atomic<uint16_t, Half<isBF16, HalfOp::Max>> : nullptr;
}

template <bool isBF16> Handler half2Handler(StringRef op) {
  if (op == "add")
    return atomic<uint32_t, Half2<isBF16, HalfOp::Add>>;
  if (op == "min")
    return atomic<uint32_t, Half2<isBF16, HalfOp::Min>>;
  return op == "max" ? atomic<uint32_t, Half2<isBF16, HalfOp::Max>> : nullptr;
}

Handler atomicHandler(StringRef op, Type type, Space space) {
  switch (type) {
  case Type::F32:
    if (op != "add")
      return nullptr;
    return space == Space::Shared ? Handler(atomic<uint32_t, AddF32>)
                                  : atomic<uint32_t, AddF32Flushing>;
  case Type::F64:
    return op == "add" ? atomic<uint64_t, AddF64> : nullptr;
  case Type::F16:
    return halfHandler<false>(op);
  case Type::BF16:
    return halfHandler<true>(op);
  case Type::F16x2:
    return half2Handler<false>(op);
  case Type::BF16x2:
    return half2Handler<true>(op);
  default:
    break;
  }
  if (bytesOf(type) == 4)
    return integerHandler<uint32_t, int32_t>(op, isSigned(type));
  if (bytesOf(type) == 8)
    return integerHandler<uint64_t, int64_t>(op, isSigned(type));
  return bytesOf(type) == 2 && op == "cas"
             ? atomic<uint16_t, CompareAndSwap<uint16_t>>
             : nullptr;
}

} // namespace

/// atom{.sem}{.scope}{.space}.op{.noftz}{.vector}.type d, [a], b{, c}; red is
/// the same without d.
bool decodeAtomic(Decoder &d) {
  bool returns = d.opcode() == "atom";
  if (d.has("async")) // red.async
    return false;
  size_t first = returns ? 1 : 0;
  if (!d.expectOperands(first + 2, first + 4))
    return false;
  Type type = d.lastType();
  StringRef op;
  for (StringRef part : drop_begin(d.statement->parts))
    if (is_contained({"and", "or", "xor", "cas", "exch", "add", "inc", "dec",
                      "min", "max"},
                     part))
      op = part;
  Space space = d.address(first, d.space());
  Handler run = atomicHandler(op, type, space);
  if (!run)
    return false;
  auto elements = [&](size_t index) -> ArrayRef<Operand> {
    const Operand &operand = d.operand(index);
    if (operand.kind == Operand::Kind::Vector)
      return operand.elements;
    return operand;
  };
  size_t n = elements(first + 1).size();
  for (size_t e = 0; e < n; ++e)
    d.extra(returns ? d.destination(elements(0)[e], type) : kNoSlot);
  for (const Operand &operand : elements(first + 1))
    d.extra(d.source(operand, type));
  for (size_t e = 0; e < n; ++e)
    d.extra(op == "cas" ? d.source(elements(first + 2)[e], type) : kNoSlot);
  if (space != Space::Global)
    d.noteSharedAccess(bytesOf(type));
  d.out.aux = uint32_t(space) | kStrong | kAtomic;
  if (d.has("acquire") || d.has("acq_rel"))
    d.out.aux |= kAcquires;
  if (d.has("release") || d.has("acq_rel"))
    d.out.aux |= kReleases;
  return d.finish(run);
}

} // namespace llsa::ptx

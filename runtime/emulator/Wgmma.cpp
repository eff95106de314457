//===- Wgmma.cpp - wgmma: 64 rows, four warps -------------------*- C++ -*-===//
//
// Each of the four warps of a warp group computes its own 16 rows; nothing
// else passes between them. Operands in shared memory are described by 64 bits:
//   bits 0-13   start address / 16          bits 16-29  leading offset / 16
//   bits 32-45  stride offset / 16          bits 62-63  swizzle
// Memory is read in units of 16 bytes, eight elements. Where unit u of a row
// (of K, or of M or N when transposed) lies, in units, with W the width of the
// swizzle (1, 2, 4 or 8 units; 1 is none) and r the other index:
//   K-major:          (r % 8) W + (r / 8) stride + u    (W = 1: u * leading)
//   transposed:       (u % W) + (u / W) leading + (r % 8) W + (r / 8) stride
//   transposed, W = 1: u stride + (r % 8) + (r / 8) leading
// Then bits 4 and up of the address are xored with bits 7 and up, as many as
// the swizzle has.
//
// Memory is read when the instruction is issued; until wgmma.wait_group, writes
// to it are races with the actor that stands for these reads.
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/Cta.h"
#include "runtime/emulator/Fragments.h"
#include "runtime/emulator/Instructions.h"
#include "runtime/emulator/MatrixProduct.h"
#include "runtime/emulator/SharedAddress.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::ptx {

namespace {

constexpr unsigned kK = 16;

struct Descriptor {
  uint64_t start, leading, stride; ///< bytes
  unsigned width;                  ///< units of 16 bytes

  explicit Descriptor(uint64_t bits)
      : start((bits & 0x3fff) << 4), leading((bits >> 16 & 0x3fff) << 4),
        stride((bits >> 32 & 0x3fff) << 4) {
    constexpr unsigned widths[4] = {1, 8, 4, 2};
    width = widths[bits >> 62];
  }

  uint64_t unit(unsigned u, unsigned r, bool transposed) const {
    uint64_t offset;
    if (!transposed)
      offset = (r % 8) * width * 16 + r / 8 * stride +
               (width == 1 ? u * leading : u * 16);
    else if (width == 1)
      offset = u * stride + (r % 8) * 16 + r / 8 * leading;
    else
      offset = (u % width) * 16 + u / width * leading + (r % 8) * width * 16 +
               r / 8 * stride;
    uint64_t address = start + offset;
    return address ^ ((address >> 7 & (width - 1)) << 4);
  }
};

struct WgmmaForm {
  unsigned n;
  Type type;
  bool registersA, transposedA, transposedB, negatedA, negatedB;
  uint32_t pack() const {
    return n | uint32_t(type) << 9 | uint32_t(registersA) << 16 |
           uint32_t(transposedA) << 17 | uint32_t(transposedB) << 18 |
           uint32_t(negatedA) << 19 | uint32_t(negatedB) << 20;
  }
  static WgmmaForm unpack(uint32_t aux) {
    auto bit = [&](unsigned b) { return bool(aux >> b & 1); };
    return {
        aux & 0x1ff, Type(aux >> 9 & 0x7f), bit(16), bit(17), bit(18), bit(19),
        bit(20)};
  }
};

/// Reads rows first ... first + rows of an operand with kK columns, element
/// (row, k) into out[row * rowStep + k * kStep].
bool readOperand(Warp &w, const Instruction &i, uint64_t bits, bool transposed,
                 unsigned first, unsigned rows, Type type, float *out,
                 unsigned rowStep, unsigned kStep) {
  Descriptor descriptor(bits);
  SharedMemory &shared = w.cta.shared;
  SharedMemoryChecker::Access access =
      shared.checker.ordinary(w.index, SharedMemoryChecker::kManyLanes, i);
  access.actor = shared.checker.wgmmaActor(w.index);
  access.step = w.cta.async.warp(w.index).wgmmaStep;
  access.asynchronous = true;
  // Along a unit go eight values of k or, transposed, of the row.
  unsigned units = transposed ? rows / 8 : kK / 8;
  unsigned others = transposed ? kK : rows;
  for (unsigned u = 0; u < units; ++u) {
    for (unsigned r = 0; r < others; ++r) {
      uint64_t address = transposed ? descriptor.unit(u + first / 8, r, true)
                                    : descriptor.unit(u, r + first, false);
      if (!checkShared(w, i, access, address, 16, 16, false))
        return false;
      uint16_t elements[8];
      std::memcpy(elements, shared.data + address, 16);
      for (unsigned e = 0; e < 8; ++e) {
        unsigned row = transposed ? u * 8 + e : r;
        unsigned k = transposed ? r : u * 8 + e;
        out[row * rowStep + k * kStep] = elementValue(elements[e], type);
      }
    }
  }
  return true;
}

/// A descriptor must be the same in all lanes, and its bits 49 to 51 zero: they
/// are for matrices that do not start where a swizzle's pattern does.
bool uniformDescriptor(Warp &w, const Instruction &i, Slot slot,
                       uint64_t &value) {
  const uint64_t *lanes = w.from<uint64_t>(slot);
  value = lanes[0];
  for (unsigned l = 1; l < kLanes; ++l)
    if (lanes[l] != value) {
      w.fault(i, l,
              fmt::format("a descriptor is {:#x} in this lane and {:#x} in "
                          "lane 0",
                          lanes[l], value));
      return false;
    }
  if (value >> 49 & 7) {
    w.fault(i, kLanes,
            fmt::format("descriptor {:#x} has a base offset, which is not "
                        "supported",
                        value));
    return false;
  }
  return true;
}

/// Results are in D at once; WgmmaRegisters sees that nobody looks before time.
/// extra: the slots of D, then of A when it is in registers; a, b: the
/// descriptors; target: the predicate by which D is added.
void multiply(Warp &w, const Instruction &i, LaneMask mask) {
  if (!w.gatherAll(i, mask))
    return;
  WgmmaForm shape = WgmmaForm::unpack(i.aux);
  unsigned n = shape.n;
  const uint32_t *d = w.operands(i);
  std::vector<float> left(16 * kK), right(kK * n), sum(16 * n, 0.0f);
  unsigned row = 16 * (w.index % 4);
  uint64_t descriptor;
  if (shape.registersA)
    readFragmentA(w, d + n / 2, kK, shape.type, left.data());
  else if (!uniformDescriptor(w, i, i.a, descriptor) ||
           !readOperand(w, i, descriptor, shape.transposedA, row, 16,
                        shape.type, left.data(), kK, 1))
    return;
  if (!uniformDescriptor(w, i, i.b, descriptor) ||
      !readOperand(w, i, descriptor, shape.transposedB, 0, n, shape.type,
                   right.data(), 1, n))
    return;
  if (shape.negatedA != shape.negatedB)
    for (float &value : left)
      value = -value;
  LaneMask adds = w.predicate(i.target);
  for (unsigned v = 0; v < n / 2; ++v) {
    const float *from = w.from<float>(d[v]);
    for (unsigned l = 0; l < kLanes; ++l)
      if (adds >> l & 1)
        sum[(l / 4 + 8 * (v / 2 % 2)) * n + 8 * (v / 4) + 2 * (l % 4) + v % 2] =
            from[l];
  }
  multiplyAccumulate(left.data(), right.data(), sum.data(), n, kK);
  w.wgmmaRegisters.issue(w.kernel, i, w.cta.async.warp(w.index).wgmmaStep);
  for (unsigned v = 0; v < n / 2; ++v) {
    float *to = w.to<float>(d[v]);
    for (unsigned l = 0; l < kLanes; ++l)
      to[l] = sum[(l / 4 + 8 * (v / 2 % 2)) * n + 8 * (v / 4) + 2 * (l % 4) +
                  v % 2];
  }
}

void fence(Warp &w, const Instruction &i, LaneMask mask) {
  w.gatherAll(i, mask);
}

void commit(Warp &w, const Instruction &i, LaneMask mask) {
  if (w.gatherAll(i, mask))
    w.cta.async.commitWgmma(w.index);
}

/// immediate: how many groups may still run.
void wait(Warp &w, const Instruction &i, LaneMask mask) {
  if (!w.gatherAll(i, mask))
    return;
  AsyncState &async = w.cta.async;
  async.waitWgmma(w.index, uint64_t(i.immediate));
  w.wgmmaRegisters.waited(int64_t(async.warp(w.index).wgmmaStep) - 1 -
                          i.immediate);
}

} // namespace

/// wgmma.mma_async.sync.aligned.m64nNk16.f32.type.type
///     {d...}, a, b-descriptor, p, scale-a, scale-b{, trans-a}{, trans-b}
/// wgmma.fence, wgmma.commit_group, wgmma.wait_group n
bool decodeWgmma(Decoder &d) {
  if (d.has("fence"))
    return d.expectOperands(0) && d.finish(fence);
  if (d.has("commit_group"))
    return d.expectOperands(0) && d.finish(commit);
  if (d.has("wait_group"))
    return d.expectOperands(1) && d.integer(0, d.out.immediate) &&
           d.finish(wait);
  if (!d.has("mma_async") || d.has("sp") || d.type(0) != Type::F32 ||
      (d.type(1) != Type::F16 && d.type(1) != Type::BF16) ||
      d.type(2) != d.type(1))
    return false;
  unsigned n = 0;
  for (StringRef part : d.statement->parts)
    if (part.consume_front("m64n") && part.consume_back("k16"))
      part.getAsInteger(10, n);
  if (n == 0 || n % 8 != 0 || n > 256 || !d.expectOperands(6, 8))
    return false;
  const Operand &accumulator = d.operand(0), &a = d.operand(1);
  WgmmaForm shape{n,     d.type(1), a.kind == Operand::Kind::Vector,
                  false, false,     false,
                  false};
  if (accumulator.elements.size() != n / 2 ||
      (shape.registersA && a.elements.size() != 4))
    return d.fail("an operand has the wrong number of registers");
  for (const Operand &element : accumulator.elements)
    d.extra(d.readWrite(element, Type::F32));
  if (shape.registersA)
    for (const Operand &element : a.elements)
      d.extra(d.source(element, Type::B32));
  else
    d.out.a = d.source(a, Type::B64);
  d.out.b = d.source(2, Type::B64);
  d.out.target = d.predicateSource(d.operand(3));
  int64_t scaleA, scaleB, transposeA = 0, transposeB = 0;
  if (!d.integer(4, scaleA) || !d.integer(5, scaleB))
    return false;
  size_t next = 6;
  if (!shape.registersA && d.count() > 7 && !d.integer(next++, transposeA))
    return false;
  if (d.count() > next && !d.integer(next, transposeB))
    return false;
  shape.negatedA = scaleA == -1;
  shape.negatedB = scaleB == -1;
  shape.transposedA = transposeA;
  shape.transposedB = transposeB;
  d.out.aux = shape.pack();
  return d.finish(multiply);
}

} // namespace llsa::ptx

//===- Mma.cpp - mma.sync ---------------------------------------*- C++ -*-===//
//
// m16n8k16 and m16n8k8 of f16 and bf16, m16n8k8 and m16n8k4 of tf32. How a
// fragment's registers lie in the matrix: with g = lane / 4 and t = lane % 4,
//   A, 16 bits: register r holds row g + 8 (r % 2), columns 2t + 8 (r / 2), +1
//   B, 16 bits: register r holds column g, rows 2t + 8r and 2t + 8r + 1
//   A, tf32:    register r holds row g + 8 (r % 2), column t + 4 (r / 2)
//   B, tf32:    register r holds column g, row t + 4r
//   C, D:       values 2h and 2h + 1 are row g + 8h, columns 2t and 2t + 1
//
//===----------------------------------------------------------------------===//
#include "runtime/emulator/Fragments.h"
#include "runtime/emulator/Instructions.h"
#include "runtime/emulator/MatrixProduct.h"
#include "runtime/emulator/Warp.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace llsa::ptx {

void readFragmentA(const Warp &w, const uint32_t *slots, unsigned k, Type type,
                   float *a) {
  if (type == Type::TF32) {
    for (unsigned r = 0; r < k / 2; ++r) {
      const uint32_t *bits = w.from<uint32_t>(slots[r]);
      for (unsigned l = 0; l < kLanes; ++l)
        a[(l / 4 + 8 * (r % 2)) * k + l % 4 + 4 * (r / 2)] = tf32Value(bits[l]);
    }
    return;
  }
  for (unsigned r = 0; r < k / 4; ++r) {
    const uint32_t *bits = w.from<uint32_t>(slots[r]);
    for (unsigned l = 0; l < kLanes; ++l) {
      float *at = a + (l / 4 + 8 * (r % 2)) * k + 2 * (l % 4) + 8 * (r / 2);
      at[0] = elementValue(uint16_t(bits[l]), type);
      at[1] = elementValue(uint16_t(bits[l] >> 16), type);
    }
  }
}

namespace {

void readFragmentB(const Warp &w, const uint32_t *slots, unsigned k, Type type,
                   float *b) {
  constexpr unsigned n = 8;
  if (type == Type::TF32) {
    for (unsigned r = 0; r < k / 4; ++r) {
      const uint32_t *bits = w.from<uint32_t>(slots[r]);
      for (unsigned l = 0; l < kLanes; ++l)
        b[(l % 4 + 4 * r) * n + l / 4] = tf32Value(bits[l]);
    }
    return;
  }
  for (unsigned r = 0; r < k / 8; ++r) {
    const uint32_t *bits = w.from<uint32_t>(slots[r]);
    for (unsigned l = 0; l < kLanes; ++l) {
      float *at = b + (2 * (l % 4) + 8 * r) * n + l / 4;
      at[0] = elementValue(uint16_t(bits[l]), type);
      at[n] = elementValue(uint16_t(bits[l] >> 16), type);
    }
  }
}

/// aux: k, the type of A and B, and whether C and D are f16.
struct MmaForm {
  unsigned k;
  Type type;
  bool halfAccumulator;
  uint32_t pack() const {
    return k | uint32_t(type) << 8 | uint32_t(halfAccumulator) << 16;
  }
  static MmaForm unpack(uint32_t aux) {
    return {aux & 0xff, Type(aux >> 8 & 0xff), bool(aux >> 16)};
  }
  unsigned registersA() const { return type == Type::TF32 ? k / 2 : k / 4; }
  unsigned registersB() const { return type == Type::TF32 ? k / 4 : k / 8; }
  unsigned registersC() const { return halfAccumulator ? 2 : 4; }
};

/// extra: the slots of D, A, B, C.
void mma(Warp &w, const Instruction &i, LaneMask mask) {
  if (!w.gatherAll(i, mask))
    return;
  MmaForm shape = MmaForm::unpack(i.aux);
  const uint32_t *d = w.operands(i);
  const uint32_t *a = d + shape.registersC();
  const uint32_t *b = a + shape.registersA();
  const uint32_t *c = b + shape.registersB();
  constexpr unsigned n = 8;
  float left[16 * 16], right[16 * n], sum[16 * n];
  readFragmentA(w, a, shape.k, shape.type, left);
  readFragmentB(w, b, shape.k, shape.type, right);
  auto place = [&](unsigned l, unsigned value) {
    return (l / 4 + 8 * (value / 2)) * n + 2 * (l % 4) + value % 2;
  };
  if (shape.halfAccumulator) {
    for (unsigned l = 0; l < kLanes; ++l)
      for (unsigned value = 0; value < 4; ++value)
        sum[place(l, value)] = fromF16(
            uint16_t(w.from<uint32_t>(c[value / 2])[l] >> (16 * (value % 2))));
  } else {
    for (unsigned value = 0; value < 4; ++value) {
      const float *from = w.from<float>(c[value]);
      for (unsigned l = 0; l < kLanes; ++l)
        sum[place(l, value)] = from[l];
    }
  }
  multiplyAccumulate(left, right, sum, n, shape.k);
  if (shape.halfAccumulator) {
    auto half = [](float v) {
      return v == v ? bitsOfF16(roundTo(v, kF16, Rounding::Zero)) : 0x7fff;
    };
    for (unsigned r = 0; r < 2; ++r)
      for (unsigned l = 0; l < kLanes; ++l)
        w.to<uint32_t>(d[r])[l] = half(sum[place(l, 2 * r)]) |
                                  uint32_t(half(sum[place(l, 2 * r + 1)]))
                                      << 16;
    return;
  }
  for (unsigned value = 0; value < 4; ++value) {
    float *to = w.to<float>(d[value]);
    for (unsigned l = 0; l < kLanes; ++l)
      to[l] = sum[place(l, value)];
  }
}

} // namespace

/// mma.sync.aligned.shape.row.col.dtype.atype.btype.ctype d, a, b, c
bool decodeMma(Decoder &d) {
  if (!d.expectOperands(4))
    return false;
  unsigned k = d.has("m16n8k16")  ? 16
               : d.has("m16n8k8") ? 8
               : d.has("m16n8k4") ? 4
                                  : 0;
  MmaForm shape{k, d.type(1), d.type(0) == Type::F16};
  bool half = shape.type == Type::F16 || shape.type == Type::BF16;
  bool known = (half && (k == 16 || k == 8)) ||
               (shape.type == Type::TF32 && (k == 8 || k == 4));
  if (!known || d.type(2) != shape.type || d.type(3) != d.type(0) ||
      !d.has("row") || !d.has("col") || d.has("sp") ||
      (d.type(0) != Type::F32 && shape.type != Type::F16))
    return false;
  size_t sizes[4] = {shape.registersC(), shape.registersA(), shape.registersB(),
                     shape.registersC()};
  for (unsigned o = 0; o < 4; ++o) {
    const Operand &operand = d.operand(o);
    ArrayRef<Operand> elements = operand;
    if (operand.kind == Operand::Kind::Vector)
      elements = operand.elements;
    if (elements.size() != sizes[o])
      return d.fail("a fragment has the wrong number of registers");
    for (const Operand &element : elements)
      d.extra(o == 0 ? d.destination(element, Type::B32)
                     : d.source(element, Type::B32));
  }
  d.out.aux = shape.pack();
  return d.finish(mma);
}

} // namespace llsa::ptx

//===- MatrixTest.cpp - ldmatrix, stmatrix, movmatrix, mma ----------------===//
//
// Matrices in memory go through the instructions and come out as sums of plain
// loops, or moved to where PTX's tables say.
//
//===----------------------------------------------------------------------===//
#include "test/unit/runtime/emulator/Matrices.h"

using namespace llsa::test;

namespace {

/// Copies 512 bytes of `in` to shared memory, 16 to a lane.
const std::string kFill =
    "mov.u32 %r10, shared; mad.lo.u32 %r11, %r0, 16, %r10;"
    "mad.wide.u32 %rd5, %r0, 16, %rd2;"
    "ld.global.v4.b32 {%r1, %r2, %r3, %r4}, [%rd5];"
    "st.shared.v4.b32 [%r11], {%r1, %r2, %r3, %r4}; bar.warp.sync -1;\n";

/// The halves that lane `l` holds of matrix `m`: [4 matrices][8 rows][8].
uint32_t fragment(const std::vector<uint16_t> &in, unsigned m, unsigned l,
                  bool transposed) {
  auto at = [&](unsigned row, unsigned column) -> uint32_t {
    if (transposed)
      std::swap(row, column);
    return in[m * 64 + row * 8 + column];
  };
  return at(l / 4, l % 4 * 2) | at(l / 4, l % 4 * 2 + 1) << 16;
}

std::vector<uint16_t> numbers() {
  std::vector<uint16_t> in(256);
  for (unsigned i = 0; i < 256; ++i)
    in[i] = uint16_t(i * 257 + 3);
  return in;
}

TEST(Matrices, AreLoaded) {
  std::vector<uint16_t> in = numbers();
  for (bool transposed : {false, true})
    for (unsigned count : {1u, 2u, 4u}) {
      std::vector<uint32_t> out(128, 0);
      const char *registers = count == 1   ? "{%r20}"
                              : count == 2 ? "{%r20, %r21}"
                                           : "{%r20, %r21, %r22, %r23}";
      ASSERT_EQ(
          runBody(kFill +
                      fmt::format("ldmatrix.sync.aligned.m8n8.x{}{}.shared"
                                  ".b16 {}, [%r11];\n",
                                  count, transposed ? ".trans" : "",
                                  registers) +
                      "mad.wide.u32 %rd6, %r0, 16, %rd1;"
                      "st.global.v4.b32 [%rd6], {%r20, %r21, %r22, %r23};",
                  in, out, withShared(512)),
          "");
      for (unsigned l = 0; l < 32; ++l)
        for (unsigned m = 0; m < count; ++m)
          EXPECT_EQ(out[l * 4 + m], fragment(in, m, l, transposed))
              << "x" << count << " lane " << l << " matrix " << m;
    }
}

TEST(Matrices, AreStored) {
  // Lane l's register m holds 64 m + 2 l and the next number.
  for (bool transposed : {false, true}) {
    std::vector<uint16_t> in(16), out(256, 0);
    ASSERT_EQ(
        runBody(
            "mov.u32 %r10, shared; mad.lo.u32 %r11, %r0, 16, %r10;"
            "mul.lo.u32 %r20, %r0, 0x20002; add.u32 %r20, %r20, 0x10000;"
            "add.u32 %r21, %r20, 0x400040; add.u32 %r22, %r21, 0x400040;"
            "add.u32 %r23, %r22, 0x400040;\n" +
                fmt::format("stmatrix.sync.aligned.m8n8.x4{}.shared.b16 "
                            "[%r11], {{%r20, %r21, %r22, %r23}};\n",
                            transposed ? ".trans" : "") +
                "bar.warp.sync -1; ld.shared.v4.b32 {%r1,%r2,%r3,%r4}, [%r11];"
                "mad.wide.u32 %rd6, %r0, 16, %rd1;"
                "st.global.v4.b32 [%rd6], {%r1, %r2, %r3, %r4};",
            in, out, withShared(512)),
        "");
    for (unsigned m = 0; m < 4; ++m)
      for (unsigned l = 0; l < 32; ++l)
        for (unsigned k = 0; k < 2; ++k) {
          unsigned row = l / 4, column = l % 4 * 2 + k;
          if (transposed)
            std::swap(row, column);
          EXPECT_EQ(out[m * 64 + row * 8 + column], 64 * m + 2 * l + k);
        }
  }
}

TEST(Matrices, AreTransposedInRegisters) {
  std::vector<uint16_t> in = numbers();
  std::vector<uint32_t> out(32, 0);
  ASSERT_EQ(runBody(kFill + "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r20}, "
                            "[%r11];"
                            "movmatrix.sync.aligned.m8n8.trans.b16 %r21, %r20;"
                            "st.global.u32 [%rd3], %r21;",
                    in, out, withShared(512)),
            "");
  for (unsigned l = 0; l < 32; ++l)
    EXPECT_EQ(out[l], fragment(in, 0, l, true));
}

//===----------------------------------------------------------------------===//
// mma
//===----------------------------------------------------------------------===//

struct Shape {
  const char *type;
  unsigned k;
};

/// d = a b + c of random numbers; registers are filled as PTX's tables say.
void checkMma(Shape shape) {
  const unsigned n = 8, k = shape.k;
  bool tf32 = std::string(shape.type) == "tf32";
  Numbers a(16 * k, shape.type, 1), b(k * n, shape.type, 2),
      c(16 * n, "f32", 3);
  unsigned perRegister = tf32 ? 1 : 2;
  unsigned registersA = 16 * k / 32 / perRegister, registersB = registersA / 2;
  // In memory: register r of lane l at r * 32 + l.
  std::vector<uint32_t> in;
  for (unsigned r = 0; r < registersA; ++r)
    for (unsigned l = 0; l < 32; ++l) {
      unsigned row = l / 4 + r % 2 * 8;
      unsigned column = tf32 ? l % 4 + r / 2 * 4 : l % 4 * 2 + r / 2 * 8;
      in.push_back(a.bits(row * k + column) |
                   (tf32 ? 0 : a.bits(row * k + column + 1) << 16));
    }
  for (unsigned r = 0; r < registersB; ++r)
    for (unsigned l = 0; l < 32; ++l) {
      unsigned column = l / 4, row = tf32 ? l % 4 + r * 4 : l % 4 * 2 + r * 8;
      in.push_back(b.bits(row * n + column) |
                   (tf32 ? 0 : b.bits((row + 1) * n + column) << 16));
    }
  auto placeC = [&](unsigned l, unsigned v) {
    return (l / 4 + v / 2 * 8) * n + l % 4 * 2 + v % 2;
  };
  for (unsigned v = 0; v < 4; ++v)
    for (unsigned l = 0; l < 32; ++l)
      in.push_back(c.bits(placeC(l, v)));
  std::string body;
  unsigned at = 0;
  auto loadAll = [&](unsigned count, const char *prefix) {
    std::string list;
    for (unsigned r = 0; r < count; ++r, ++at) {
      body += fmt::format("ld.global.b32 {}{}, [%rd4+{}];\n", prefix, 10 + at,
                          128 * at);
      list += fmt::format("{}{}{}", r ? ", " : "", prefix, 10 + at);
    }
    return list;
  };
  std::string listA = loadAll(registersA, "%r");
  std::string listB = loadAll(registersB, "%r");
  std::string listC = loadAll(4, "%f");
  body += fmt::format("mma.sync.aligned.m16n8k{}.row.col.f32.{}.{}.f32 "
                      "{{%f1, %f2, %f3, %f4}}, {{{}}}, {{{}}}, {{{}}};\n",
                      k, shape.type, shape.type, listA, listB, listC);
  for (unsigned v = 0; v < 4; ++v)
    body += fmt::format("st.global.b32 [%rd3+{}], %f{};\n", 128 * v, 1 + v);
  std::vector<float> out(128, -1);
  ASSERT_EQ(runBody(body, in, out), "");
  for (unsigned v = 0; v < 4; ++v)
    for (unsigned l = 0; l < 32; ++l) {
      unsigned place = placeC(l, v), row = place / n, column = place % n;
      double sum = c[place], magnitude = std::abs(sum);
      for (unsigned t = 0; t < k; ++t) {
        double product = double(a[row * k + t]) * b[t * n + column];
        sum += product;
        magnitude += std::abs(product);
      }
      EXPECT_NEAR(out[v * 32 + l], sum, magnitude * 0x1p-22)
          << shape.type << " k" << k << " row " << row << " column " << column;
    }
}

TEST(Mma, IsASumOfProducts) {
  for (Shape shape : {Shape{"bf16", 16},
                      {"f16", 16},
                      {"bf16", 8},
                      {"f16", 8},
                      {"tf32", 8},
                      {"tf32", 4}})
    checkMma(shape);
}

TEST(Mma, IgnoresTheLowBitsOfTf32) {
  std::vector<uint32_t> in(64), out(32, 0);
  // 1 + 2^-11 and 1: the lowest 13 bits of an operand do not count.
  EXPECT_EQ(runBody("mov.b32 %r1, 0x3f801fff; mov.b32 %r2, 0x3f800000;"
                    "mov.b32 %r3, 0; mov.b32 %f9, 0;"
                    "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
                    "{%f1, %f2, %f3, %f4}, {%r1, %r1, %r3, %r3}, {%r2, %r3},"
                    "{%f9, %f9, %f9, %f9}; st.global.b32 [%rd3], %f1;",
                    in, out),
            "");
  for (uint32_t value : out)
    EXPECT_EQ(value, 0x40800000u);
}

} // namespace

//===- OraclesTest.cpp - the CUDA oracles, run on the emulator ------------===//
//
// Wants NVRTC and no GPU: the oracles' PTX runs on the emulator, and must agree
// with the float64 reference. So oracle, emulator and reference check each
// other.
//
//===----------------------------------------------------------------------===//
#include "kernels/oracles/Oracles.h"
#include "kernels/reference/Reference.h"
#include "runtime/emulator/Launch.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace llsa;
using namespace llsa::reference;

namespace {

constexpr float kNone = INFINITY;

/// float32 tokens of the device and the reference alike.
struct Tokens {
  Array array;
  std::vector<float> floats;
  Tokens(std::vector<int64_t> shape, unsigned seed) : array(std::move(shape)) {
    std::mt19937 random(seed);
    for (double &x : array.data) {
      x = float(random() % 2001) / 1000 - 1;
      floats.push_back(float(x));
    }
  }
};

struct OraclesOnEmulator : testing::Test {
  std::string code;
  ptx::GlobalMemory memory;

  void SetUp() override {
    auto compiled = oracles::compileOracles(ElementType::F32, "sm_90a");
    if (!compiled)
      GTEST_SKIP() << llvm::toString(compiled.takeError());
    code = std::move(*compiled);
  }

  template <typename T> uint64_t put(std::vector<T> &data) {
    return llvm::cantFail(
        memory.add("buffer", data.data(), data.size() * sizeof(T)));
  }
  template <typename... T>
  void run(const char *kernel, int64_t threads, const T &...values) {
    ptx::Arguments arguments;
    (arguments.add(values), ...);
    llvm::Error error =
        ptx::runPtxKernel(code, kernel, {uint32_t((threads + 255) / 256), 1, 1},
                          {256, 1, 1}, 0, arguments, memory);
    if (error)
      FAIL() << llvm::toString(std::move(error));
  }
};

void expectNear(const std::vector<float> &actual, const Array &expected) {
  ASSERT_EQ(actual.size(), expected.data.size());
  for (size_t i = 0; i < actual.size(); ++i)
    ASSERT_NEAR(actual[i], expected.data[i], 2e-5) << "element " << i;
}

TEST_F(OraclesOnEmulator, Pool) {
  Tokens x({2, 3, 37, 24}, 1);
  Array expected = pool(x.array, 8);
  std::vector<float> y(expected.data.size(), kNone);
  run("pool", int64_t(y.size()), put(x.floats), put(y), int64_t(6), int64_t(37),
      int64_t(24), int64_t(8));
  expectNear(y, expected);
}

TEST_F(OraclesOnEmulator, SelectAmongAllAndWithin) {
  // Coarse: all keys; fine: the children of the coarse ones. The last block is
  // not full, and a coarse row is longer than there are keys.
  Tokens q({1, 4, 10, 16}, 1), k({1, 2, 9, 16}, 2);
  Tokens fineQ({1, 4, 40, 16}, 3), fineK({1, 2, 34, 16}, 4);
  Selection coarse = select(q.array, k.array, 3);
  std::vector<int> indices(4 * 10 * 3, -7);
  uint64_t coarseAt = put(indices);
  run("select", 40, put(q.floats), put(k.floats), uint64_t(0), coarseAt,
      int64_t(4), int64_t(10), int64_t(2), int64_t(9), int64_t(16), int64_t(3),
      int64_t(1), int64_t(0));
  EXPECT_EQ(indices, coarse.indices.data);

  Within within{&coarse.indices, 4};
  Selection fine = select(fineQ.array, fineK.array, 14, within);
  std::vector<int> fineIndices(4 * 40 * 14, -7);
  run("select", 160, put(fineQ.floats), put(fineK.floats), coarseAt,
      put(fineIndices), int64_t(4), int64_t(40), int64_t(2), int64_t(34),
      int64_t(16), int64_t(14), int64_t(4), int64_t(3));
  EXPECT_EQ(fineIndices, fine.indices.data);
  EXPECT_NE(std::count(fineIndices.begin(), fineIndices.end(), -1), 0);
}

TEST_F(OraclesOnEmulator, AttendToAllKindsOfSources) {
  constexpr int64_t kHeads = 4, kKeyHeads = 2, kTokens = 37, kDim = 40;
  Tokens q({1, kHeads, kTokens, kDim}, 1), k({1, kKeyHeads, kTokens, kDim}, 2);
  Tokens v({1, kKeyHeads, kTokens, kDim}, 3);
  Tokens k1({1, kKeyHeads, 10, kDim}, 4), v1({1, kKeyHeads, 10, kDim}, 5);
  IndexArray rows({1, kHeads, 10, 3});
  std::mt19937 random(6);
  for (size_t i = 0; i < rows.data.size(); ++i)
    rows.data[i] = i % 7 == 0 ? -1 : int(random() % 10);
  Array qArray = q.array;
  std::vector<Source> sources = {Source::gathered(k.array, v.array, rows, 4, 4),
                                 Source::window(k.array, v.array, 3, 1, 0.5),
                                 Source::dense(k1.array, v1.array, 1, 4)};
  AttendOptions options;
  options.tokens = kTokens;
  AttendResult expected = attend(qArray, sources, options);

  int64_t queries = kHeads * kTokens;
  std::vector<float> maxima(size_t(queries), kNone), sums(maxima);
  std::vector<float> outputs(size_t(queries * kDim), kNone), o(outputs);
  std::vector<float> lse(maxima);
  uint64_t qAt = put(q.floats), kAt = put(k.floats), vAt = put(v.floats);
  uint64_t maximaAt = put(maxima), sumsAt = put(sums), outputsAt = put(outputs);
  float scale = 1 / std::sqrt(float(kDim));
  int64_t far = INT64_MAX / 2;
  auto add = [&](uint64_t keys, uint64_t values, uint64_t indices,
                 int64_t count, int64_t block, int64_t every, int64_t entries,
                 int64_t before, int64_t after, int64_t span, float weight,
                 int isFirst) {
    run("attend", queries * 32, qAt, keys, values, indices, maximaAt, sumsAt,
        outputsAt, kHeads, kTokens, kKeyHeads, count, kDim, block, every,
        entries, before, after, span, kTokens, weight, scale, isFirst);
  };
  add(kAt, vAt, put(rows.data), kTokens, 4, 4, 3, far, far, 0, 1, 1);
  add(kAt, vAt, 0, kTokens, 1, 1, 0, 3, 1, 0, 0.5, 0);
  add(put(k1.floats), put(v1.floats), 0, 10, 1, 1, 0, far, far, 4, 1, 0);
  run("finish", queries * kDim, maximaAt, sumsAt, outputsAt, put(o), put(lse),
      queries, kDim);
  expectNear(o, expected.output);
  expectNear(lse, expected.lse);
}

TEST_F(OraclesOnEmulator, HalfTypesAreRoundedOnce) {
  for (ElementType type : {ElementType::BF16, ElementType::F16}) {
    code = llvm::cantFail(oracles::compileOracles(type, "sm_90a"));
    // Sums of two that lie between two numbers of the type: ties to even.
    bool isBf16 = type == ElementType::BF16;
    std::vector<uint16_t> one = isBf16 ? std::vector<uint16_t>{0x3f80, 0x3f81}
                                       : std::vector<uint16_t>{0x3c00, 0x3c01};
    std::vector<uint16_t> two = isBf16 ? std::vector<uint16_t>{0x3f81, 0x3f82}
                                       : std::vector<uint16_t>{0x3c01, 0x3c02};
    for (std::vector<uint16_t> *x : {&one, &two}) {
      std::vector<uint16_t> y(1, 0xdead);
      run("pool", 1, put(*x), put(y), int64_t(1), int64_t(2), int64_t(1),
          int64_t(2));
      EXPECT_EQ(y[0], isBf16 ? (x == &one ? 0x3f80 : 0x3f82)
                             : (x == &one ? 0x3c00 : 0x3c02));
    }
  }
}

} // namespace

//===- LargeStridesTest.cpp - offsets beyond 2^31 elements ----------------===//
//
// Tensors whose heads lie further apart than 32 bits can count, in elements and
// in bytes. Nearly all of their memory is never touched, so it need not exist.
//
//===----------------------------------------------------------------------===//
#include "runtime/jit/Jit.h"
#include "test/numerics/ReadVariant.h"
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <sys/mman.h>

using namespace llsa;
using namespace llsa::numerics;

namespace {

/// Between the two heads, in elements of 2 bytes.
constexpr int64_t kHeadStride = (int64_t(1) << 31) + 64;

/// Two heads of bfloat16.
struct Heads {
  int64_t tokens, dim, headStride;
  uint16_t *data = nullptr;
  std::vector<int64_t> shape, strides;

  Heads(int64_t tokens, int64_t dim, int64_t headStride)
      : tokens(tokens), dim(dim), headStride(headStride),
        shape{1, 2, tokens, dim}, strides{2 * headStride, headStride, dim, 1} {
    void *memory = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED)
      data = static_cast<uint16_t *>(memory);
  }
  ~Heads() {
    if (data)
      munmap(data, bytes());
  }
  size_t bytes() const { return size_t(headStride + tokens * dim) * 2; }
  uint16_t *head(int64_t h) const { return data + h * headStride; }
  size_t headBytes() const { return size_t(tokens * dim) * 2; }
  llsa::Tensor tensor() const {
    return {data, ElementType::BF16, shape, strides};
  }
};

class LargeStrides : public testing::TestWithParam<const char *> {};

} // namespace

TEST_P(LargeStrides, GiveTheSameBits) {
  constexpr int64_t kTokens = 256, kDim = 64;
  rt::JitOptions options;
  options.target = GetParam();
  auto kernel = rt::Jit(options).get(
      rt::Variant::fromSource(readVariant("llsa.mlir"), "llsa"),
      llvm::cantFail(
          KernelSpec::parse("B=1,H=2,N=256,D=64,dtype=bf16,levels=1")));
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());

  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<std::vector<uint16_t>> values(3);
  for (std::vector<uint16_t> &heads : values)
    for (int64_t i = 0; i < 2 * kTokens * kDim; ++i) {
      float value = normal(random);
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      heads.push_back(uint16_t(bits >> 16));
    }

  std::string results[2];
  for (bool far : {false, true}) {
    int64_t stride = far ? kHeadStride : kTokens * kDim;
    Heads q(kTokens, kDim, stride), k(kTokens, kDim, stride),
        v(kTokens, kDim, stride), o(kTokens, kDim, stride);
    std::vector<float> lse(2 * kTokens);
    std::vector<int64_t> lseShape = {1, 2, kTokens};
    if (!q.data || !k.data || !v.data || !o.data)
      GTEST_SKIP() << "cannot have " << q.bytes() << " bytes of addresses";
    for (auto [heads, from] :
         {std::pair(&q, &values[0]), std::pair(&k, &values[1]),
          std::pair(&v, &values[2])})
      for (int64_t h : {0, 1})
        std::memcpy(heads->head(h), from->data() + h * kTokens * kDim,
                    heads->headBytes());
    llsa::Tensor inputs[] = {q.tensor(), k.tensor(), v.tensor()};
    llsa::Tensor outputs[] = {o.tensor(),
                              {lse.data(), ElementType::F32, lseShape, {}}};
    std::string error = llvm::toString((*kernel)->run(inputs, outputs));
    if (llvm::StringRef(error).contains("no memory to mark"))
      GTEST_SKIP() << error;
    ASSERT_EQ(error, "");
    for (int64_t h : {0, 1})
      results[far].append(reinterpret_cast<const char *>(o.head(h)),
                          o.headBytes());
    results[far].append(reinterpret_cast<const char *>(lse.data()),
                        lse.size() * sizeof(float));
    // Heads differ, so that one in the other's place is seen.
    EXPECT_NE(std::memcmp(o.head(0), o.head(1), o.headBytes()), 0);
  }
  EXPECT_TRUE(results[0] == results[1]);
}

INSTANTIATE_TEST_SUITE_P(Devices, LargeStrides,
                         testing::Values("cpu", "emulator:sm_80",
                                         "emulator:sm_90a"));

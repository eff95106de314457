//===- PoolGradientTest.cpp - the gradient of a mean ----------------------===//
#include "kernels/reference/Gradients.h"
#include "test/unit/kernels/GradientCheck.h"

using namespace llsa;
using namespace llsa::reference;

TEST(PoolGradient, ByHand) {
  // The last mean is that of one token.
  Array gradient = column({6, 12, 5});
  EXPECT_EQ(poolGradient(gradient, 5, 2).data,
            (std::vector<double>{3, 3, 6, 6, 5}));
}

TEST(PoolGradient, IsTheAdjointOfPool) {
  // pool is linear: <pool x, y> = <x, poolGradient y>.
  for (uint64_t seed = 0; seed < 100; ++seed) {
    uint64_t state = seed;
    auto tokens = static_cast<int64_t>(1 + nextRandom(state) % 40);
    auto block = static_cast<int64_t>(1 + nextRandom(state) % 9);
    Array x = randomArray({2, 3, tokens, 4}, seed);
    Array pooled = pool(x, block), y = randomArray(pooled.shape, seed + 1);
    EXPECT_NEAR(inner(pooled, y), inner(x, poolGradient(y, tokens, block)),
                1e-10)
        << "tokens " << tokens << ", block " << block;
  }
}

TEST(PoolGradient, PlainRoundsOnce) {
  Array gradient = column({1});
  EXPECT_EQ(poolGradient(gradient, 3, 3, Precision::BF16).data[0],
            0.333984375); // 171 / 512
}

//===- TokensTest.cpp - inputs: repeatable, and what they promise ---------===//
#include "tools/io/Tokens.h"
#include "test/unit/tools/TemporaryFolder.h"
#include "tools/io/Random.h"
#include <cmath>

using namespace llsa::tools;

TEST(Random, KnownNumbers) {
  // splitmix64's finaliser, and a few of our numbers: data must not change.
  EXPECT_EQ(mix(0x9E3779B97F4A7C15ull), 0xE220A8397B1DCDAFull);
  Random random(1, 2);
  EXPECT_EQ(random.bits(0), Random(1, 2).bits(0));
  EXPECT_NE(random.bits(0), Random(1, 3).bits(0));
  EXPECT_NE(random.bits(0), Random(2, 2).bits(0));
  EXPECT_NE(random.bits(0), random.bits(1));
}

TEST(Random, NormalHasTheMomentsOfANormal) {
  Random random(3, 4);
  double sum = 0, squares = 0, cubes = 0, fourth = 0;
  constexpr int count = 1 << 20;
  for (int n = 0; n < count; ++n) {
    double x = random.normal(n);
    sum += x, squares += x * x, cubes += x * x * x, fourth += x * x * x * x;
  }
  EXPECT_NEAR(sum / count, 0, 0.005);
  EXPECT_NEAR(squares / count, 1, 0.01);
  EXPECT_NEAR(cubes / count, 0, 0.02);
  EXPECT_NEAR(fourth / count, 2.9, 0.05); // a sum of twelve: 3 - 1.2 / 12
}

TEST(Random, UniformFillsItsRange) {
  Random random(3, 5);
  double sum = 0, least = 1, greatest = -1;
  for (int n = 0; n < 100000; ++n) {
    double x = random.uniform(n);
    sum += x, least = std::min(least, x), greatest = std::max(greatest, x);
  }
  EXPECT_NEAR(sum / 100000, 0, 0.01);
  EXPECT_LT(least, -0.999);
  EXPECT_GE(least, -1);
  EXPECT_GT(greatest, 0.999);
  EXPECT_LT(greatest, 1);
}

TEST(Tokens, ShapesAndSeeds) {
  TokenShape shape{2, 4, 2, 40, 70, 16};
  for (auto make : {randomTokens, structuredTokens}) {
    Tokens a = make(shape, 1), b = make(shape, 1), c = make(shape, 2);
    EXPECT_EQ(a.q.size(), size_t(2 * 4 * 40 * 16));
    EXPECT_EQ(a.k.size(), size_t(2 * 2 * 70 * 16));
    EXPECT_EQ(a.v.size(), size_t(2 * 2 * 70 * 16));
    EXPECT_EQ(a.q, b.q);
    EXPECT_EQ(a.k, b.k);
    EXPECT_EQ(a.v, b.v);
    EXPECT_NE(a.q, c.q);
    EXPECT_NE(a.k, c.k);
    EXPECT_NE(a.k, a.v);
  }
}

static double dot(const float *a, const float *b, int64_t size) {
  double sum = 0;
  for (int64_t d = 0; d < size; ++d)
    sum += double(a[d]) * b[d];
  return sum;
}

TEST(Tokens, StructuredNeighboursAreAlike) {
  TokenShape shape{1, 2, 1, 8192, 8192, 64};
  Tokens t = structuredTokens(shape, 1);
  auto cosine = [&](int64_t a, int64_t b) {
    const float *x = t.q.data() + a * 64, *y = t.k.data() + b * 64;
    return dot(x, y, 64) / std::sqrt(dot(x, x, 64) * dot(y, y, 64));
  };
  double near = 0, far = 0;
  for (int64_t n = 0; n < 4096; n += 16) {
    near += cosine(n, n + 8) / 256;
    far += cosine(n, n + 4000) / 256;
  }
  EXPECT_GT(near, 0.8);
  EXPECT_LT(std::fabs(far), 0.4);
}

TEST(Tokens, ImageTokensAreNormalisedAndFollowColour) {
  Image image(16, 16, {200, 30, 30});
  for (int64_t y = 0; y < 16; ++y)
    for (int64_t x = 8; x < 16; ++x)
      image.at(x, y) = {20, 40, 220};
  TokenOrder order = valueOf(zOrder(16));
  TokenShape shape{1, 4, 2, 256, 256, 32};
  Tokens t = valueOf(imageTokens(image, order, shape, 1));
  ASSERT_EQ(t.q.size(), size_t(4 * 256 * 32));
  for (int64_t row = 0; row < 4 * 256; ++row)
    ASSERT_NEAR(dot(t.q.data() + row * 32, t.q.data() + row * 32, 32), 32,
                0.01);
  // A red query scores red keys above blue ones.
  auto keyAt = [&](int64_t x, int64_t y) {
    return t.k.data() + order.tokenOf[y * 16 + x] * 32;
  };
  const float *query = t.q.data() + order.tokenOf[5 * 16 + 2] * 32;
  EXPECT_GT(dot(query, keyAt(3, 5), 32), dot(query, keyAt(13, 5), 32) + 5);
  // RoPE: the score of equal pixels depends on their distance alone.
  Image flat(16, 16, {90, 120, 60});
  Tokens f = valueOf(imageTokens(flat, order, shape, 1));
  auto score = [&](int64_t x0, int64_t y0, int64_t x1, int64_t y1) {
    return dot(f.q.data() + order.tokenOf[y0 * 16 + x0] * 32,
               f.k.data() + order.tokenOf[y1 * 16 + x1] * 32, 32);
  };
  EXPECT_NEAR(score(1, 2, 4, 3), score(9, 11, 12, 12), 1e-3);
  EXPECT_GT(std::fabs(score(1, 2, 4, 3) - score(1, 2, 1, 2)), 0.1);
}

TEST(Tokens, ImageTokensWantThePicturesSizes) {
  Image image(4, 4);
  TokenOrder order = valueOf(zOrder(4)), other = valueOf(zOrder(8));
  EXPECT_EQ(messageOf(imageTokens(image, order, {1, 1, 1, 16, 15, 8}, 1)),
            "picture: its 16 pixels are as many tokens, expected 16 queries "
            "and 15 keys");
  EXPECT_EQ(messageOf(imageTokens(image, other, {1, 1, 1, 16, 16, 8}, 1)),
            "picture: the token order is of 1 x 8 x 8, the picture 4 x 4");
  EXPECT_EQ(messageOf(imageTokens(image, order, {1, 1, 1, 16, 16, 6}, 1)),
            "picture: expected a head size that is a multiple of 4, got 6");
}

//===- TokenOrderTest.cpp - permutations with compact runs ----------------===//
#include "tools/io/TokenOrder.h"
#include "test/unit/tools/TemporaryFolder.h"
#include <algorithm>
#include <array>
#include <cmath>

using namespace llsa::tools;

static std::array<int64_t, 3> positionOf(const TokenOrder &order,
                                         int64_t token) {
  int64_t cell = order.cellOf[token];
  return {cell / (order.grid.height * order.grid.width),
          cell / order.grid.width % order.grid.height, cell % order.grid.width};
}

/// Each cell once, and the inverse is the inverse.
static void expectPermutation(const TokenOrder &order) {
  ASSERT_EQ(order.size(), order.grid.numCells());
  std::vector<bool> seen(order.cellOf.size(), false);
  for (int64_t token = 0; token < order.size(); ++token) {
    int32_t cell = order.cellOf[token];
    ASSERT_TRUE(cell >= 0 && cell < order.size() && !seen[cell]);
    seen[cell] = true;
    ASSERT_EQ(order.tokenOf[cell], token);
  }
}

/// The longest side of the smallest box around tokens first .. first + count
/// - 1.
static int64_t extentOf(const TokenOrder &order, int64_t first, int64_t count) {
  std::array<int64_t, 3> least = positionOf(order, first), greatest = least;
  for (int64_t token = first; token < std::min(first + count, order.size());
       ++token)
    for (int axis = 0; axis < 3; ++axis) {
      least[axis] = std::min(least[axis], positionOf(order, token)[axis]);
      greatest[axis] = std::max(greatest[axis], positionOf(order, token)[axis]);
    }
  int64_t longest = 0;
  for (int axis = 0; axis < 3; ++axis)
    longest = std::max(longest, greatest[axis] - least[axis] + 1);
  return longest;
}

TEST(TokenOrder, ZOrderByHand) {
  TokenOrder order = valueOf(zOrder(4));
  EXPECT_EQ(order.cellOf, (std::vector<int32_t>{0, 1, 4, 5, 2, 3, 6, 7, 8, 9,
                                                12, 13, 10, 11, 14, 15}));
  EXPECT_EQ(order.tokenOf[6], 6);
  EXPECT_EQ(order.tokenOf[8], 8);
  EXPECT_EQ(order.tokenOf[2], 4);
}

TEST(TokenOrder, ZOrderRunsAreSquares) {
  TokenOrder order = valueOf(zOrder(64));
  expectPermutation(order);
  for (int64_t side = 2; side <= 64; side *= 2)
    for (int64_t first = 0; first < order.size(); first += side * side) {
      ASSERT_EQ(extentOf(order, first, side * side), side);
      ASSERT_EQ(positionOf(order, first)[1] % side, 0);
      ASSERT_EQ(positionOf(order, first)[2] % side, 0);
    }
}

TEST(TokenOrder, PatchOrderOfAPowerOfTwoIsTheZOrder) {
  EXPECT_EQ(valueOf(patchOrder({1, 32, 32})).cellOf,
            valueOf(zOrder(32)).cellOf);
}

TEST(TokenOrder, AllSmallPicturesAndVideos) {
  for (int64_t frames = 1; frames <= 7; ++frames)
    for (int64_t height = 1; height <= 12; ++height)
      for (int64_t width = 1; width <= 12; ++width)
        expectPermutation(valueOf(patchOrder({frames, height, width})));
}

TEST(TokenOrder, PictureRunsAreCompactPatches) {
  for (Grid grid : {Grid{1, 48, 80}, Grid{1, 50, 75}, Grid{1, 45, 80},
                    Grid{1, 37, 41}, Grid{1, 64, 48}, Grid{1, 100, 100},
                    Grid{1, 30, 52}, Grid{1, 90, 160}}) {
    TokenOrder order = valueOf(patchOrder(grid));
    expectPermutation(order);
    for (int64_t run = 4; run <= 256; run *= 4)
      for (int64_t first = 0; first < order.size(); first += run)
        ASSERT_LE(extentOf(order, first, run), 4 * std::sqrt(double(run)))
            << grid.height << " x " << grid.width << " run " << run << " at "
            << first;
    // On average runs are far better than that.
    double sum = 0;
    for (int64_t first = 0; first + 16 <= order.size(); first += 16)
      sum += double(extentOf(order, first, 16));
    EXPECT_LT(sum / double(order.size() / 16), 6.5)
        << grid.height << " x " << grid.width;
  }
}

TEST(TokenOrder, VideoRunsAreCompactPatches) {
  for (Grid grid : {Grid{21, 30, 52}, Grid{13, 16, 24}, Grid{8, 16, 16},
                    Grid{5, 45, 80}, Grid{16, 30, 30}}) {
    TokenOrder order = valueOf(patchOrder(grid));
    expectPermutation(order);
    for (int64_t run : {8, 64, 512})
      for (int64_t first = 0; first < order.size(); first += run)
        ASSERT_LE(extentOf(order, first, run), 4 * std::cbrt(double(run)))
            << grid.frames << " x " << grid.height << " x " << grid.width
            << " run " << run;
  }
}

TEST(TokenOrder, StepsAreShort) {
  // Even sides: the curve steps from neighbour to neighbour; odd ones may take
  // a few diagonal steps.
  for (Grid grid :
       {Grid{1, 6, 10}, Grid{1, 7, 10}, Grid{1, 9, 15}, Grid{1, 101, 33}}) {
    TokenOrder order = valueOf(patchOrder(grid));
    bool even = grid.height % 2 == 0 && grid.width % 2 == 0;
    for (int64_t token = 1; token < order.size(); ++token) {
      auto a = positionOf(order, token - 1), b = positionOf(order, token);
      int64_t step = std::max(std::abs(a[1] - b[1]), std::abs(a[2] - b[2]));
      ASSERT_LE(step, even ? 3 : 1); // even: 2 x 2 tiles, each in Z-order
    }
  }
}

TEST(TokenOrder, WrongSidesAreRefused) {
  EXPECT_EQ(messageOf(zOrder(48)),
            "Z-order: expected a side that is a power of two, got 48");
  EXPECT_EQ(messageOf(zOrder(0)),
            "Z-order: expected a side that is a power of two, got 0");
  EXPECT_EQ(messageOf(patchOrder({1, 0, 5})),
            "token order: expected positive sides, got 1 x 0 x 5");
  EXPECT_EQ(messageOf(patchOrder({1 << 20, 1 << 20, 1 << 30})),
            "token order: expected at most 2147483647 tokens, got 1048576 x "
            "1048576 x "
            "1073741824");
}

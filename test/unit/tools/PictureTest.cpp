//===- PictureTest.cpp - the drawing of attended blocks -------------------===//
#include "tools/io/Picture.h"
#include "test/unit/tools/TemporaryFolder.h"

using namespace llsa::tools;

TEST(Picture, BlocksLieWhereTheirTokensLie) {
  Image photograph(64, 64, {100, 100, 100});
  TokenOrder order = valueOf(zOrder(64));
  AttendedBlocks blocks;
  blocks.query = order.tokenOf[40 * 64 + 50];
  blocks.block = 16;
  // A fine block at (0, 0), 4 x 4 pixels, and a coarse one, 16 x 16, at (16,
  // 16).
  blocks.selected = {{0, -1}, {order.tokenOf[16 * 64 + 16] / 256}};
  Image picture = valueOf(drawAttendedBlocks(photograph, order, blocks));
  ASSERT_EQ(picture.width, 64 * 12);
  ASSERT_GT(picture.height, 64 * 12);
  Color fine = picture.at(0, 0), coarse = picture.at(16 * 12, 16 * 12);
  EXPECT_NE(fine, coarse);
  // Outlines on the blocks' four edges, the same colour in the legend.
  EXPECT_EQ(picture.at(4 * 12 - 1, 5), fine);
  EXPECT_EQ(picture.at(5, 4 * 12 - 1), fine);
  EXPECT_EQ(picture.at(32 * 12 - 1, 32 * 12 - 1), coarse);
  EXPECT_EQ(picture.at(10, 64 * 12 + 6 + 16), fine);
  EXPECT_EQ(picture.at(10, 64 * 12 + 6 + 32), coarse);
  // Inside a block the photograph is tinted, elsewhere dimmed.
  EXPECT_NE(picture.at(2 * 12 + 6, 2 * 12 + 6), fine);
  EXPECT_GT(picture.at(2 * 12 + 6, 2 * 12 + 6)[0], 100);
  EXPECT_EQ(picture.at(60 * 12, 4 * 12), (Color{60, 60, 60}));
  // The query's own pixel stays visible inside its ring.
  EXPECT_EQ(picture.at(50 * 12 + 6, 40 * 12 + 6), (Color{60, 60, 60}));
  EXPECT_EQ(picture.at(50 * 12 + 6 + 25, 40 * 12 + 6)[0], 255);
}

TEST(Picture, AQueryInTheCornerAndNoLevels) {
  Image photograph(8, 8);
  TokenOrder order = valueOf(zOrder(8));
  EXPECT_EQ(valueOf(drawAttendedBlocks(photograph, order, {0, 16, {}})).width,
            768);
  EXPECT_EQ(
      valueOf(drawAttendedBlocks(photograph, order, {63, 16, {{3}, {0}, {0}}}))
          .width,
      768);
}

TEST(Picture, WrongRequestsAreRefused) {
  Image photograph(8, 8);
  TokenOrder order = valueOf(zOrder(8));
  EXPECT_EQ(messageOf(drawAttendedBlocks(photograph, order, {64, 16, {}})),
            "picture: expected a query below 64, got 64");
  EXPECT_EQ(messageOf(drawAttendedBlocks(photograph, order, {0, 16, {{4}}})),
            "picture: expected blocks of level 1 below 4, got 4");
  EXPECT_EQ(messageOf(drawAttendedBlocks(photograph, order, {0, 1, {}})),
            "picture: expected a block of at least 2, got 1");
  EXPECT_EQ(messageOf(drawAttendedBlocks(Image(8, 9), order, {0, 16, {}})),
            "picture: the token order is of 1 x 8 x 8, the photograph 9 x 8");
  TemporaryFolder folder;
  std::string nowhere = folder.path("no/folder.png");
  EXPECT_EQ(messageOf(writePicture(nowhere, photograph, order, {0, 16, {}})),
            "cannot write '" + nowhere + "': No such file or directory");
}

TEST(Text, GlyphsAreDrawnAndClipped) {
  Image image(12, 6);
  drawText(image, 0, 0, 1, {255, 255, 255}, "1l");
  std::string rows;
  for (int64_t y = 0; y < 5; ++y) {
    for (int64_t x = 0; x < 7; ++x)
      rows += image.at(x, y)[0] ? '#' : '.';
    rows += '\n';
  }
  EXPECT_EQ(rows, ".#..#..\n"
                  "##..#..\n"
                  ".#..#..\n"
                  ".#..#..\n"
                  "###.###\n");
  drawText(image, -5, -2, 3, {255, 255, 255}, "CLIPPED TEXT");
}

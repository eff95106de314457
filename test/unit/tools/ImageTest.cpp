//===- ImageTest.cpp - pictures, good and bad -----------------------------===//
#include "tools/io/Image.h"
#include "test/unit/tools/TemporaryFolder.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstdio>
#include <cstdlib>
// jpeglib.h needs size_t and FILE declared before it.
#include <jpeglib.h>

using namespace llsa::tools;
using llvm::StringRef;

/// A picture with smooth colours, as JPEG likes.
static Image makePicture(int64_t width, int64_t height) {
  Image image(width, height);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      image.at(x, y) = {uint8_t(x * 255 / width), uint8_t(y * 255 / height),
                        uint8_t((x + y) * 127 / (width + height))};
  return image;
}

static std::string pngOf(const Image &image) {
  TemporaryFolder folder;
  EXPECT_EQ(messageOf(writePng(folder.path("a.png"), image)), "");
  return llvm::MemoryBuffer::getFile(folder.path("a.png"))
      .get()
      ->getBuffer()
      .str();
}

static std::string jpegOf(Image image, bool grey = false) {
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char *memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  if (grey)
    jpeg_set_colorspace(&info, JCS_GRAYSCALE);
  jpeg_set_quality(&info, 95, TRUE);
  jpeg_start_compress(&info, TRUE);
  for (int64_t y = 0; y < image.height; ++y) {
    JSAMPROW row = image.at(0, y).data();
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  std::string out(reinterpret_cast<char *>(memory), size);
  jpeg_destroy_compress(&info);
  std::free(memory);
  return out;
}

TEST(Image, PngRoundTrip) {
  Image image = makePicture(37, 21);
  Image back = valueOf(decodeImage(pngOf(image), "a.png"));
  EXPECT_EQ(back.width, 37);
  EXPECT_EQ(back.height, 21);
  EXPECT_EQ(back.pixels, image.pixels);
}

TEST(Image, JpegIsCloseToItsOriginal) {
  Image image = makePicture(40, 24);
  Image back = valueOf(decodeImage(jpegOf(image), "a.jpg"));
  ASSERT_EQ(back.width, 40);
  ASSERT_EQ(back.height, 24);
  int worst = 0;
  for (size_t n = 0; n < image.pixels.size(); ++n)
    for (int c = 0; c < 3; ++c)
      worst = std::max(worst, std::abs(back.pixels[n][c] - image.pixels[n][c]));
  EXPECT_LT(worst, 24);
  Image grey = valueOf(decodeImage(jpegOf(image, true), "a.jpg"));
  EXPECT_EQ(grey.at(5, 5)[0], grey.at(5, 5)[2]);
}

TEST(Image, TheShippedPhotograph) {
  Image image = valueOf(readImage(LLSA_DATA_DIR "/cat.png"));
  EXPECT_EQ(image.width, 451);
  EXPECT_EQ(image.height, 300);
}

TEST(Image, OtherFilesAreRefused) {
  EXPECT_EQ(messageOf(decodeImage("", "x")),
            "picture 'x': expected a PNG or JPEG file, got an empty one");
  EXPECT_EQ(messageOf(decodeImage("GIF89a", "x")),
            "picture 'x': expected a PNG or JPEG file, got neither by its "
            "first bytes");
  TemporaryFolder folder;
  std::string missing = folder.path("none.png");
  EXPECT_EQ(messageOf(readImage(missing)),
            "cannot read picture '" + missing + "': No such file or directory");
  EXPECT_EQ(messageOf(readImage(folder.path("."))),
            "cannot read picture '" + folder.path(".") +
                "': it is a directory, not a file");
}

TEST(Image, EveryTruncatedPngIsRefused) {
  std::string content = pngOf(makePicture(16, 16));
  for (size_t length = 8; length < content.size(); ++length)
    EXPECT_EQ(
        messageOf(decodeImage(StringRef(content).take_front(length), "a.png")),
        "picture 'a.png': damaged PNG: truncated")
        << length;
}

TEST(Image, EveryFlippedBitOfAPngIsNoticed) {
  std::string content = pngOf(makePicture(16, 16));
  for (size_t at = 8; at < content.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = content;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      std::string message = messageOf(decodeImage(damaged, "a.png"));
      EXPECT_EQ(message.rfind("picture 'a.png': damaged PNG: ", 0), 0u)
          << "byte " << at << " bit " << bit << ": " << message;
    }
}

TEST(Image, EveryTruncatedJpegIsRefused) {
  std::string content = jpegOf(makePicture(32, 32));
  for (size_t length = 3; length + 2 < content.size(); ++length) {
    std::string message =
        messageOf(decodeImage(StringRef(content).take_front(length), "a.jpg"));
    EXPECT_EQ(message.rfind("picture 'a.jpg': damaged JPEG: ", 0), 0u)
        << length << " of " << content.size() << ": " << message;
  }
}

TEST(Image, FlippedBytesOfAJpegNeverCrash) {
  // A JPEG has no checksums, so some damage cannot be noticed.
  std::string content = jpegOf(makePicture(24, 24));
  int noticed = 0;
  for (size_t at = 3; at < content.size(); ++at)
    for (int flip : {1, 0x80, 0xFF}) {
      std::string damaged = content;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      noticed += !messageOf(decodeImage(damaged, "a.jpg")).empty();
    }
  EXPECT_GT(noticed, 100);
}

TEST(Image, HugeSizesAreRefusedBeforeMemoryIsAskedFor) {
  // The sizes in the header alone say 60000 x 60000; its checksum is right.
  std::string png = pngOf(makePicture(4, 4));
  llvm::support::endian::write32be(png.data() + 16, 60000);
  llvm::support::endian::write32be(png.data() + 20, 60000);
  auto header =
      llvm::ArrayRef(reinterpret_cast<uint8_t *>(png.data()) + 12, 17);
  llvm::support::endian::write32be(png.data() + 29, llvm::crc32(header));
  EXPECT_EQ(messageOf(decodeImage(png, "a.png")),
            "picture 'a.png': expected at most 16384 x 16384 and 67108864 "
            "pixels, got 60000 x "
            "60000");
  std::string jpeg = jpegOf(makePicture(8, 8));
  size_t frame = jpeg.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  llvm::support::endian::write16be(jpeg.data() + frame + 5, 65000);
  llvm::support::endian::write16be(jpeg.data() + frame + 7, 65000);
  EXPECT_EQ(messageOf(decodeImage(jpeg, "a.jpg")),
            "picture 'a.jpg': expected at most 16384 x 16384 and 67108864 "
            "pixels, got 65000 x "
            "65000");
}

TEST(CropToSquare, AveragesByArea) {
  // 4 x 2: the centred square is columns 1 and 2; two by two pixels become one.
  Image image(4, 2);
  image.at(1, 0) = {10, 0, 0};
  image.at(2, 0) = {20, 0, 0};
  image.at(1, 1) = {30, 0, 0};
  image.at(2, 1) = {42, 0, 0};
  image.at(0, 0) = image.at(3, 1) = {255, 255, 255};
  EXPECT_EQ(cropToSquare(image, 1).at(0, 0),
            (Color{26, 0, 0})); // 25.5 rounds up
  EXPECT_EQ(cropToSquare(image, 2).at(1, 1), (Color{42, 0, 0}));
}

TEST(CropToSquare, PartsOfPixelsAndEnlargement) {
  // 3 x 3 to 2 x 2: the left output pixel covers 1 and a half columns.
  Image image(3, 3);
  for (int64_t y = 0; y < 3; ++y) {
    image.at(0, y) = {30, 0, 0};
    image.at(1, y) = {60, 0, 0};
    image.at(2, y) = {90, 0, 0};
  }
  Image two = cropToSquare(image, 2);
  EXPECT_EQ(two.at(0, 0)[0], 40); // (30 * 1 + 60 * 0.5) / 1.5
  EXPECT_EQ(two.at(1, 1)[0], 80);
  Image six = cropToSquare(image, 6);
  for (int64_t x = 0; x < 6; ++x)
    EXPECT_EQ(six.at(x, 3)[0], 30 * (x / 2 + 1));
  Image flat = cropToSquare(Image(451, 300, {7, 77, 177}), 256);
  for (const Color &color : flat.pixels)
    ASSERT_EQ(color, (Color{7, 77, 177}));
}

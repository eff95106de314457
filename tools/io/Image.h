//===- Image.h - pictures ---------------------------------------*- C++ -*-===//
//
// Reads PNG and JPEG through libpng and libjpeg, which check what they read
// (checksums, premature ends), and writes PNG. A damaged picture is refused,
// not half shown.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TOOLS_IO_IMAGE_H
#define LLSA_TOOLS_IO_IMAGE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <array>
#include <cstdint>
#include <vector>

namespace llsa::tools {

/// Red, green, blue.
using Color = std::array<uint8_t, 3>;

/// An 8-bit RGB picture, row by row from the top left.
struct Image {
  int64_t width = 0;
  int64_t height = 0;
  std::vector<Color> pixels;

  Image() = default;
  Image(int64_t width, int64_t height, Color fill = {0, 0, 0})
      : width(width), height(height), pixels(size_t(width * height), fill) {}

  Color &at(int64_t x, int64_t y) { return pixels[size_t(y * width + x)]; }
  const Color &at(int64_t x, int64_t y) const {
    return pixels[size_t(y * width + x)];
  }
};

/// Greatest width or height that is read.
constexpr int64_t kMaxImageSide = 16384;
/// Greatest number of pixels that is read.
constexpr int64_t kMaxImagePixels = 64 * 1024 * 1024;

/// Reads a PNG or JPEG file; grey becomes RGB, what is transparent is laid over
/// white. An error names the file and what is wrong with it.
llvm::Expected<Image> readImage(llvm::StringRef path);

/// The same from a file's content; `name` stands in the messages.
llvm::Expected<Image> decodeImage(llvm::StringRef content,
                                  llvm::StringRef name);

/// Writes a PNG file, aside and renamed.
llvm::Error writePng(llvm::StringRef path, const Image &image);

/// The greatest centred square of the picture, averaged by area (or, where it
/// is smaller, repeated) to side x side pixels.
Image cropToSquare(const Image &image, int64_t side);

} // namespace llsa::tools

#endif // LLSA_TOOLS_IO_IMAGE_H

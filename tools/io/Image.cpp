//===- Image.cpp - pictures -----------------------------------------------===//
#include "tools/io/Image.h"
#include "tools/io/Files.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"
#include "llvm/Support/Endian.h"
#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs size_t and FILE declared before it.
#include <jpeglib.h>
// jerror.h needs jpeglib.h before it.
#include <jerror.h>
#include <png.h>

using namespace llsa::tools;
using llvm::StringRef;

/// Refuses sizes that no photograph has, before memory is asked for.
static llvm::Error checkSize(StringRef name, int64_t width, int64_t height) {
  if (width < 1 || height < 1)
    return makeError("picture '{}': it has no pixels ({} x {})", name.str(),
                     width, height);
  if (width > kMaxImageSide || height > kMaxImageSide ||
      width * height > kMaxImagePixels)
    return makeError(
        "picture '{}': expected at most {} x {} and {} pixels, got {} x {}",
        name.str(), kMaxImageSide, kMaxImageSide, kMaxImagePixels, width,
        height);
  return llvm::Error::success();
}

static llvm::Error damaged(StringRef name, StringRef kind, StringRef why) {
  return makeError("picture '{}': damaged {}: {}", name.str(), kind.str(),
                   why.str());
}

//===----------------------------------------------------------------------===//
// PNG
//===----------------------------------------------------------------------===//

/// Walks the chunks of a PNG file: length, type, content, checksum, up to IEND.
/// libpng stops at the last row and takes wrong checksums of what it does not
/// need for mere warnings; a file that was damaged there is damaged all the
/// same.
static llvm::Error checkChunks(StringRef content, StringRef name) {
  for (StringRef rest = content.drop_front(8); !rest.empty();) {
    if (rest.size() < 12)
      break;
    uint64_t length = llvm::support::endian::read32be(rest.data());
    if (rest.size() < 12 + length)
      break;
    StringRef typed = rest.substr(4, 4 + length);
    uint32_t stored = llvm::support::endian::read32be(rest.data() + 8 + length);
    if (stored != llvm::crc32(llvm::arrayRefFromStringRef(typed)))
      return damaged(name, "PNG",
                     fmt::format("wrong checksum at byte {}",
                                 rest.data() - content.data()));
    if (typed.starts_with("IEND"))
      return llvm::Error::success();
    rest = rest.drop_front(12 + length);
  }
  return damaged(name, "PNG", "truncated");
}

static llvm::Expected<Image> decodePng(StringRef content, StringRef name) {
  if (llvm::Error error = checkChunks(content, name))
    return std::move(error);
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&png, content.data(), content.size()))
    return damaged(name, "PNG", png.message);
  if (llvm::Error error = checkSize(name, png.width, png.height)) {
    png_image_free(&png);
    return std::move(error);
  }
  png.format = PNG_FORMAT_RGB;
  Image image(png.width, png.height);
  png_color white = {255, 255, 255};
  int complete =
      png_image_finish_read(&png, &white, image.pixels.data(), 0, nullptr);
  if (!complete || PNG_IMAGE_FAILED(png)) {
    std::string why = png.message;
    png_image_free(&png);
    return damaged(name, "PNG", why);
  }
  return image;
}

llvm::Error llsa::tools::writePng(StringRef path, const Image &image) {
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::vector<char> bytes(size);
  if (!png_image_write_to_memory(&png, bytes.data(), &size, 0,
                                 image.pixels.data(), 0, nullptr))
    return makeError("cannot write picture '{}': {}", path.str(), png.message);
  return writeFile(path, {StringRef(bytes.data(), size)});
}

//===----------------------------------------------------------------------===//
// JPEG
//===----------------------------------------------------------------------===//

namespace {
/// libjpeg reports errors by a call that must not return.
struct JpegErrors {
  jpeg_error_mgr manager; // first: libjpeg's pointer to it is one to this
  std::jmp_buf leave;
  char message[JMSG_LENGTH_MAX];
};
} // namespace

static void jpegFailed(j_common_ptr info) {
  auto *errors = reinterpret_cast<JpegErrors *>(info->err);
  errors->manager.format_message(info, errors->message);
  std::longjmp(errors->leave, 1);
}

/// Warnings (a premature end, a corrupt segment) are errors to us, unless they
/// are about metadata alone; messages of level 0 and above are mere traces.
static void jpegWarned(j_common_ptr info, int level) {
  int code = info->err->msg_code;
  if (level < 0 && code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR)
    jpegFailed(info);
}

namespace {
enum class JpegOutcome { Done, Failed, WrongSize };
} // namespace

/// The part that libjpeg may leave by longjmp: it owns nothing that has a
/// destructor.
static JpegOutcome runJpeg(jpeg_decompress_struct &info, JpegErrors &errors,
                           StringRef content, Image &image) {
  if (setjmp(errors.leave))
    return JpegOutcome::Failed;
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, reinterpret_cast<const unsigned char *>(content.data()),
               static_cast<unsigned long>(content.size()));
  jpeg_read_header(&info, TRUE);
  image.width = info.image_width;
  image.height = info.image_height;
  if (image.width > kMaxImageSide || image.height > kMaxImageSide ||
      image.width * image.height > kMaxImagePixels)
    return JpegOutcome::WrongSize;
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  image.pixels.resize(size_t(image.width * image.height));
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = image.at(0, info.output_scanline).data();
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  return JpegOutcome::Done;
}

static llvm::Expected<Image> decodeJpeg(StringRef content, StringRef name) {
  jpeg_decompress_struct info = {};
  JpegErrors errors = {};
  info.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = jpegFailed;
  errors.manager.emit_message = jpegWarned;
  Image image;
  JpegOutcome outcome = runJpeg(info, errors, content, image);
  jpeg_destroy_decompress(&info);
  switch (outcome) {
  case JpegOutcome::Done:
    return image;
  case JpegOutcome::Failed:
    return damaged(name, "JPEG", errors.message);
  case JpegOutcome::WrongSize:
    return checkSize(name, image.width, image.height);
  }
  llvm_unreachable("unknown outcome");
}

//===----------------------------------------------------------------------===//
// either
//===----------------------------------------------------------------------===//

llvm::Expected<Image> llsa::tools::decodeImage(StringRef content,
                                               StringRef name) {
  if (content.starts_with("\x89PNG\r\n\x1a\n"))
    return decodePng(content, name);
  if (content.starts_with("\xFF\xD8\xFF"))
    return decodeJpeg(content, name);
  return makeError(
      "picture '{}': expected a PNG or JPEG file, got {}", name.str(),
      content.empty() ? "an empty one" : "neither by its first bytes");
}

llvm::Expected<Image> llsa::tools::readImage(StringRef path) {
  auto buffer = readFile(path, "picture");
  if (!buffer)
    return buffer.takeError();
  return decodeImage((*buffer)->getBuffer(), path);
}

Image llsa::tools::cropToSquare(const Image &image, int64_t side) {
  int64_t square = std::min(image.width, image.height);
  int64_t left = (image.width - square) / 2, top = (image.height - square) / 2;
  Image out(side, side);
  // In units of 1/side of a source pixel an output pixel covers `square` units,
  // and a source pixel `side` units: all weights are whole numbers.
  for (int64_t y = 0; y < side; ++y)
    for (int64_t x = 0; x < side; ++x) {
      int64_t x0 = x * square, x1 = x0 + square, y0 = y * square,
              y1 = y0 + square;
      std::array<int64_t, 3> sum = {0, 0, 0};
      for (int64_t sy = y0 / side; sy * side < y1; ++sy)
        for (int64_t sx = x0 / side; sx * side < x1; ++sx) {
          int64_t area =
              (std::min(x1, (sx + 1) * side) - std::max(x0, sx * side)) *
              (std::min(y1, (sy + 1) * side) - std::max(y0, sy * side));
          const Color &color = image.at(left + sx, top + sy);
          for (int c = 0; c < 3; ++c)
            sum[c] += area * color[c];
        }
      for (int c = 0; c < 3; ++c)
        out.at(x, y)[c] = static_cast<uint8_t>((sum[c] + square * square / 2) /
                                               (square * square));
    }
  return out;
}

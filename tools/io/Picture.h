//===- Picture.h - a photograph and what a query attends to -----*- C++ -*-===//
#ifndef LLSA_TOOLS_IO_PICTURE_H
#define LLSA_TOOLS_IO_PICTURE_H

#include "tools/io/Image.h"
#include "tools/io/TokenOrder.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace llsa::tools {

/// One query and the blocks that were selected for it.
struct AttendedBlocks {
  int64_t query = 0; ///< token
  int64_t block = 0; ///< b: an entry at level l is b^l tokens
  /// selected[l - 1]: row query / b^l of I^(l); entries of -1 are empty.
  std::vector<std::vector<int32_t>> selected;
};

/// The photograph, enlarged and dimmed, with every selected block outlined in
/// its level's colour (fine over coarse), the query marked, and a legend below.
/// An error when the order is not that of the photograph, or the query or a
/// block does not exist.
llvm::Expected<Image> drawAttendedBlocks(const Image &photograph,
                                         const TokenOrder &order,
                                         const AttendedBlocks &blocks);

/// Draws and writes a PNG file.
llvm::Error writePicture(llvm::StringRef path, const Image &photograph,
                         const TokenOrder &order, const AttendedBlocks &blocks);

/// Writes `text` (letters, digits, a few signs) with 3 x 5 pixel glyphs, each
/// pixel `scale` wide; what lies outside the picture is cut off.
void drawText(Image &image, int64_t x, int64_t y, int64_t scale, Color color,
              llvm::StringRef text);

} // namespace llsa::tools

#endif // LLSA_TOOLS_IO_PICTURE_H

//===- TokenOrder.h - from pixels to tokens and back ------------*- C++ -*-===//
//
// Blocks are runs of consecutive tokens, so they see a picture well only when
// neighbours in space are neighbours in order. Two orders give that:
//
// * Z-order, for 2^n x 2^n pictures: recursive grouping of 2 x 2, so that every
//   aligned run of 4^m tokens is a square of side 2^m (16 tokens: 4 x 4).
// * The patch order, for any picture or video: with p the greatest power of two
//   that divides every side (of a video, its length too), the p x p (x p) tiles
//   are walked along a space-filling curve of Hilbert's kind that takes any
//   rectangle or box, each tile in Z-order. A run of n tokens, aligned or not,
//   is then a connected patch (but for single diagonal steps where a side is
//   odd) whose diameter is a small multiple of n^(1/2), or n^(1/3) for video.
//   For 2^n x 2^n pictures it is the Z-order.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TOOLS_IO_TOKENORDER_H
#define LLSA_TOOLS_IO_TOKENORDER_H

#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace llsa::tools {

/// The sides of a picture (frames = 1) or video. Cell (t, y, x) has the raster
/// number (t * height + y) * width + x.
struct Grid {
  int64_t frames = 1;
  int64_t height = 0;
  int64_t width = 0;
  int64_t numCells() const { return frames * height * width; }
};

/// A numbering of the cells of a grid.
struct TokenOrder {
  Grid grid;
  std::vector<int32_t> cellOf;  ///< token -> raster number of its cell
  std::vector<int32_t> tokenOf; ///< raster number -> token

  int64_t size() const { return static_cast<int64_t>(cellOf.size()); }
};

/// Z-order of a side x side picture; an error when side is no power of two.
llvm::Expected<TokenOrder> zOrder(int64_t side);

/// The patch order of any grid; an error when a side is not positive or there
/// are more than 2^31 - 1 cells.
llvm::Expected<TokenOrder> patchOrder(Grid grid);

} // namespace llsa::tools

#endif // LLSA_TOOLS_IO_TOKENORDER_H

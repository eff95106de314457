//===- Picture.cpp - a photograph and what a query attends to -------------===//
#include "tools/io/Picture.h"
#include "tools/io/Files.h"
#include <algorithm>

using namespace llsa::tools;

/// A level's colour: apart in hue, and in brightness for those who see few
/// hues.
static Color colorOf(size_t level) {
  static constexpr Color colors[] = {{255, 225, 25},
                                     {0, 215, 255},
                                     {255, 95, 225},
                                     {90, 255, 90},
                                     {255, 140, 60}};
  return colors[(level - 1) % std::size(colors)];
}
static constexpr Color kQueryColor = {255, 40, 40};
static constexpr Color kWhite = {255, 255, 255};

/// `share` of `over` laid on `under`.
static Color blend(Color under, Color over, float share) {
  Color out;
  for (int c = 0; c < 3; ++c)
    out[c] = static_cast<uint8_t>(float(under[c]) * (1 - share) +
                                  float(over[c]) * share + 0.5f);
  return out;
}

static llvm::Error verify(const Image &photograph, const TokenOrder &order,
                          const AttendedBlocks &blocks) {
  if (order.grid.frames != 1 || order.grid.width != photograph.width ||
      order.grid.height != photograph.height)
    return makeError(
        "picture: the token order is of {} x {} x {}, the photograph {} x {}",
        order.grid.frames, order.grid.height, order.grid.width,
        photograph.height, photograph.width);
  if (blocks.query < 0 || blocks.query >= order.size())
    return makeError("picture: expected a query below {}, got {}", order.size(),
                     blocks.query);
  if (blocks.block < 2)
    return makeError("picture: expected a block of at least 2, got {}",
                     blocks.block);
  int64_t tokens = 1;
  for (size_t level = 1; level <= blocks.selected.size(); ++level) {
    if (tokens < order.size())
      tokens *= blocks.block;
    int64_t count = (order.size() + tokens - 1) / tokens;
    for (int32_t entry : blocks.selected[level - 1])
      if (entry < -1 || entry >= count)
        return makeError(
            "picture: expected blocks of level {} below {}, got {}", level,
            count, entry);
  }
  return llvm::Error::success();
}

namespace {
/// Draws on an enlarged photograph.
class Canvas {
public:
  static constexpr int64_t kLine = 16; ///< height of a legend line

  Canvas(const Image &photograph, int64_t legendLines)
      : source(photograph),
        scale(std::max<int64_t>(
            1, 768 / std::max(photograph.width, photograph.height))),
        image(std::max<int64_t>(photograph.width * scale, 320),
              photograph.height * scale +
                  (legendLines ? legendLines * kLine + 8 : 0)) {
    for (int64_t y = 0; y < photograph.height * scale; ++y)
      for (int64_t x = 0; x < photograph.width * scale; ++x)
        image.at(x, y) =
            blend(photograph.at(x / scale, y / scale), {0, 0, 0}, 0.4f);
  }

  /// Tints the cells that `groupOf` puts in a group (>= 0) and outlines groups.
  void drawGroups(const std::vector<int32_t> &groupOf, Color color) {
    auto group = [&](int64_t x, int64_t y) {
      bool inside = x >= 0 && y >= 0 && x < source.width && y < source.height;
      return inside ? groupOf[size_t(y * source.width + x)] : -1;
    };
    int64_t edge = std::max<int64_t>(1, scale / 3);
    for (int64_t y = 0; y < source.height; ++y)
      for (int64_t x = 0; x < source.width; ++x) {
        int32_t mine = group(x, y);
        if (mine < 0)
          continue;
        for (int64_t dy = 0; dy < scale; ++dy)
          for (int64_t dx = 0; dx < scale; ++dx) {
            bool border = (dx < edge && group(x - 1, y) != mine) ||
                          (dx >= scale - edge && group(x + 1, y) != mine) ||
                          (dy < edge && group(x, y - 1) != mine) ||
                          (dy >= scale - edge && group(x, y + 1) != mine);
            Color &pixel = image.at(x * scale + dx, y * scale + dy);
            // Inside, the photograph shows through at its full brightness.
            pixel = border ? color : blend(source.at(x, y), color, 0.15f);
          }
      }
  }

  /// A ring with a cross hair that leaves the cell itself visible.
  void markQuery(int64_t cx, int64_t cy) {
    int64_t centreX = cx * scale + scale / 2, centreY = cy * scale + scale / 2;
    int64_t inner = std::max<int64_t>(scale * 2, 6), outer = inner + 3;
    for (int64_t dy = -2 * outer; dy <= 2 * outer; ++dy)
      for (int64_t dx = -2 * outer; dx <= 2 * outer; ++dx) {
        int64_t squared = dx * dx + dy * dy;
        bool ring = squared >= inner * inner && squared <= outer * outer;
        bool hair = squared > outer * outer && squared <= 4 * outer * outer &&
                    (std::abs(dx) <= 1 || std::abs(dy) <= 1);
        int64_t x = centreX + dx, y = centreY + dy;
        if ((ring || hair) && x >= 0 && y >= 0 && x < source.width * scale &&
            y < source.height * scale)
          image.at(x, y) = squared > (outer - 1) * (outer - 1) && ring
                               ? kWhite
                               : kQueryColor;
      }
  }

  void legend(int64_t line, Color color, llvm::StringRef text) {
    int64_t top = source.height * scale + 6 + line * kLine;
    for (int64_t y = top; y < top + 10; ++y)
      for (int64_t x = 6; x < 26; ++x)
        image.at(x, y) = color;
    drawText(image, 34, top, 2, kWhite, text);
  }

  Image take() { return std::move(image); }

private:
  const Image &source;
  const int64_t scale;
  Image image;
};
} // namespace

llvm::Expected<Image>
llsa::tools::drawAttendedBlocks(const Image &photograph,
                                const TokenOrder &order,
                                const AttendedBlocks &blocks) {
  if (llvm::Error error = verify(photograph, order, blocks))
    return std::move(error);
  size_t levels = blocks.selected.size();
  Canvas canvas(photograph, static_cast<int64_t>(levels) + 1);
  int64_t cell = order.cellOf[blocks.query];
  int64_t x = cell % photograph.width, y = cell / photograph.width;
  canvas.legend(
      0, kQueryColor,
      fmt::format("query: token {} at x={}, y={}", blocks.query, x, y));

  std::vector<int64_t> tokensOf(levels + 1, 1);
  for (size_t level = 1; level <= levels; ++level)
    tokensOf[level] =
        std::min(tokensOf[level - 1] * blocks.block, order.size());
  for (size_t level = levels; level >= 1; --level) {
    std::vector<int32_t> groupOf(static_cast<size_t>(order.size()), -1);
    int64_t count = 0;
    for (int32_t entry : blocks.selected[level - 1]) {
      if (entry < 0)
        continue;
      ++count;
      int64_t first = entry * tokensOf[level];
      int64_t last = std::min(first + tokensOf[level], order.size());
      for (int64_t token = first; token < last; ++token)
        groupOf[order.cellOf[token]] = entry;
    }
    canvas.drawGroups(groupOf, colorOf(level));
    canvas.legend(static_cast<int64_t>(level), colorOf(level),
                  fmt::format("level {}: {} blocks of {} tokens", level, count,
                              tokensOf[level]));
  }
  canvas.markQuery(x, y);
  return canvas.take();
}

llvm::Error llsa::tools::writePicture(llvm::StringRef path,
                                      const Image &photograph,
                                      const TokenOrder &order,
                                      const AttendedBlocks &blocks) {
  auto picture = drawAttendedBlocks(photograph, order, blocks);
  if (!picture)
    return picture.takeError();
  return writePng(path, *picture);
}

//===- TokenOrder.cpp - from pixels to tokens and back --------------------===//
//
// The curve is the generalised Hilbert curve (Jakub Cerveny's "gilbert"): a box
// with axes a, b, c, entered at one corner and left at the far end of a, is cut
// into two to five boxes that are walked so that each ends beside the next
// one's start. Cuts fall on even positions where possible, which keeps all
// steps straight when the sides are even.
//
//===----------------------------------------------------------------------===//
#include "tools/io/TokenOrder.h"
#include "tools/io/Files.h"
#include <array>
#include <cstdlib>
#include <limits>

using namespace llsa::tools;

namespace {
/// A point or a direction with a length, as (t, y, x).
struct Vector {
  int64_t t = 0, y = 0, x = 0;
  Vector operator+(Vector o) const { return {t + o.t, y + o.y, x + o.x}; }
  Vector operator-(Vector o) const { return {t - o.t, y - o.y, x - o.x}; }
  Vector operator-() const { return {-t, -y, -x}; }
  /// Length; at most one component of an axis is not 0.
  int64_t length() const { return std::abs(t + y + x); }
  Vector unit() const { return {sign(t), sign(y), sign(x)}; }
  /// About half of it, of even length where there is room.
  Vector half() const {
    Vector out = {t / 2, y / 2, x / 2};
    return out.length() % 2 && length() > 2 ? out + unit() : out;
  }

private:
  static int64_t sign(int64_t value) { return (value > 0) - (value < 0); }
};

/// Walks a box along the curve and calls `visit` for each cell.
template <typename Visit>
void walkCurve(Vector at, Vector a, Vector b, Vector c, const Visit &visit) {
  int64_t na = a.length(), nb = b.length(), nc = c.length();
  if (na == 0 || nb == 0 || nc == 0)
    return;
  if ((na == 1) + (nb == 1) + (nc == 1) >= 2) {
    Vector along = na > 1 ? a : nb > 1 ? b : c;
    for (int64_t n = 0; n < along.length(); ++n, at = at + along.unit())
      visit(at);
    return;
  }
  Vector a2 = a.half(), b2 = b.half(), c2 = c.half();
  Vector da = a.unit(), db = b.unit(), dc = c.unit();
  if (2 * na > 3 * nb && 2 * na > 3 * nc) { // long: cut a alone
    walkCurve(at, a2, b, c, visit);
    walkCurve(at + a2, a - a2, b, c, visit);
  } else if (3 * nb > 4 * nc) { // flat: leave c whole
    walkCurve(at, b2, c, a2, visit);
    walkCurve(at + b2, a, b - b2, c, visit);
    walkCurve(at + (a - da) + (b2 - db), -b2, c, -(a - a2), visit);
  } else if (3 * nc > 4 * nb) { // flat: leave b whole
    walkCurve(at, c2, a2, b, visit);
    walkCurve(at + c2, a, b, c - c2, visit);
    walkCurve(at + (a - da) + (c2 - dc), -c2, -(a - a2), b, visit);
  } else {
    walkCurve(at, b2, c2, a2, visit);
    walkCurve(at + b2, c, a2, b - b2, visit);
    walkCurve(at + (b2 - db) + (c - dc), a, -b2, -(c - c2), visit);
    walkCurve(at + (a - da) + b2 + (c - dc), -c, -(a - a2), b - b2, visit);
    walkCurve(at + (a - da) + (b2 - db), -b2, c2, -(a - a2), visit);
  }
}
} // namespace

/// Every `stride`-th bit of `number` from bit `first` on, put together.
static int64_t everyNthBit(int64_t number, int first, int stride) {
  int64_t out = 0;
  for (int bit = 0; (number >> first) >> (bit * stride); ++bit)
    out |= ((number >> (first + bit * stride)) & 1) << bit;
  return out;
}

llvm::Expected<TokenOrder> llsa::tools::patchOrder(Grid grid) {
  if (grid.frames < 1 || grid.height < 1 || grid.width < 1)
    return makeError("token order: expected positive sides, got {} x {} x {}",
                     grid.frames, grid.height, grid.width);
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (grid.frames > most || grid.height > most / grid.frames ||
      grid.width > most / (grid.frames * grid.height))
    return makeError(
        "token order: expected at most {} tokens, got {} x {} x {}", most,
        grid.frames, grid.height, grid.width);

  bool video = grid.frames > 1;
  int64_t common = grid.height | grid.width | (video ? grid.frames : 0);
  int64_t tile = common & -common; // the greatest power of two that divides all
  int dimensions = video ? 3 : 2;
  int64_t tileCells = video ? tile * tile * tile : tile * tile;

  TokenOrder order;
  order.grid = grid;
  order.cellOf.reserve(static_cast<size_t>(grid.numCells()));
  order.tokenOf.resize(static_cast<size_t>(grid.numCells()));
  auto visitTile = [&](Vector at) {
    for (int64_t n = 0; n < tileCells; ++n) {
      int64_t x = at.x * tile + everyNthBit(n, 0, dimensions);
      int64_t y = at.y * tile + everyNthBit(n, 1, dimensions);
      int64_t t = video ? at.t * tile + everyNthBit(n, 2, dimensions) : 0;
      int64_t cell = (t * grid.height + y) * grid.width + x;
      order.tokenOf[cell] = static_cast<int32_t>(order.cellOf.size());
      order.cellOf.push_back(static_cast<int32_t>(cell));
    }
  };
  Vector t = {video ? grid.frames / tile : 1, 0, 0},
         y = {0, grid.height / tile, 0}, x = {0, 0, grid.width / tile};
  // The curve enters along the longest side.
  if (x.length() >= y.length() && x.length() >= t.length())
    walkCurve({}, x, y, t, visitTile);
  else if (y.length() >= t.length())
    walkCurve({}, y, x, t, visitTile);
  else
    walkCurve({}, t, x, y, visitTile);
  return order;
}

llvm::Expected<TokenOrder> llsa::tools::zOrder(int64_t side) {
  if (side < 1 || (side & (side - 1)) != 0)
    return makeError("Z-order: expected a side that is a power of two, got {}",
                     side);
  return patchOrder({1, side, side});
}

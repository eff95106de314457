//===- Select.cpp - top-k keys per query ----------------------------------===//
//
// A tile of queries walks over its candidates, `cols` at a time, and keeps a
// running top-k list per row: all keys, or the children of the coarser row
// that the tile's queries share.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/GatherSteps.h"
#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "dialects/tile/TileOps.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace llsa;

namespace {
class SelectLowering {
public:
  SelectLowering(const LaunchContext &context, SelectOp op, KernelBuilder &k,
                 const RowGrid &grid)
      : op(op), k(k), widen(context.widenDots),
        cols(context.schedule.getCols()), rows(context.schedule.getRows()),
        tile(k.rowTile(grid)) {
    auto keys = cast<RankedTensorType>(op.getKeys().getType());
    tokens = keys.getDimSize(kToken);
    depth = keys.getDimSize(kDepth);
    head = keyHead(k, tile.head, op.getQuery(), op.getKeys());
    keyBuffer = k.buffer(op.getKeys());
  }

  void run() {
    int64_t topk = op.getTopk();
    // A list longer than the candidates would only hold empty places.
    int64_t length = std::min(topk, numCandidates());
    query = dotOperand(k,
                       k.load(k.buffer(op.getQuery()),
                              {tile.batch, tile.head, tile.start, k.index(0)},
                              {rows, depth}, tile.rows),
                       widen);
    TileBuilder::Values list{k.splat(-INFINITY, {rows, length}),
                             k.splatInt(-1, {rows, length})};
    list = op.getWithin() ? within(list) : dense(list);
    Value result = k.buffer(op.getResult());
    k.store(list[1], result, {tile.batch, tile.head, tile.start, k.index(0)},
            tile.rows);
    if (length < topk)
      k.store(k.splatInt(-1, {rows, topk - length}), result,
              {tile.batch, tile.head, tile.start, k.index(length)}, tile.rows);
  }

private:
  int64_t numCandidates() {
    if (!op.getWithin())
      return tokens;
    int64_t entries =
        cast<RankedTensorType>(op.getWithin().getType()).getDimSize(3);
    return std::min<int64_t>(entries * *op.getBlock(), tokens * entries);
  }

  TileBuilder::Values insert(ValueRange list, Value keys, Value ids) {
    keys = dotOperand(k, keys, widen);
    Value zero = k.splat(0.0, {rows, sizeOf(keys).rows});
    Value scores = k.dot(query, keys, zero, /*transposed=*/true);
    auto topk = tile::TopkOp::create(k.b, k.loc, list[0], list[1], scores, ids);
    return {topk.getNewScores(), topk.getNewIds()};
  }

  TileBuilder::Values dense(ValueRange list) {
    auto step = [&](Value first, int64_t width, Value exist,
                    ValueRange carried) {
      Value ids = k.range(first, {1, width});
      if (exist)
        ids = k.select(k.less(ids, k.splatInt(tokens, {})), ids,
                       k.splatInt(-1, {}));
      Value keys = k.load(keyBuffer, {tile.batch, head, first, k.index(0)},
                          {width, depth}, exist);
      return insert(carried, keys, ids);
    };
    int64_t full = tokens / cols, rest = tokens % cols;
    TileBuilder::Values state =
        k.repeat(full, list, [&](Value i, ValueRange carried) {
          return step(k.mul(i, cols), cols, Value(), carried);
        });
    if (rest == 0)
      return state;
    int64_t width = tailCols(rest, cols);
    return step(k.index(full * cols), width,
                width == rest ? Value() : k.index(rest), state);
  }

  TileBuilder::Values within(ValueRange list) {
    int64_t block = *op.getBlock();
    int64_t entries =
        cast<RankedTensorType>(op.getWithin().getType()).getDimSize(3);
    GatherSteps steps(entries, block, cols, /*fragments=*/!widen);
    Value coarse = k.buffer(op.getWithin());
    SmallVector<Value> row{tile.batch, tile.head, k.div(tile.start, block)};
    return k.repeat(steps.count(), list, [&](Value i, ValueRange carried) {
      Value ids = steps.keysOf(k, coarse, row, i, tokens);
      return insert(carried, k.gather(keyBuffer, tile.batch, head, ids, depth),
                    ids);
    });
  }

  SelectOp op;
  KernelBuilder &k;
  bool widen;
  int64_t cols, rows, tokens, depth;
  RowTile tile;
  Value head, query, keyBuffer;
};
} // namespace

LogicalResult llsa::lowerSelect(const LaunchContext &context, SelectOp op) {
  auto query = cast<RankedTensorType>(op.getQuery().getType());
  RowGrid grid = op.getWithin() ? RowGrid::granular(query, *op.getBlock(),
                                                    context.schedule)
                                : RowGrid::plain(query, context.schedule);
  LaunchOp launch = context.launch;
  KernelBuilder k(context.host, launch.getLoc(), launch.getName(), grid.items(),
                  context.schedule);
  SelectLowering(context, op, k, grid).run();
  k.finish(launch);
  return success();
}

//===- AttendBiasGrad.cpp - the gradient of what a score region reads -----===//
//
// A tile of queries walks over the keys as in AttendQueryGrad.cpp. For each
// pair the `reads` region makes of
//
//   g = exp2(score * factor + (log2(weight) - lse * log2(e))) (do v^T - delta),
//
// the gradient of what the score region yields, the gradients of what that
// reads, and where it lies. How these are added depends on the indices:
//
// * All are the batch, the head and the query (a gate for each query): a row's
//   sum is an element of the result. Nothing but the row's own work item makes
//   it, on any target.
// * Else they are added in memory, in a fixed order (tile.scatter_add). A work
//   item owns what no other can reach (ReadOwner.h). Where that makes too few
//   of them, the schedule's `queries` says how many queries one takes; each
//   piece then adds to a tensor of its own, and a second kernel adds these up.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/AttendTile.h"
#include "compiler/transforms/ReadOwner.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace llsa;

//===----------------------------------------------------------------------===//
// A tile of queries
//===----------------------------------------------------------------------===//

namespace {
class BiasGradTile {
public:
  /// The gradient of what is read at one place, and the indices of that.
  struct Read {
    Value gradient;            ///< RxC f32; 0 for pairs that do not count
    SmallVector<Value> places; ///< i32, RxC or smaller
  };

  BiasGradTile(const LaunchContext &context, AttendBiasGradOp op,
               KernelBuilder &k, const RowTile &tile)
      : pairs(context, AttendForm(op), k, tile), op(op), k(k) {
    TileSize column{pairs.rows, 1};
    auto loadRows = [&](Value tensor) {
      return k.load(k.buffer(tensor), {tile.batch, tile.head, tile.start},
                    column, tile.rows, /*rowDim=*/kToken);
    };
    lse = loadRows(op.getLse());
    delta = loadRows(op.getDelta());
    if (tile.rows) { // a query that does not exist is like one without keys
      Value exists =
          k.less(k.range(k.index(0), column), k.repeated(tile.rows, column));
      lse = k.select(exists, lse, k.splat(-INFINITY, column));
    }
    base = pairs.baseOf(lse);
    if (op.getOutputGrad())
      gradient =
          pairs.operand(k.load(k.buffer(op.getOutputGrad()),
                               {tile.batch, tile.head, tile.start, k.index(0)},
                               {pairs.rows, pairs.depth}, tile.rows));
  }

  /// What the pairs of one step read.
  SmallVector<Read> reads(const TakenStep &taken) {
    AttendTile::Scores s = pairs.scores(*taken.source, taken.step);
    Value p = pairs.weights(s, base), dp = k.splat(0.0, sizeOf(p));
    if (gradient)
      dp = k.exactDot(gradient, pairs.operand(taken.step.values), dp,
                      /*transposed=*/true);
    Value g = k.apply<arith::MulFOp>(p, k.apply<arith::SubFOp>(dp, delta));
    SmallVector<Value> yielded = pairs.regions.reads(*taken.source, s.args, g);
    ArrayRef<int64_t> shape = tensorOf(op.getBiasGrad()).getShape();
    SmallVector<Read> results;
    for (ArrayRef<Value> rest = yielded; !rest.empty();
         rest = rest.drop_front(1 + shape.size())) {
      Read &read = results.emplace_back();
      read.gradient = counted(rest[0], s.counts, sizeOf(p));
      for (auto [index, extent] : llvm::zip(rest.drop_front(), shape))
        read.places.push_back(narrowIndex(k, index, extent));
    }
    return results;
  }

  AttendTile pairs;

private:
  /// 0 for pairs that do not count, whatever was made of them.
  Value counted(Value tile, Value counts, TileSize size) {
    Value zero = k.splat(0.0, size);
    tile = k.broadcast(tile, size);
    if (counts)
      tile = k.select(counts, tile, zero);
    return k.select(pairs.sawNothing(k.broadcast(lse, size)), zero, tile);
  }

  AttendBiasGradOp op;
  KernelBuilder &k;
  Value lse, base, delta, gradient;
};
} // namespace

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// A row's sum, as wide as the target likes to carry it.
static Value addRow(KernelBuilder &k, bool inParts, Value sum, Value tile) {
  return k.apply<arith::AddFOp>(sum, inParts ? k.partialSums(tile)
                                             : k.sumCols(tile));
}

static LogicalResult lowerRowSums(const LaunchContext &context,
                                  AttendBiasGradOp op) {
  RowGrid grid = AttendForm(op).grid(context.schedule);
  LaunchOp launch = context.launch;
  KernelBuilder k(context.host, launch.getLoc(), launch.getName(), grid.items(),
                  context.schedule);
  RowTile tile = k.rowTile(grid);
  BiasGradTile rows(context, op, k, tile);
  bool inParts = context.lazyRescale;
  TileBuilder::Values sums = rows.pairs.walk(
      {k.splat(0.0, {rows.pairs.rows, inParts ? 4 : 1})},
      [&](ArrayRef<TakenStep> steps, ValueRange carried) {
        Value sum = carried[0];
        for (const TakenStep &taken : steps)
          for (const BiasGradTile::Read &read : rows.reads(taken))
            sum = addRow(k, inParts, sum, read.gradient);
        return TileBuilder::Values{sum};
      });
  k.store(inParts ? k.sumCols(sums[0]) : sums[0], k.buffer(op.getBiasGrad()),
          {tile.batch, tile.head, tile.start}, tile.rows, /*rowDim=*/kToken);
  if (rows.pairs.failed())
    return failure();
  k.finish(launch);
  return success();
}

namespace {
/// Adds in memory. A work item has the tiles of queries of all batches and
/// heads that can reach the part of the result that it owns; where `pieces`
/// share these, each has a result of its own, and a second kernel adds them up.
class ScatterLowering {
public:
  ScatterLowering(const LaunchContext &context, AttendBiasGradOp op)
      : context(context), op(op), grid(AttendForm(op).grid(context.schedule)),
        owner(op), batches(owner.batch < 0 ? grid.batch : 1),
        heads(owner.head < 0 ? grid.heads : 1),
        numTiles(owner.query < 0 ? grid.numTiles() : 1),
        count(batches * heads * numTiles), most(tilesOfPiece()),
        pieces(llvm::divideCeil(count, most)) {}

  LogicalResult run() {
    tile::ScheduleAttr schedule = context.schedule;
    if (schedule.getWarps() != 1)
      return op.emitOpError() << "adds in memory, which one warp of a CTA may "
                                 "do: its schedule must have warps = 1, got "
                              << schedule.getWarps();
    LaunchOp launch = context.launch;
    std::string name = launch.getName().str();
    Value result = context.host.bufferOf(op.getBiasGrad()), sums = result;
    if (pieces > 1) {
      SmallVector<int64_t> shape(tensorOf(op.getBiasGrad()).getShape());
      shape.insert(shape.begin(), pieces);
      Type element = tensorOf(op.getBiasGrad()).getElementType();
      sums = context.host.allocate(MemRefType::get(shape, element),
                                   launch.getLoc());
    }
    lowerClear(context, name + "_clear", sums);
    if (failed(addPairs(pieces > 1 ? name + "_pieces" : name, sums)))
      return failure();
    if (pieces > 1)
      lowerSumOfPieces(context, name, sums, result);
    return success();
  }

private:
  using Values = TileBuilder::Values;

  /// Tiles that a work item takes at most.
  int64_t tilesOfPiece() const {
    int64_t queries = context.schedule.getQueries();
    return queries == 0 ? count
                        : std::clamp<int64_t>(queries / grid.rows, 1, count);
  }

  LogicalResult addPairs(StringRef name, Value sums) {
    LaunchOp launch = context.launch;
    SmallVector<int64_t> items{grid.batch / batches, grid.heads / heads,
                               grid.numTiles() / numTiles};
    if (pieces > 1)
      items.push_back(pieces);
    KernelBuilder k(context.host, launch.getLoc(), name, items,
                    context.schedule);
    memory = k.argument(sums);
    piece = pieces > 1 ? k.item()[3] : Value();
    Value from = piece ? k.mul(piece, most) : k.index(0);
    auto body = [&](Value number) {
      return addTile(k, k.rowTile(grid, batchOf(k, number), headOf(k, number),
                                  tileOf(k, number)));
    };
    bool isDone = true;
    if (most == 1)
      isDone = body(from);
    else
      k.loop(from, k.min(k.add(from, k.index(most)), k.index(count)), 1, {},
             [&](Value number, ValueRange) {
               isDone = body(number);
               return Values();
             });
    if (!isDone)
      return failure();
    k.finish(launch);
    return success();
  }

  // What tile `number` of those that work items share is a tile of.
  Value batchOf(KernelBuilder &k, Value number) {
    return owner.batch < 0 ? k.div(number, heads * numTiles) : k.item()[0];
  }
  Value headOf(KernelBuilder &k, Value number) {
    return owner.head < 0 ? k.rem(k.div(number, numTiles), heads) : k.item()[1];
  }
  Value tileOf(KernelBuilder &k, Value number) {
    return owner.query < 0 ? k.rem(number, numTiles) : k.item()[2];
  }

  /// All pairs of a tile of queries. False: there is a diagnostic.
  bool addTile(KernelBuilder &k, const RowTile &tile) {
    BiasGradTile rows(context, op, k, tile);
    rows.pairs.walk({}, [&](ArrayRef<TakenStep> steps, ValueRange) {
      for (const TakenStep &taken : steps)
        for (const BiasGradTile::Read &read : rows.reads(taken))
          add(k, read);
      return Values();
    });
    return !rows.pairs.failed();
  }

  void add(KernelBuilder &k, const BiasGradTile::Read &read) {
    SmallVector<Value> places;
    if (piece)
      places.push_back(k.repeated(piece, {}));
    for (Value place : read.places)
      places.push_back(oneOfEqual(k, place));
    // What indices do not depend on is summed first.
    TileSize size = commonSize(places);
    Value sum = read.gradient;
    if (size.cols == 1)
      sum = k.sumCols(sum);
    if (size.rows == 1)
      sum = k.sumRows(sum);
    for (Value &place : places)
      place = k.broadcast(place, size);
    tile::ScatterAddOp::create(k.b, k.loc, sum, memory, places);
  }

  /// The batch and the head come as tiles of equal rows.
  static Value oneOfEqual(KernelBuilder &k, Value place) {
    auto range = place.getDefiningOp<tile::RangeOp>();
    return range && range.getStep() == 0 ? k.repeated(range.getStart(), {})
                                         : place;
  }

  const LaunchContext &context;
  AttendBiasGradOp op;
  const RowGrid grid;
  const ReadOwner owner;
  /// What work items do not own: how many they have of each, and in all.
  const int64_t batches, heads, numTiles, count;
  const int64_t most; ///< of `count` that a work item takes
  const int64_t pieces;
  Value memory; ///< in the kernel
  Value piece;  ///< null: there is one
};
} // namespace

LogicalResult llsa::lowerAttendBiasGrad(const LaunchContext &context,
                                        AttendBiasGradOp op) {
  if (ReadOwner(op).isRowSum)
    return lowerRowSums(context, op);
  return ScatterLowering(context, op).run();
}

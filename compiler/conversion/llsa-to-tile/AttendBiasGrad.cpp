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
// * Else they are added in memory, one after the other (tile.scatter_add). A
//   work item owns elements of the result, and is the only one to add to them,
//   always in one order. It owns what no other can reach: where a dimension is
//   always indexed by the batch, the head or the query, a part of it; else all
//   of it. What it owns it sets to 0 first.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/AttendTile.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
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
      dp = k.dot(gradient, pairs.operand(taken.step.values), dp,
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
// Who owns which elements
//===----------------------------------------------------------------------===//

namespace {
/// Dimensions of the result that the batch, the head and the query always
/// index. -1: none.
struct ReadOwner {
  int64_t batch, head, query;

  explicit ReadOwner(AttendBiasGradOp op)
      : batch(find(op, kBatch)), head(find(op, kHead)), query(find(op, kToken)),
        isRowSum(tensorOf(op.getBiasGrad()).getRank() == 3 && batch == kBatch &&
                 head == kHead && query == kToken) {}

  /// Each element is the sum of a row.
  bool isRowSum;

private:
  /// `dim` of the query is the number of its region argument, too, but for the
  /// score.
  static int64_t find(AttendBiasGradOp op, int64_t dim) {
    Value argument = op.getReads().getArgument(1 + dim);
    ArrayRef<int64_t> shape = tensorOf(op.getBiasGrad()).getShape();
    int64_t count = tensorOf(op.getQuery()).getDimSize(dim);
    for (int64_t d = 0; d < static_cast<int64_t>(shape.size()); ++d)
      if (shape[d] == count &&
          llvm::all_of(op.getReadsOfRegion(), [&](ValueRange read) {
            return read[1 + d] == argument;
          }))
        return d;
    return -1;
  }
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
                                  AttendBiasGradOp op, const RowGrid &grid) {
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
class ScatterLowering {
public:
  ScatterLowering(const LaunchContext &context, AttendBiasGradOp op,
                  KernelBuilder &k, const RowGrid &grid, const ReadOwner &owner)
      : op(op), k(k), context(context), grid(grid), owner(owner),
        result(k.buffer(op.getBiasGrad())) {}

  /// Work items: batches, heads and tiles of queries, as far as they own parts.
  static SmallVector<int64_t> items(const RowGrid &grid,
                                    const ReadOwner &owner) {
    return {owner.batch < 0 ? 1 : grid.batch, owner.head < 0 ? 1 : grid.heads,
            owner.query < 0 ? 1 : grid.numTiles()};
  }

  LogicalResult run() {
    SmallVector<Value> place;
    clear(place);
    forEach(owner.batch < 0, grid.batch, k.item()[0], [&](Value batch) {
      forEach(owner.head < 0, grid.heads, k.item()[1], [&](Value head) {
        forEach(owner.query < 0, grid.numTiles(), k.item()[2],
                [&](Value number) {
                  addTile(k.rowTile(grid, batch, head, number));
                });
      });
    });
    return failure(hasFailed);
  }

private:
  using Values = TileBuilder::Values;

  /// Calls `body` for 0 .. count-1, or for `mine` alone.
  void forEach(bool all, int64_t count, Value mine,
               function_ref<void(Value)> body) {
    if (!all)
      return body(mine);
    k.repeat(count, {}, [&](Value i, ValueRange) {
      body(i);
      return Values();
    });
  }

  /// Sets the elements that the work item owns to 0; `place`: their first
  /// indices.
  void clear(SmallVector<Value> &place) {
    ArrayRef<int64_t> shape = tensorOf(op.getBiasGrad()).getShape();
    auto dim = static_cast<int64_t>(place.size());
    if (place.size() == shape.size()) {
      memref::StoreOp::create(k.b, k.loc, k.constant(k.b.getF32FloatAttr(0)),
                              result, place);
      return;
    }
    Value from = k.index(0), to = k.index(shape[dim]);
    if (dim == owner.query) {
      RowTile tile = k.rowTile(grid, k.item()[0], k.item()[1], k.item()[2]);
      from = tile.start;
      to = k.add(from, tile.rows ? tile.rows : k.index(grid.rows));
    } else if (dim == owner.batch || dim == owner.head) {
      from = k.item()[dim == owner.batch ? 0 : 1];
      to = k.add(from, k.index(1));
    }
    k.loop(from, to, 1, {}, [&](Value i, ValueRange) {
      place.push_back(i);
      clear(place);
      place.pop_back();
      return Values();
    });
  }

  /// All pairs of a tile of queries.
  void addTile(const RowTile &tile) {
    BiasGradTile rows(context, op, k, tile);
    rows.pairs.walk({}, [&](ArrayRef<TakenStep> steps, ValueRange) {
      for (const TakenStep &taken : steps)
        for (BiasGradTile::Read &read : rows.reads(taken))
          add(read);
      return Values();
    });
    hasFailed |= rows.pairs.failed();
  }

  void add(BiasGradTile::Read &read) {
    // Indices that do not depend on the key: a row's sum.
    Value sum = read.gradient;
    if (commonSize(read.places).cols == 1)
      sum = k.sumCols(sum);
    for (Value &place : read.places)
      place = k.broadcast(place, sizeOf(sum));
    tile::ScatterAddOp::create(k.b, k.loc, sum, result, read.places);
  }

  AttendBiasGradOp op;
  KernelBuilder &k;
  const LaunchContext &context;
  const RowGrid &grid;
  const ReadOwner &owner;
  Value result;
  bool hasFailed = false;
};
} // namespace

LogicalResult llsa::lowerAttendBiasGrad(const LaunchContext &context,
                                        AttendBiasGradOp op) {
  RowGrid grid = AttendForm(op).grid(context.schedule);
  ReadOwner owner(op);
  if (owner.isRowSum)
    return lowerRowSums(context, op, grid);
  if (!context.widenDots)
    return op.emitOpError()
           << "has no lowering for the GPU target, but for a tensor that is "
              "always read at the batch, the head and the query";
  LaunchOp launch = context.launch;
  KernelBuilder k(context.host, launch.getLoc(), launch.getName(),
                  ScatterLowering::items(grid, owner), context.schedule);
  if (failed(ScatterLowering(context, op, k, grid, owner).run()))
    return failure();
  k.finish(launch);
  return success();
}

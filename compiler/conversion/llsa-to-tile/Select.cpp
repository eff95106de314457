//===- Select.cpp - top-k keys per query ----------------------------------===//
//
// A tile of queries walks over its candidates, `cols` at a time, and keeps a
// running top-k list per row: all keys, or the children of the coarser row
// that the tile's queries share.
//
// A list that registers do not hold is filled part by part. Each part is the
// list of a walk over what comes behind the last place of the part before: the
// other candidates get the score -inf, which no candidate that counts keeps (it
// becomes the least number; to numbers of that size order is lost). A place of
// score -inf is empty. Where an index row names a block twice a key is several
// candidates, its copies; they come in the order of their entries.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/GatherSteps.h"
#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace llsa;

/// Whether an index row may name a block twice: what was selected from
/// candidates that differ does not.
static bool mayNameTwice(Value rows) {
  SelectOp select = selectionOf(rows);
  return !select || (select.getWithin() && mayNameTwice(select.getWithin()));
}

namespace {
class SelectLowering {
public:
  SelectLowering(const LaunchContext &context, SelectOp op, KernelBuilder &k,
                 const RowGrid &grid)
      : op(op), k(k), widen(context.widenDots), streams(context.streams),
        cols(context.schedule.getCols()), rows(context.schedule.getRows()),
        part(context.schedule.getList()), tile(k.rowTile(grid)) {
    auto keys = cast<RankedTensorType>(op.getKeys().getType());
    tokens = keys.getDimSize(kToken);
    depth = keys.getDimSize(kDepth);
    head = keyHead(k, tile.head, op.getQuery(), op.getKeys());
    keyBuffer = k.buffer(op.getKeys());
    mayRepeat = op.getWithin() && mayNameTwice(op.getWithin());
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
    result = k.buffer(op.getResult());
    if (part == 0 || length <= part)
      store(walk(length)[1], k.index(0));
    else
      storeParts(length);
    if (length < topk)
      store(k.splatInt(-1, {rows, topk - length}), k.index(length));
  }

private:
  /// The last place of a part: its score, its id, and how many copies of this
  /// candidate the places so far hold (Rx1).
  struct Place {
    Value score, id, copies;
  };

  /// The best candidates of each row, or the best behind a place.
  TileBuilder::Values walk(int64_t length, const Place *after = nullptr) {
    last = after;
    TileBuilder::Values list{k.splat(-INFINITY, {rows, length}),
                             k.splatInt(-1, {rows, length})};
    if (streams && length <= tile::TopkOp::kMostPruned &&
        cols >= tile::TopkOp::kFewestPruned)
      scratch =
          k.allocateScratch(tile::TopkOp::kScratchWords, tile::Scope::Warp);
    return op.getWithin() ? within(list) : dense(list);
  }

  void store(Value ids, Value column) {
    k.store(ids, result, {tile.batch, tile.head, tile.start, column},
            tile.rows);
  }

  void storeParts(int64_t length) {
    // Behind a NaN of id -1 come all.
    TileBuilder::Values behind{k.splat(NAN, {rows, 1}),
                               k.splatInt(-1, {rows, 1}),
                               k.splatInt(0, {rows, 1})};
    auto storePart = [&](Value i, int64_t width, ValueRange carried) {
      Place place{carried[0], carried[1], carried[2]};
      TileBuilder::Values list = walk(width, &place);
      Value isEmpty = k.equalFloat(list[0], k.splat(-INFINITY, {}));
      store(k.select(isEmpty, k.splatInt(-1, {}), list[1]), k.mul(i, part));
      return lastOf(list[0], list[1]);
    };
    behind = k.repeat(length / part, behind, [&](Value i, ValueRange carried) {
      return storePart(i, part, carried);
    });
    if (length % part != 0)
      storePart(k.index(length / part), length % part, behind);
  }

  /// The last column of a list, and its copies. Ids are put together from
  /// halves, which f32 holds exactly.
  TileBuilder::Values lastOf(Value scores, Value ids) {
    TileSize size = sizeOf(scores);
    Value columns = k.broadcast(k.range(k.index(0), {1, size.cols}), size);
    Value isLast = k.equal(columns, k.splatInt(size.cols - 1, {}));
    auto last = [&](Value tile) {
      return k.maxCols(k.select(isLast, tile, k.splat(-INFINITY, {})));
    };
    Type f32 = k.b.getF32Type(), i32 = k.b.getI32Type();
    auto half = [&](Value bits) -> Value {
      Value wide =
          arith::SIToFPOp::create(k.b, k.loc, k.tileType(size, f32), bits);
      return arith::FPToSIOp::create(k.b, k.loc, k.tileType({rows, 1}, i32),
                                     last(wide));
    };
    Value sixteen = k.splatInt(16, {});
    Value high = half(k.apply<arith::ShRSIOp>(ids, sixteen));
    Value low = half(k.apply<arith::AndIOp>(ids, k.splatInt(0xffff, {})));
    Value id =
        k.apply<arith::OrIOp>(k.apply<arith::ShLIOp>(high, sixteen), low);
    return {last(scores), id, copiesOf(id, ids)};
  }

  /// Copies (Rx1) of `id` in this list, and in those before if their last
  /// place is one, too.
  Value copiesOf(Value id, Value ids) {
    if (!mayRepeat)
      return last->copies;
    auto ones = [&](Value condition) {
      return k.select(condition, k.splat(1.0, {}), k.splat(0.0, {}));
    };
    Value here = arith::FPToSIOp::create(k.b, k.loc, tileTypeOf(id),
                                         k.sumCols(ones(k.equal(ids, id))));
    Value before =
        k.select(k.equal(id, last->id), last->copies, k.splatInt(0, {}));
    return k.apply<arith::AddIOp>(here, before);
  }

  /// Scores in the list's order, -inf for candidates that are not behind the
  /// place. `copies`: see copiesBefore; null: each candidate is the only one.
  Value behindLast(Value scores, Value ids, Value copies) {
    TileSize size = sizeOf(scores);
    auto is = [&](arith::CmpFPredicate predicate, Value x, Value y) -> Value {
      return arith::CmpFOp::create(k.b, k.loc, predicate, k.broadcast(x, size),
                                   k.broadcast(y, size));
    };
    Value placeIsNaN = is(arith::CmpFPredicate::UNO, last->score, last->score);
    Value isNaN = is(arith::CmpFPredicate::UNO, scores, scores);
    scores = k.apply<arith::MaximumFOp>(
        scores, k.splat(std::numeric_limits<float>::lowest(), {}));
    // Neither is true of NaN, which is above every number and equal to itself.
    Value isLower = is(arith::CmpFPredicate::OLT, scores, last->score);
    Value isEqual = is(arith::CmpFPredicate::OEQ, scores, last->score);
    Value isNumber =
        k.apply<arith::XOrIOp>(isNaN, k.splat(k.b.getBoolAttr(true), size));
    isLower = k.apply<arith::OrIOp>(
        isLower, k.apply<arith::AndIOp>(placeIsNaN, isNumber));
    isEqual = k.apply<arith::OrIOp>(isEqual,
                                    k.apply<arith::AndIOp>(placeIsNaN, isNaN));
    Value isLater = k.less(k.broadcast(last->id, size), k.broadcast(ids, size));
    if (copies) {
      Value isCopy =
          k.both(k.equal(last->id, ids), k.lessEqual(last->copies, copies));
      isLater = k.apply<arith::OrIOp>(isLater, isCopy);
    }
    Value counts = k.apply<arith::OrIOp>(
        isLower, k.apply<arith::AndIOp>(isEqual, isLater));
    return k.select(counts, scores, k.splat(-INFINITY, {}));
  }

  int64_t numCandidates() {
    if (!op.getWithin())
      return tokens;
    int64_t entries = filledEntries(op.getWithin());
    return std::min<int64_t>(entries * *op.getBlock(), tokens * entries);
  }

  TileBuilder::Values insert(ValueRange list, Value keys, Value ids,
                             Value copies = {}) {
    keys = dotOperand(k, keys, widen);
    Value zero = k.splat(0.0, {rows, sizeOf(keys).rows});
    Value scores = k.exactDot(query, keys, zero, /*transposed=*/true);
    if (last)
      scores = behindLast(scores, ids, copies);
    auto topk = tile::TopkOp::create(k.b, k.loc, list[0], list[1], scores, ids,
                                     scratch);
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
    int64_t entries = filledEntries(op.getWithin());
    GatherSteps steps(entries, block, cols, /*fragments=*/!widen);
    Value coarse = k.buffer(op.getWithin());
    SmallVector<Value> row{tile.batch, tile.head, k.div(tile.start, block)};
    return k.repeat(steps.count(), list, [&](Value i, ValueRange carried) {
      Value ids = steps.keysOf(k, coarse, row, i, tokens);
      Value copies;
      if (last && mayRepeat)
        copies = copiesBefore(ids, steps.entriesOf(k, i), coarse, row, entries);
      return insert(carried, k.gather(keyBuffer, tile.batch, head, ids, depth),
                    ids, copies);
    });
  }

  /// How many entries of the index row name a candidate's block before the
  /// candidate's own entry does (1xC).
  Value copiesBefore(Value ids, Value entryOf, Value coarse, ValueRange row,
                     int64_t entries) {
    TileSize size = sizeOf(ids);
    Value blocks = k.apply<arith::DivUIOp>(ids, k.splatInt(*op.getBlock(), {}));
    return k.repeat(
        entries, {k.splatInt(0, size)}, [&](Value entry, ValueRange carried) {
          SmallVector<Value> at(row);
          at.push_back(entry);
          Value named = k.repeated(k.loadIndex(coarse, at), size);
          Value isCopy = k.both(k.equal(named, blocks),
                                k.less(k.repeated(entry, size), entryOf));
          Value one = k.select(isCopy, k.splatInt(1, {}), k.splatInt(0, {}));
          return TileBuilder::Values{k.apply<arith::AddIOp>(carried[0], one)};
        })[0];
  }

  SelectOp op;
  KernelBuilder &k;
  bool widen, streams;
  int64_t cols, rows;
  int64_t part; ///< places of a list that one walk fills; 0: all
  int64_t tokens, depth;
  RowTile tile;
  Value head, query, keyBuffer, result;
  Value scratch;               ///< of a short list of many candidates
  const Place *last = nullptr; ///< of the part before
  bool mayRepeat;              ///< a candidate may have copies
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

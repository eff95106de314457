//===- AttendKeyGrad.cpp - gradients of one source's keys and values ------===//
//
// A tile of keys walks over the queries that see it: all of them (dense), those
// near it (window), or those whose index rows name its block (gathered, by the
// transposed index). Keys are the tile's rows, queries its columns:
//
//   S^T  = k q^T                      p^T = exp2(S^T factor + (log2 w - base))
//   dP^T = v do^T                     dS^T = p^T (dP^T - delta)
//   dv  += p^T do                     dk  += dS^T q
//
// so that p^T and dS^T are left operands of the dots that use them, where they
// lie in registers already. base and delta belong to queries: rows of 1xC.
//
// Query heads that share a key head come one after the other, the queries of
// each in ascending order: one work item adds everything up for its keys, in an
// order that depends on nothing else.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/AttendRegions.h"
#include "compiler/conversion/llsa-to-tile/AttendTile.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace llsa;

namespace {
/// The queries of one step.
struct QueryStep {
  Value queries, gradients; ///< CxD
  Value ids;                ///< 1xC i32
  bool someMissing = false; ///< ids may name queries that do not exist
  Value visible;            ///< RxC i1; null: every key is seen
};

class KeyGradLowering {
public:
  KeyGradLowering(const LaunchContext &context, AttendKeyGradOp op,
                  KernelBuilder &k, const RowGrid &grid)
      : op(op), k(k), form(op), regions(k, form), tile(k.rowTile(grid)),
        source(describeSource(form, k, 0, tile.head)),
        rows(context.schedule.getRows()), cols(context.schedule.getCols()),
        privateCols(context.schedule.getPrivateCols()), depth(form.depth()),
        queryCount(form.queries()), widen(context.widenDots),
        fragments(!context.widenDots) {}

  LogicalResult run(ArrayRef<Operation *> epilogue) {
    keys = loadKeys(source.keys);
    values = loadKeys(source.values);
    Value zero = k.splat(0.0, {rows, depth});
    State state{zero, zero};
    int64_t group = tensorOf(form.query).getDimSize(kHead) /
                    tensorOf(op.getKeys()).getDimSize(kHead);
    state = k.repeat(group, state, [&](Value i, ValueRange carried) {
      head = k.add(k.mul(tile.head, group), i);
      return walk(State(carried));
    });
    Value dk = k.apply<arith::MulFOp>(state[0], k.splat(form.scale, {}));
    DenseMap<Value, Value> tiles;
    tiles[op.getKeysGrad()] = store(dk, op.getKeysGrad());
    tiles[op.getValuesGrad()] = store(state[1], op.getValuesGrad());
    if (regions.failed())
      return failure();
    return emitEpilogue(k, epilogue, tile, rows, tiles, widen);
  }

private:
  using State = TileBuilder::Values; ///< dk before scaling, dv

  Value loadKeys(Value memory) {
    Value loaded =
        k.load(memory, {tile.batch, tile.head, tile.start, k.index(0)},
               {rows, depth}, tile.rows);
    return dotOperand(k, loaded, widen);
  }

  /// The gradient in the result's type, stored where it is wanted.
  Value store(Value gradient, Value result) {
    Value rounded = k.fromF32(gradient, tensorOf(result).getElementType());
    if (k.isWanted(result))
      k.store(rounded, k.buffer(result),
              {tile.batch, tile.head, tile.start, k.index(0)}, tile.rows);
    return rounded;
  }

  Value keyIds() { return k.range(tile.start, {rows, 1}); }

  //===--------------------------------------------------------------------===//
  // Queries, step by step
  //===--------------------------------------------------------------------===//

  State walk(State state) {
    switch (source.attr.getKind()) {
    case SourceKind::Dense:
      return walkAll(std::move(state));
    case SourceKind::Window:
      return walkWindow(std::move(state));
    case SourceKind::Gathered:
      return walkRows(std::move(state));
    }
    llvm_unreachable("all kinds are listed");
  }

  /// Queries `first` .. of which `exist` (null: all) count.
  QueryStep run(Value first, int64_t width, Value exist) {
    SmallVector<Value> at{tile.batch, head, first, k.index(0)};
    QueryStep step;
    step.queries = k.load(k.buffer(form.query), at, {width, depth}, exist);
    step.gradients =
        k.load(k.buffer(op.getOutputGrad()), at, {width, depth}, exist);
    step.ids = k.range(first, {1, width});
    step.someMissing = static_cast<bool>(exist);
    return step;
  }

  State walkAll(State state) {
    int64_t full = queryCount / cols, rest = queryCount % cols;
    state = k.repeat(full, state, [&](Value i, ValueRange carried) {
      return add(run(k.mul(i, cols), cols, Value()), carried);
    });
    if (rest == 0)
      return state;
    int64_t width = tailCols(rest, cols);
    Value exist = width == rest ? Value() : k.index(rest);
    return add(run(k.index(full * cols), width, exist), state);
  }

  State walkWindow(State state) {
    int64_t before = source.attr.getBefore(), after = source.attr.getAfter();
    // Query i sees keys i - before to i + after.
    Value behind = k.add(tile.start, tile.rows ? tile.rows : k.index(rows));
    Value from = k.max(k.index(0), k.sub(tile.start, k.index(after)));
    Value to = k.min(k.index(queryCount), k.add(behind, k.index(before)));
    Value lowest = k.apply<arith::SubIOp>(keyIds(), k.splatInt(after, {}));
    Value highest = k.apply<arith::MinSIOp>(
        k.apply<arith::AddIOp>(keyIds(), k.splatInt(before, {})),
        k.splatInt(queryCount - 1, {}));
    return k.loop(from, to, cols, state, [&](Value first, ValueRange carried) {
      QueryStep step = run(first, cols, k.sub(to, first));
      step.visible = k.apply<arith::AndIOp>(k.lessEqual(lowest, step.ids),
                                            k.lessEqual(step.ids, highest));
      return add(step, carried);
    });
  }

  /// The queries of the index rows that name this tile's block.
  State walkRows(State state) {
    Value block = k.div(tile.start, source.attr.getBlock());
    Value offsets = k.buffer(op.getOffsets()), entries = k.buffer(op.getRows());
    int64_t length = tensorOf(op.getRows()).getDimSize(2);
    Value from = k.max(number(offsets, block), k.index(0)),
          to =
              k.min(number(offsets, k.add(block, k.index(1))), k.index(length));
    int64_t every = std::min<int64_t>(source.attr.getEvery(), queryCount);
    // Every warp gathers for itself.
    int64_t cols = privateCols ? privateCols : this->cols;
    if (every <= cols && (!fragments || every % 8 == 0)) {
      // A GPU copies what tile.block_rows names, as it is: one index row.
      int64_t perStep = fragments ? 1 : cols / every, width = perStep * every;
      return k.loop(from, to, perStep, state, [&](Value i, ValueRange carried) {
        Value ids = k.blockRows(entries, {tile.batch, head, i}, width, every,
                                queryCount);
        if (perStep > 1)
          ids = before(k.mul(k.sub(to, i), every), ids);
        return add(gather(ids), carried);
      });
    }
    // Runs of queries, longer than a step.
    int64_t parts = llvm::divideCeil(every, cols);
    int64_t width = llvm::alignTo(llvm::divideCeil(every, parts), 8);
    parts = llvm::divideCeil(every, width);
    return k.loop(from, to, 1, state, [&](Value i, ValueRange carried) {
      Value start = k.mul(entry(entries, i), every);
      return k.repeat(parts, carried, [&](Value part, ValueRange inner) {
        Value offset = k.mul(part, width), first = k.add(start, offset);
        Value exist = k.min(k.sub(k.index(every), offset),
                            k.sub(k.index(queryCount), first));
        QueryStep step = run(first, width, exist);
        if (every % width != 0) // not those of the next index row
          step.ids = before(exist, step.ids);
        return add(step, inner);
      });
    });
  }

  /// Index row number `i` of the list. Whatever a user brings, it exists.
  Value entry(Value entries, Value i) {
    int64_t count = llvm::divideCeil(queryCount, source.attr.getEvery());
    Value row = number(entries, i);
    return k.min(k.max(row, k.index(0)), k.index(count - 1));
  }

  Value number(Value memory, Value i) {
    Value loaded = memref::LoadOp::create(k.b, k.loc, memory,
                                          ValueRange{tile.batch, head, i});
    return arith::IndexCastOp::create(k.b, k.loc, k.b.getIndexType(), loaded);
  }

  /// The first `count` of `ids`, -1 behind them.
  Value before(Value count, Value ids) {
    TileSize size = sizeOf(ids);
    Value limit = k.repeated(k.min(count, k.index(size.cols)), size);
    return k.select(k.less(k.range(k.index(0), size), limit), ids,
                    k.splatInt(-1, {}));
  }

  QueryStep gather(Value ids) {
    QueryStep step;
    step.queries = k.gather(k.buffer(form.query), tile.batch, head, ids, depth);
    step.gradients =
        k.gather(k.buffer(op.getOutputGrad()), tile.batch, head, ids, depth);
    step.ids = ids;
    step.someMissing = true;
    return step;
  }

  //===--------------------------------------------------------------------===//
  // One step
  //===--------------------------------------------------------------------===//

  /// One number per query, from [B, H, M]: 1xC. Ids are clamped to queries.
  Value lookup(Value tensor, Value ids) {
    TileSize size = sizeOf(ids);
    auto repeated = [&](Value index) {
      return k.broadcast(k.repeated(index, {1, size.cols}), size);
    };
    return tile::LookupOp::create(
        k.b, k.loc, k.tileType(size, k.b.getF32Type()), k.buffer(tensor),
        ValueRange{repeated(tile.batch), repeated(head), ids});
  }

  /// Which queries of the step exist, as a tile of `height` equal rows.
  Value exists(const QueryStep &step, int64_t height) {
    Value ids = k.broadcast(step.ids, {height, sizeOf(step.ids).cols});
    Value notNegative = k.lessEqual(k.splatInt(0, {}), ids);
    Value belowEnd = k.less(ids, k.splatInt(queryCount, {}));
    return k.apply<arith::AndIOp>(notNegative, belowEnd);
  }

  /// log2 of the keys' weights, Rx1 or smaller; null when all are 0.
  Value weight() {
    double full = std::log2(source.weight);
    if (source.lastDiffers()) {
      Value isLast = k.equal(keyIds(), k.splatInt(source.tokens - 1, {}));
      return k.select(isLast, k.splat(std::log2(source.lastWeight), {}),
                      k.splat(full, {}));
    }
    return full == 0.0 ? Value() : k.splat(full, {});
  }

  Value both(Value x, Value y) {
    return x && y ? k.apply<arith::AndIOp>(x, y) : x ? x : y;
  }

  /// Arguments of the regions, of pairs that exist.
  SmallVector<Value> regionArgs(const QueryStep &step, Value score) {
    Value ids = keyIds(), queries = step.ids;
    if (tile.rows)
      ids = k.apply<arith::MinSIOp>(ids, k.splatInt(source.tokens - 1, {}));
    if (step.someMissing) {
      queries = k.apply<arith::MaxSIOp>(queries, k.splatInt(0, {}));
      queries =
          k.apply<arith::MinSIOp>(queries, k.splatInt(queryCount - 1, {}));
    }
    return regions.arguments(source, score, tile.batch, head, queries, ids);
  }

  State add(const QueryStep &step, ValueRange state) {
    Value queries = dotOperand(k, step.queries, widen),
          gradients = dotOperand(k, step.gradients, widen);
    TileSize size{rows, sizeOf(step.ids).cols};
    Value zero = k.splat(0.0, size);
    Value s = k.dot(keys, queries, zero, /*transposed=*/true);
    Value dp = k.dot(values, gradients, zero, /*transposed=*/true);
    Value lse = lookup(op.getLse(), step.ids),
          delta = lookup(op.getDelta(), step.ids);

    // A query that saw no key, or that does not exist, has weight 2^-inf.
    TileSize row = sizeOf(step.ids);
    Value infinity = k.splat(INFINITY, row);
    Value base = k.select(k.equalFloat(lse, k.splat(-INFINITY, row)), infinity,
                          k.apply<arith::MulFOp>(lse, k.splat(kLog2E, {})));
    if (step.someMissing) {
      base = k.select(exists(step, 1), base, infinity);
      delta = k.select(exists(step, 1), delta, k.splat(0.0, row));
    }

    Value counts = step.visible;
    double factor = form.scale * kLog2E;
    SmallVector<Value> args;
    if (form.hasRegion()) {
      Value natural = k.apply<arith::MulFOp>(s, k.splat(form.scale, {}));
      args = regionArgs(step, natural);
      s = regions.score(source, args);
      counts = both(counts, regions.mask(source, args));
      factor = kLog2E;
      if (step.someMissing)
        counts = both(counts, exists(step, rows));
    }
    // Where pairs are left out anyway, those of queries that saw nothing, too.
    if (counts)
      counts = both(counts, k.greaterFloat(infinity, k.broadcast(base, size)));

    Value shift = weight();
    shift = k.apply<arith::SubFOp>(shift ? shift : k.splat(0.0, {}), base);
    Value p = k.apply<math::Exp2Op>(k.fma(s, k.splat(factor, {}), shift));
    Value ds = k.apply<arith::MulFOp>(p, k.apply<arith::SubFOp>(dp, delta));
    ds = regions.derivative(source, args, ds);
    if (counts) { // -0 says that the pair does not count
      p = k.select(counts, p, k.splat(-0.0, size));
      ds = k.select(counts, ds, k.splat(-0.0, size));
    }
    Type element = tileTypeOf(queries).getElementType();
    bool skip = static_cast<bool>(counts);
    return {k.dot(k.fromF32(ds, element), queries, state[0],
                  /*transposed=*/false, skip),
            k.dot(k.fromF32(p, element), gradients, state[1],
                  /*transposed=*/false, skip)};
  }

  AttendKeyGradOp op;
  KernelBuilder &k;
  const AttendForm form;
  AttendRegions regions;
  const RowTile tile;
  const Source source;
  int64_t rows, cols, privateCols, depth, queryCount;
  bool widen, fragments;
  Value keys, values; ///< operands of dots
  Value head;         ///< the query head at hand
};
} // namespace

LogicalResult llsa::lowerAttendKeyGrad(const LaunchContext &context,
                                       AttendKeyGradOp op,
                                       ArrayRef<Operation *> epilogue) {
  RankedTensorType keys = tensorOf(op.getKeys());
  RowGrid grid =
      op.getOffsets()
          ? RowGrid::granular(keys, op.getSource().getBlock(), context.schedule)
          : RowGrid::plain(keys, context.schedule);
  LaunchOp launch = context.launch;
  KernelBuilder k(context.host, launch.getLoc(), launch.getName(), grid.items(),
                  context.schedule);
  if (failed(KeyGradLowering(context, op, k, grid).run(epilogue)))
    return failure();
  k.finish(launch);
  return success();
}

//===- KeyGradTile.cpp - a tile of keys and the queries that see it -------===//

#include "compiler/conversion/llsa-to-tile/KeyGradTile.h"
#include "compiler/conversion/llsa-to-tile/AttendTile.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace llsa;

/// The unit of a tensor core's columns.
static constexpr int64_t kQueryFragment = 8;

KeyGradTile::KeyGradTile(const LaunchContext &context, AttendKeyGradOp op,
                         KernelBuilder &k, const RowTile &tile)
    : form(op), tile(tile), op(op), k(k), regions(k, form),
      source(describeSource(form, k, 0, tile.head)),
      rows(context.schedule.getRows()), cols(context.schedule.getCols()),
      privateCols(context.schedule.getPrivateCols()), depth(form.depth()),
      queryCount(form.queries()), widen(context.widenDots),
      onGpu(!context.widenDots) {
  keys = loadKeys(source.keys);
  values = loadKeys(source.values);
}

KeyGradTile::State KeyGradTile::zero() {
  Value zero = k.splat(0.0, {rows, depth});
  return {zero, zero};
}

Value KeyGradTile::loadKeys(Value memory) {
  Value loaded = k.load(memory, {tile.batch, tile.head, tile.start, k.index(0)},
                        {rows, depth}, tile.rows);
  return dotOperand(k, loaded, widen);
}

Value KeyGradTile::keyIds() { return k.range(tile.start, {rows, 1}); }

//===----------------------------------------------------------------------===//
// Runs of queries
//===----------------------------------------------------------------------===//

/// All but the tiles, lse and delta.
KeyGradTile::Step KeyGradTile::stepOf(const Run &run) {
  Step step;
  step.head = run.head;
  step.ids = k.range(run.first, {1, run.width});
  if (run.counts)
    step.exists = k.lessEqual(k.repeated(run.counts, {1, run.width}), step.ids);
  if (!run.exist)
    return step;
  if (run.isWhole) {
    step.exists = k.less(k.splatInt(0, {}), k.repeated(run.exist, {1, 1}));
    return step;
  }
  step.ids = before(run.exist, step.ids);
  step.exists = existing(step.ids);
  return step;
}

std::pair<Value, Value> KeyGradTile::load(const Run &run) {
  SmallVector<Value> at{tile.batch, run.head, run.first, k.index(0)};
  TileSize size{run.width, depth};
  auto take = [&](Value tensor) {
    return k.load(k.buffer(tensor), at, size, run.exist);
  };
  Value queries = take(form.query);
  return {queries, op.getOutputGrad() ? take(op.getOutputGrad()) : Value()};
}

/// lse or delta of a run's queries, as a row; of a run of which none exist,
/// some others'.
Value KeyGradTile::vectorOf(Value tensor, const Run &run) {
  Value first =
      run.exist ? k.min(run.first, k.index(queryCount - run.width)) : run.first;
  return k.load(k.buffer(tensor), {tile.batch, run.head, first},
                {1, run.width});
}

/// One run after the other.
KeyGradTile::State KeyGradTile::walkRuns(Value from, Value to, State state,
                                         RunOf runOf) {
  return k.loop(from, to, 1, state, [&](Value i, ValueRange carried) {
    Run run = runOf(i);
    Step step = stepOf(run);
    std::tie(step.queries, step.gradients) = load(run);
    step.lse = lookup(op.getLse(), run.head, step.ids);
    step.delta = lookup(op.getDelta(), run.head, step.ids);
    return add(step, carried);
  });
}

/// Runs 0 .. `length` - 1 (null: all of `count`) as a stream of queries, do
/// and, where all of a run exist or none, lse and delta.
KeyGradTile::State KeyGradTile::walkStream(int64_t count, Value length,
                                           State state, RunOf runOf) {
  Run some = runOf(k.index(0));
  bool copiesVectors = !some.exist || some.isWhole;
  auto tileType = [&](Value tensor) -> Type {
    return k.tileType({some.width, depth}, tensorOf(tensor).getElementType());
  };
  SmallVector<Type> types{tileType(form.query)};
  if (op.getOutputGrad())
    types.push_back(tileType(op.getOutputGrad()));
  size_t vectors = types.size(); // where lse and delta stand
  if (copiesVectors)
    types.append(2, k.tileType({1, some.width}, k.b.getF32Type()));
  auto stream = tile::StreamOp::create(
      k.b, k.loc, tile::StreamType::get(k.b.getContext(), types),
      k.b.getI64IntegerAttr(count), length);
  {
    OpBuilder::InsertionGuard guard(k.b);
    Block *body =
        k.b.createBlock(&stream.getBody(), {}, {k.b.getIndexType()}, {k.loc});
    Run run = runOf(body->getArgument(0));
    auto [queries, gradients] = load(run);
    SmallVector<Value> tiles{queries};
    if (gradients)
      tiles.push_back(gradients);
    if (copiesVectors)
      for (Value tensor : {Value(op.getLse()), Value(op.getDelta())})
        tiles.push_back(vectorOf(tensor, run));
    tile::StreamYieldOp::create(k.b, k.loc, tiles);
  }
  Value end = length ? length : k.index(count);
  return k.loop(k.index(0), end, 1, state, [&](Value i, ValueRange carried) {
    auto next = tile::NextOp::create(k.b, k.loc, types, stream.getResult(), i);
    Run run = runOf(i);
    Step step = stepOf(run);
    step.queries = next.getTiles()[0];
    if (op.getOutputGrad())
      step.gradients = next.getTiles()[1];
    step.lse = copiesVectors ? next.getTiles()[vectors]
                             : lookup(op.getLse(), run.head, step.ids);
    step.delta = copiesVectors ? next.getTiles()[vectors + 1]
                               : lookup(op.getDelta(), run.head, step.ids);
    return add(step, carried);
  });
}

//===----------------------------------------------------------------------===//
// Dense
//===----------------------------------------------------------------------===//

int64_t KeyGradTile::denseSteps() const {
  return llvm::divideCeil(queryCount, cols);
}

/// The last run, where it has fewer queries, may start earlier instead and not
/// count the others, so that all runs are read alike: copies take four numbers
/// at least. A gathered source's queries must not read those of another index
/// row for it: what they hold, be it not finite, is none of these keys'
/// business.
bool KeyGradTile::mayShift(int64_t width) {
  constexpr int64_t kCopied = 4;
  int64_t every = op.getOffsets() ? source.attr.getEvery() : queryCount;
  int64_t rest = queryCount % every == 0 ? every : queryCount % every;
  return queryCount % kCopied == 0 && rest >= width;
}

KeyGradTile::State KeyGradTile::walkDense(State state, Value head,
                                          int64_t heads, Value firstStep,
                                          int64_t steps, bool mayEnd) {
  if (!onGpu) {
    // A narrower step at the end.
    int64_t full = queryCount / cols, rest = queryCount % cols;
    int64_t width = tailCols(rest, cols);
    return k.repeat(heads, state, [&](Value i, ValueRange outer) {
      Value queryHead = k.add(head, i);
      auto take = [&](Value first, Value count, int64_t width, Value exist,
                      State inner) {
        return walkRuns(k.index(0), count, std::move(inner), [&](Value step) {
          return Run{queryHead, k.add(first, k.mul(step, cols)), width, exist};
        });
      };
      State inner(outer);
      if (full > 0)
        inner = take(k.index(0), k.index(full), cols, Value(), inner);
      if (rest > 0)
        inner = take(k.index(full * cols), k.index(1), width,
                     width == rest ? Value() : k.index(rest), inner);
      return inner;
    });
  }
  // One stream for all: elements are numbered through over the heads.
  bool isWhole = queryCount % cols == 0, shifts = !isWhole && mayShift(cols);
  Value length; // null: all
  if ((isWhole || shifts) && mayEnd && heads == 1)
    length = k.min(k.index(steps), k.sub(k.index(denseSteps()), firstStep));
  bool allExist = shifts || (isWhole && (!mayEnd || length));
  auto runOf = [&](Value element) {
    Value queryHead = head, step = element;
    if (heads > 1) {
      queryHead = k.add(head, k.div(element, steps));
      step = k.rem(element, steps);
    }
    Value first = k.mul(k.add(firstStep, step), cols);
    Run run{queryHead, first, cols,
            allExist ? Value() : k.sub(k.index(queryCount), first), isWhole};
    if (shifts) {
      run.counts = first;
      run.first = k.min(first, k.index(queryCount - cols));
    }
    return run;
  };
  return walkStream(heads * steps, length, std::move(state), runOf);
}

//===----------------------------------------------------------------------===//
// Window
//===----------------------------------------------------------------------===//

KeyGradTile::State KeyGradTile::walkWindow(State state, Value head) {
  int64_t reachBefore = source.attr.getBefore(),
          reachAfter = source.attr.getAfter();
  // Query i sees keys i - before to i + after.
  Value behind = k.add(tile.start, tile.rows ? tile.rows : k.index(rows));
  Value from = k.max(k.index(0), k.sub(tile.start, k.index(reachAfter)));
  Value to = k.min(k.index(queryCount), k.add(behind, k.index(reachBefore)));
  Value lowest = k.apply<arith::SubIOp>(keyIds(), k.splatInt(reachAfter, {}));
  Value highest = k.apply<arith::MinSIOp>(
      k.apply<arith::AddIOp>(keyIds(), k.splatInt(reachBefore, {})),
      k.splatInt(queryCount - 1, {}));
  return k.loop(from, to, cols, state, [&](Value first, ValueRange carried) {
    Step step;
    step.head = head;
    std::tie(step.queries, step.gradients) =
        load({head, first, cols, k.sub(to, first)});
    step.ids = k.range(first, {1, cols});
    step.exists = existing(step.ids);
    step.lse = lookup(op.getLse(), head, step.ids);
    step.delta = lookup(op.getDelta(), head, step.ids);
    step.visible = k.apply<arith::AndIOp>(k.lessEqual(lowest, step.ids),
                                          k.lessEqual(step.ids, highest));
    return add(step, carried);
  });
}

//===----------------------------------------------------------------------===//
// Gathered
//===----------------------------------------------------------------------===//

/// Index row number `i` of the list. Whatever a user brings, it exists.
Value KeyGradTile::entry(Value head, Value i) {
  int64_t count = llvm::divideCeil(queryCount, source.attr.getEvery());
  int64_t length = tensorOf(op.getRows()).getDimSize(2);
  i = k.max(k.min(i, k.index(length - 1)), k.index(0));
  Value row = k.loadIndex(k.buffer(op.getRows()), {tile.batch, head, i});
  return k.min(k.max(row, k.index(0)), k.index(count - 1));
}

/// The first `count` of `ids`, -1 behind them.
Value KeyGradTile::before(Value count, Value ids) {
  TileSize size = sizeOf(ids);
  Value limit = k.repeated(k.min(count, k.index(size.cols)), size);
  return k.select(k.less(k.range(k.index(0), size), limit), ids,
                  k.splatInt(-1, {}));
}

KeyGradTile::State KeyGradTile::walkRows(State state, Value head, Value from,
                                         Value to, int64_t most) {
  int64_t every = std::min<int64_t>(source.attr.getEvery(), queryCount);
  // Every warp gathers for itself.
  int64_t widest = privateCols ? privateCols : cols;
  if (!onGpu && every <= widest)
    return walkEntries(head, from, to, widest / every, std::move(state));
  // An index row's queries in one step or more.
  int64_t parts = llvm::divideCeil(every, widest);
  int64_t width = llvm::alignTo(llvm::divideCeil(every, parts), kQueryFragment);
  parts = llvm::divideCeil(every, width);
  auto runOf = [&](Value i, Value firstEntry) {
    Value offset = k.mul(k.rem(i, parts), width);
    Value row = entry(head, k.add(firstEntry, k.div(i, parts)));
    Value first = k.add(k.mul(row, every), offset);
    Run run{head, first, width, Value()};
    if (every % width != 0) {
      run.exist = k.min(k.sub(k.index(every), offset),
                        k.sub(k.index(queryCount), first));
    } else if (queryCount % every != 0) {
      run.exist = k.sub(k.index(queryCount), first);
      run.isWhole = queryCount % width == 0;
    }
    return run;
  };
  if (!onGpu)
    return walkRuns(k.mul(from, parts), k.mul(to, parts), std::move(state),
                    [&](Value i) { return runOf(i, k.index(0)); });
  tile::PrefetchOp::create(k.b, k.loc, k.buffer(op.getRows()),
                           ValueRange{tile.batch, head, from},
                           k.b.getI64IntegerAttr(most));
  return walkStream(most * parts, k.mul(k.sub(to, from), parts),
                    std::move(state), [&](Value i) { return runOf(i, from); });
}

/// `perStep` index rows at a time.
KeyGradTile::State KeyGradTile::walkEntries(Value head, Value from, Value to,
                                            int64_t perStep, State state) {
  int64_t every = std::min<int64_t>(source.attr.getEvery(), queryCount);
  return k.loop(from, to, perStep, state, [&](Value i, ValueRange carried) {
    Value ids = k.blockRows(k.buffer(op.getRows()), {tile.batch, head, i},
                            perStep * every, every, queryCount);
    if (perStep > 1)
      ids = before(k.mul(k.sub(to, i), every), ids);
    Step step;
    step.head = head;
    step.ids = ids;
    step.exists = existing(ids);
    step.queries = k.gather(k.buffer(form.query), tile.batch, head, ids, depth);
    if (op.getOutputGrad())
      step.gradients =
          k.gather(k.buffer(op.getOutputGrad()), tile.batch, head, ids, depth);
    step.lse = lookup(op.getLse(), head, ids);
    step.delta = lookup(op.getDelta(), head, ids);
    return add(step, carried);
  });
}

//===----------------------------------------------------------------------===//
// One step
//===----------------------------------------------------------------------===//

/// One number per query, from [B, H, M]: 1xC. Ids are clamped to queries.
Value KeyGradTile::lookup(Value tensor, Value head, Value ids) {
  TileSize size = sizeOf(ids);
  auto repeated = [&](Value index) {
    return k.broadcast(k.repeated(index, {1, size.cols}), size);
  };
  return tile::LookupOp::create(
      k.b, k.loc, k.tileType(size, k.b.getF32Type()), k.buffer(tensor),
      ValueRange{repeated(tile.batch), repeated(head), ids});
}

Value KeyGradTile::existing(Value ids) {
  Value notNegative = k.lessEqual(k.splatInt(0, {}), ids);
  Value belowEnd = k.less(ids, k.splatInt(queryCount, {}));
  return k.apply<arith::AndIOp>(notNegative, belowEnd);
}

/// log2 of the keys' weights, Rx1 or smaller; null when all are 0.
Value KeyGradTile::weight() {
  double full = std::log2(source.weight);
  if (source.lastDiffers()) {
    Value isLast = k.equal(keyIds(), k.splatInt(source.tokens - 1, {}));
    return k.select(isLast, k.splat(std::log2(source.lastWeight), {}),
                    k.splat(full, {}));
  }
  return full == 0.0 ? Value() : k.splat(full, {});
}

/// Arguments of the regions, of pairs that exist.
SmallVector<Value> KeyGradTile::regionArgs(const Step &step, Value score) {
  Value ids = keyIds(), queries = step.ids;
  if (tile.rows)
    ids = k.apply<arith::MinSIOp>(ids, k.splatInt(source.tokens - 1, {}));
  if (step.exists) {
    queries = k.apply<arith::MaxSIOp>(queries, k.splatInt(0, {}));
    queries = k.apply<arith::MinSIOp>(queries, k.splatInt(queryCount - 1, {}));
  }
  return regions.arguments(source, score, tile.batch, step.head, queries, ids);
}

KeyGradTile::State KeyGradTile::add(const Step &step, ValueRange state) {
  Value queries = dotOperand(k, step.queries, widen), gradients;
  if (step.gradients)
    gradients = dotOperand(k, step.gradients, widen);
  TileSize row = sizeOf(step.ids), size{rows, row.cols};
  Value zero = k.splat(0.0, size);
  Value s = k.dot(keys, queries, zero, /*transposed=*/true);
  Value dp = gradients
                 ? k.exactDot(values, gradients, zero, /*transposed=*/true)
                 : zero;

  // What is added to the exponents of a query's pairs. One that saw no key, or
  // that does not exist, has weight 2^-inf.
  Value none = k.splat(-INFINITY, row), delta = step.delta, log = weight();
  bool isOne = log && sizeOf(log).rows == 1;
  Value shift = k.select(
      k.equalFloat(step.lse, none), none,
      k.fma(step.lse, k.splat(-kLog2E, {}), isOne ? log : k.splat(0.0, {})));
  if (log && !isOne)
    shift = k.apply<arith::AddFOp>(log, shift);
  if (step.exists) {
    shift = k.select(step.exists, shift, k.splat(-INFINITY, {}));
    delta = k.select(step.exists, delta, k.splat(0.0, row));
  }

  Value counts = step.visible;
  double factor = form.scale * kLog2E;
  SmallVector<Value> args;
  if (form.hasRegion()) {
    Value natural = k.apply<arith::MulFOp>(s, k.splat(form.scale, {}));
    args = regionArgs(step, natural);
    s = regions.score(source, args);
    counts = k.both(counts, regions.mask(source, args));
    factor = kLog2E;
    if (step.exists)
      counts = k.both(counts, k.broadcast(step.exists, size));
  }
  // Where pairs are left out anyway, those of queries that saw nothing, too.
  if (counts)
    counts = k.both(counts, k.greaterFloat(k.broadcast(shift, size),
                                           k.splat(-INFINITY, size)));

  Value p = k.apply<math::Exp2Op>(k.fma(s, k.splat(factor, {}), shift));
  Value ds = k.apply<arith::MulFOp>(p, k.apply<arith::SubFOp>(dp, delta));
  ds = regions.derivative(source, args, ds);
  if (counts) { // -0 says that the pair does not count
    p = k.select(counts, p, k.splat(-0.0, size));
    ds = k.select(counts, ds, k.splat(-0.0, size));
  }
  Type element = tileTypeOf(queries).getElementType();
  bool skip = static_cast<bool>(counts);
  State sums(state);
  sums[0] = k.dot(k.fromF32(ds, element), queries, state[0],
                  /*transposed=*/false, skip);
  if (gradients)
    sums[1] = k.dot(k.fromF32(p, element), gradients, state[1],
                    /*transposed=*/false, skip);
  return sums;
}

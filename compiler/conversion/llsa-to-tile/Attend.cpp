//===- Attend.cpp - one softmax over a list of sources --------------------===//
//
// A tile of queries walks over the keys of one source after the other and
// carries three things: the greatest score so far (max), the sum of the
// exponentials (sum), and the weighted sum of values (acc). In base 2:
//
//   t     = s * scale * log2(e) + log2(weight)    -inf where there is no key
//   max'  = max(max, row maximum of t)
//   base  = max', or 0 as long as a row saw no key (-inf - -inf is NaN)
//   p     = exp2(s * scale * log2(e) + (log2(weight) - base)),  fade = exp2(max
//   - base) sum   = sum * fade + row sum of p acc   = acc * fade + p v
//
// The weight of a key and its existence ride along in one addend per key, a
// 1xC tile, and cost nothing where they are constant. Where the op has a score
// or mask region, existence is decided after it: a region may make anything of
// a key that is not there. A NaN score makes max and everything after it NaN.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/AttendStreams.h"
#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir;
using namespace llsa;

static const double kLog2E = 1.4426950408889634074;
static const double kLn2 = 0.69314718055994530942;

static RankedTensorType tensorOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

namespace {
class AttendLowering {
public:
  AttendLowering(const LaunchContext &context, AttendOp op, KernelBuilder &k,
                 const RowGrid &grid)
      : op(op), k(k), schedule(context.schedule), widen(context.widenDots),
        lazy(context.lazyRescale), streams(context.streams),
        together(context.pairStreams), cols(schedule.getCols()),
        rows(schedule.getRows()), tile(k.rowTile(grid)),
        loader(context, op, k, tile),
        depth(tensorOf(op.getQuery()).getDimSize(kDepth)),
        scale(op.getScale() ? op.getScale()->convertToDouble()
                            : 1.0 / std::sqrt(static_cast<double>(depth))),
        hasRegion(!op.getScore().empty() || !op.getMask().empty()) {}

  LogicalResult run() {
    Value loaded = k.load(k.buffer(op.getQuery()),
                          {tile.batch, tile.head, tile.start, k.index(0)},
                          {rows, depth}, tile.rows);
    query = dotOperand(k, loaded, widen);
    // Lazily, a row's sum is kept in four parts until the end.
    State state{k.splat(-INFINITY, {rows, 1}),
                k.splat(0.0, {rows, lazy ? 4 : 1}),
                k.splat(0.0, {rows, depth})};
    SmallVector<Source> sources;
    for (unsigned i = 0; i < op.getSources().size(); ++i)
      sources.push_back(loader.describe(i));
    SmallVector<Segment> segments;
    for (auto [i, source] : llvm::enumerate(sources))
      if (source.attr.getKind() != SourceKind::Window)
        llvm::append_range(segments, loader.segmentsOf(source, i));
    if (streams)
      state = attendStreams(
          k, loader, segments, together, std::move(state),
          [&](ArrayRef<TakenStep> steps, ValueRange carried) {
            return firstUpdate(steps, carried);
          },
          [&](ArrayRef<TakenStep> steps, ValueRange carried) {
            return update(steps, carried);
          });
    else
      for (const Segment &segment : segments)
        state =
            k.repeat(segment.steps, state, [&](Value i, ValueRange carried) {
              Step step = loader.describe(segment, i);
              std::tie(step.keys, step.values) = loader.load(segment, i);
              return update(TakenStep{segment.source, step}, carried);
            });
    for (const Source &source : sources)
      if (source.attr.getKind() == SourceKind::Window)
        state = window(source, state);
    store(state);
    return failure(failed);
  }

private:
  using State = TileBuilder::Values; ///< max, sum, acc
  State window(const Source &source, State state) {
    int64_t before = source.attr.getBefore(), after = source.attr.getAfter();
    // The keys that any row of the tile sees.
    Value behind = k.add(tile.start, tile.rows ? tile.rows : k.index(rows));
    Value from = k.max(k.index(0), k.sub(tile.start, k.index(before)));
    Value to = k.min(k.index(source.tokens), k.add(behind, k.index(after)));
    // Row by row: from `lowest` to `highest`, which is below the end.
    Value queries = queryIds();
    Value lowest =
        k.apply<arith::SubIOp>(queries, k.splatInt(clampId(before), {}));
    Value highest = k.apply<arith::MinSIOp>(
        k.apply<arith::AddIOp>(queries, k.splatInt(clampId(after), {})),
        k.splatInt(source.tokens - 1, {}));
    return k.loop(from, to, cols, state, [&](Value first, ValueRange carried) {
      Step step;
      std::tie(step.keys, step.values) =
          loader.loadRun(source, first, cols, k.sub(to, first));
      step.ids = k.range(first, {1, cols});
      Value notBefore = k.lessEqual(lowest, step.ids);
      Value notBehind = k.lessEqual(step.ids, highest);
      step.visible = k.apply<arith::AndIOp>(notBefore, notBehind);
      step.mayHoldLast = source.lastDiffers();
      return update(TakenStep{&source, step}, carried);
    });
  }

  /// A window's reach so that adding it to a token stays in 32 bits.
  static int64_t clampId(int64_t reach) {
    return std::min<int64_t>(reach, 1 << 30);
  }

  Value queryIds() { return k.range(tile.start, {rows, 1}); }

  //===--------------------------------------------------------------------===//
  // One step
  //===--------------------------------------------------------------------===//

  /// log2 of the keys' weights, -inf for keys that are known not to exist;
  /// null when all are 0.
  Value addend(const Source &source, const Step &step) {
    double full = std::log2(source.weight);
    Value result = k.splat(full, {});
    bool isZero = full == 0.0;
    if (step.mayHoldLast) {
      Value isLast = k.equal(step.ids, k.splatInt(source.tokens - 1, {}));
      result =
          k.select(isLast, k.splat(std::log2(source.lastWeight), {}), result);
      isZero = false;
    }
    if (step.exist != Step::All && !hasRegion) {
      result =
          k.select(exists(source, step, 1), result, k.splat(-INFINITY, {}));
      isZero = false;
    }
    return isZero ? Value() : result;
  }

  /// Which keys exist, as a tile of `height` equal rows; null: all. The ids are
  /// repeated, not the truth values: those are awkward to repeat everywhere.
  Value exists(const Source &source, const Step &step, int64_t height) {
    if (step.exist == Step::All)
      return {};
    Value ids = k.broadcast(step.ids, {height, sizeOf(step.ids).cols});
    return step.exist == Step::BelowEnd
               ? k.less(ids, k.splatInt(source.tokens, {}))
               : k.lessEqual(k.splatInt(0, {}), ids);
  }

  /// What the exponent of a pair is made of: `score * factor + weight`.
  struct Scores {
    Value score; ///< RxC
    double factor;
    Value weight; ///< log2 of the keys' weights; null: all 0
    Value counts; ///< RxC i1: pairs that count; null: all
  };

  /// `again`: on purpose, not to be taken for the first time's product.
  Scores scores(const Source &source, const Step &step, bool again = false) {
    TileSize size{rows, sizeOf(step.keys).rows};
    Value s = k.dot(query, dotOperand(k, step.keys, widen), k.splat(0.0, size),
                    /*transposed=*/true);
    if (again)
      s.getDefiningOp()->setDiscardableAttr("tile.again", k.b.getUnitAttr());
    double factor = scale * kLog2E;
    Value counts = step.visible;
    if (hasRegion) {
      Value natural = k.apply<arith::MulFOp>(s, k.splat(scale, {}));
      s = natural;
      SmallVector<Value> args = regionArgs(source, step, natural);
      if (!op.getScore().empty())
        s = region(source, op.getScore(), args);
      if (!op.getMask().empty())
        counts = both(counts, region(source, op.getMask(), args));
      counts = both(counts, exists(source, step, rows));
      factor = kLog2E;
    }
    if (failed)
      return {k.splat(0.0, size), 1.0, Value(), Value()};
    return {s, factor, addend(source, step), counts};
  }

  /// `score * factor + addend` (null: 0).
  Value exponent(const Scores &s, Value addend) {
    Value factor = k.splat(s.factor, sizeOf(s.score));
    return addend ? k.fma(s.score, factor, addend)
                  : k.apply<arith::MulFOp>(s.score, factor);
  }

  SmallVector<Value> regionArgs(const Source &source, const Step &step,
                                Value score) {
    int64_t span = std::max<int64_t>(source.attr.getSpan(), 1);
    Value ids = step.ids, queries = queryIds();
    // Keys and queries that do not exist look like ones that do: regionRanges
    // promises that. What the region makes of them is discarded.
    if (source.indices)
      ids = k.apply<arith::MaxSIOp>(ids, k.splatInt(0, {}));
    if (step.exist == Step::BelowEnd || step.visible)
      ids = k.apply<arith::MinSIOp>(ids, k.splatInt(source.tokens - 1, {}));
    if (tile.rows)
      queries =
          k.apply<arith::MinSIOp>(queries, k.splatInt(queryCount() - 1, {}));
    if (span != 1)
      ids = k.apply<arith::MulIOp>(ids, k.splatInt(span, {}));
    // A span may be too large for 32 bits when there is one key.
    bool isWide = span > std::numeric_limits<int32_t>::max();
    return {
        score,
        k.repeated(tile.batch, {rows, 1}),
        k.repeated(tile.head, {rows, 1}),
        queries,
        ids,
        k.splat(k.b.getIntegerAttr(k.b.getIntegerType(isWide ? 64 : 32), span),
                {})};
  }

  int64_t queryCount() { return tensorOf(op.getQuery()).getDimSize(kToken); }

  /// What a region's arguments can be.
  ScalarRanges regionRanges(const Source &source, Region &region) {
    int64_t span = std::max<int64_t>(source.attr.getSpan(), 1);
    RankedTensorType query = tensorOf(op.getQuery());
    ScalarRanges ranges;
    ranges.declare(region.getArgument(1), 0, query.getDimSize(kBatch) - 1);
    ranges.declare(region.getArgument(2), 0, query.getDimSize(kHead) - 1);
    ranges.declare(region.getArgument(3), 0, query.getDimSize(kToken) - 1);
    ranges.declare(region.getArgument(4), 0, (source.tokens - 1) * span);
    ranges.declare(region.getArgument(5), span, span);
    return ranges;
  }

  Value region(const Source &source, Region &region, ArrayRef<Value> args) {
    ScalarRanges ranges = regionRanges(source, region);
    Value result = emitScoreRegion(k, ranges, region, args);
    failed |= !result;
    return result ? k.broadcast(result, commonSize({args[0], result}))
                  : args[0];
  }

  Value both(Value x, Value y) {
    if (failed)
      return {};
    return x && y ? k.apply<arith::AndIOp>(x, y) : x ? x : y;
  }

  State update(ArrayRef<TakenStep> steps, ValueRange state) {
    SmallVector<Scores> all;
    for (const TakenStep &taken : steps)
      all.push_back(scores(*taken.source, taken.step));
    if (lazy)
      return lazyUpdate(steps, all, state);
    assert(steps.size() == 1 && "steps are taken together lazily alone");
    const Scores &s = all.front();
    Value max =
        k.apply<arith::MaximumFOp>(state[0], k.maxCols(maskedExponent(s)));
    Value base = baseOf(max);
    Value p = weights(s, base);
    Value fade = k.apply<math::Exp2Op>(k.apply<arith::SubFOp>(state[0], base));
    Value sum = k.fma(state[1], fade, k.sumCols(p));
    Value faded = k.apply<arith::MulFOp>(state[2], fade);
    return {max, sum, addValues(steps.front().step, s, p, faded)};
  }

  /// What `update` makes of an empty state.
  State firstUpdate(ArrayRef<TakenStep> steps, ValueRange state) {
    if (!lazy)
      return update(steps, state);
    SmallVector<Scores> all;
    Value max = state[0], sum = state[1], acc = state[2];
    for (const TakenStep &taken : steps) {
      all.push_back(scores(*taken.source, taken.step));
      Value most = k.maxCols(maskedExponent(all.back()));
      max = all.size() == 1 ? most : k.apply<arith::MaximumFOp>(max, most);
    }
    Value base = baseOf(max);
    SmallVector<Value> p;
    for (const Scores &s : all) {
      p.push_back(weights(s, base));
      Value sums = k.partialSums(p.back());
      sum = p.size() == 1 ? sums : k.apply<arith::AddFOp>(sum, sums);
    }
    for (size_t i = steps.size(); i-- > 0;)
      acc = addValues(steps[i].step, all[i], p[i], acc);
    return {max, sum, acc};
  }

  /// Exponentials relative to a maximum that may lag behind. Their sums tell
  /// when it lags too far, or is not set yet; the rare steps where it does are
  /// computed again, from the products on, so that nothing but the exponentials
  /// has to be kept for them.
  State lazyUpdate(ArrayRef<TakenStep> steps, ArrayRef<Scores> all,
                   ValueRange state) {
    // What a lane's sum over a row may reach. The lag cancels out.
    constexpr double kMostSum = 256;
    Value base = baseOf(state[0]);
    TileBuilder::Values results(state);
    Value exceeds =
        k.equalFloat(state[0], k.splat(-INFINITY, {rows, 1})); // no key yet
    for (const Scores &s : all) {
      Value p = weights(s, base);
      Value sums = k.partialSums(p);
      exceeds = k.apply<arith::OrIOp>(
          exceeds, k.greaterFloat(sums, k.splat(kMostSum, {})));
      results.append({p, sums});
    }
    auto choice = scf::IfOp::create(k.b, k.loc, ValueRange(results).getTypes(),
                                    tile::AnyOp::create(k.b, k.loc, exceeds),
                                    /*withElseRegion=*/true);
    {
      OpBuilder::InsertionGuard guard(k.b);
      k.b.setInsertionPointToStart(choice.elseBlock());
      scf::YieldOp::create(k.b, k.loc, results);
      k.b.setInsertionPointToStart(choice.thenBlock());
      scf::YieldOp::create(k.b, k.loc, rescaled(steps, state));
    }
    results = TileBuilder::Values(choice.getResults());
    Value sum = results[1], acc = results[2];
    // Private products first: shared ones are asynchronous.
    for (size_t i = steps.size(); i-- > 0;) {
      sum = k.apply<arith::AddFOp>(sum, results[4 + 2 * i]);
      acc = addValues(steps[i].step, all[i], results[3 + 2 * i], acc);
    }
    return {results[0], sum, acc};
  }

  /// A state whose maximum covers the steps, then their exponentials and sums.
  TileBuilder::Values rescaled(ArrayRef<TakenStep> steps, ValueRange state) {
    Value max = state[0];
    SmallVector<Scores> all;
    for (const TakenStep &taken : steps) {
      all.push_back(scores(*taken.source, taken.step, /*again=*/true));
      max = k.apply<arith::MaximumFOp>(max,
                                       k.maxCols(maskedExponent(all.back())));
    }
    Value base = baseOf(max);
    Value fade = k.apply<math::Exp2Op>(k.apply<arith::SubFOp>(state[0], base));
    TileBuilder::Values results{max, k.apply<arith::MulFOp>(state[1], fade),
                                k.apply<arith::MulFOp>(state[2], fade)};
    for (const Scores &s : all) {
      Value p = weights(s, base);
      results.append({p, k.partialSums(p)});
    }
    return results;
  }

  /// The exponents, -inf for pairs that do not count.
  Value maskedExponent(const Scores &s) {
    Value t = exponent(s, s.weight);
    return s.counts ? k.select(s.counts, t, k.splat(-INFINITY, sizeOf(t))) : t;
  }

  /// What exponents are relative to: 0 as long as a row saw no key.
  Value baseOf(Value max) {
    Value none = k.splat(-INFINITY, {rows, 1}), zero = k.splat(0.0, {rows, 1});
    return k.select(k.equalFloat(max, none), zero, max);
  }

  /// The weights of a step's pairs, relative to 2^base.
  Value weights(const Scores &s, Value base) {
    // Not t - base: one rounding less, and what base was rounded by is the same
    // for all keys of a row.
    Value zero = k.splat(0.0, {rows, 1});
    Value shift = s.weight ? k.apply<arith::SubFOp>(s.weight, base)
                           : k.apply<arith::SubFOp>(zero, base);
    Value p = k.apply<math::Exp2Op>(exponent(s, shift));
    // -0 says that the pair does not count, whatever the value holds.
    return s.counts ? k.select(s.counts, p, k.splat(-0.0, sizeOf(p))) : p;
  }

  Value addValues(const Step &step, const Scores &s, Value p, Value acc) {
    Value values = dotOperand(k, step.values, widen);
    return k.dot(k.fromF32(p, tileTypeOf(values).getElementType()), values, acc,
                 /*transposed=*/false, /*skip=*/bool(s.counts));
  }

  //===--------------------------------------------------------------------===//
  // The end
  //===--------------------------------------------------------------------===//

  void store(ValueRange state) {
    Value max = state[0], acc = state[2];
    Value sum = lazy ? k.sumCols(state[1]) : state[1];
    if (k.isWanted(op.getOutput())) {
      Value zero = k.splat(0.0, {rows, 1});
      // Approximate (one unit in the last place): a GPU's exact division calls
      // a function, beside which assemblers do not overlap wgmma.
      Value reciprocal = k.apply<arith::DivFOp>(k.splat(1.0, {rows, 1}), sum);
      reciprocal.getDefiningOp<arith::DivFOp>().setFastmath(
          arith::FastMathFlags::afn);
      // A NaN sum is not 0 and stays NaN.
      reciprocal = k.select(k.equalFloat(sum, zero), zero, reciprocal);
      Value output = k.apply<arith::MulFOp>(acc, reciprocal);
      k.store(k.fromF32(output, tensorOf(op.getOutput()).getElementType()),
              k.buffer(op.getOutput()),
              {tile.batch, tile.head, tile.start, k.index(0)}, tile.rows);
    }
    if (k.isWanted(op.getLse())) {
      Value lse = k.apply<arith::AddFOp>(max, k.apply<math::Log2Op>(sum));
      lse = k.apply<arith::MulFOp>(lse, k.splat(kLn2, {}));
      k.store(lse, k.buffer(op.getLse()), {tile.batch, tile.head, tile.start},
              tile.rows,
              /*rowDim=*/kToken);
    }
  }

  AttendOp op;
  KernelBuilder &k;
  tile::ScheduleAttr schedule;
  bool widen, lazy, streams, together;
  int64_t cols, rows;
  RowTile tile;
  AttendSources loader;
  int64_t depth;
  double scale;
  bool hasRegion;
  Value query;
  bool failed = false; ///< a region has a diagnostic
};
} // namespace

LogicalResult llsa::lowerAttend(const LaunchContext &context, AttendOp op) {
  auto query = tensorOf(op.getQuery());
  int64_t granule = 0;
  for (unsigned i = 0; i < op.getSources().size(); ++i)
    if (op.getSource(i).getKind() == SourceKind::Gathered)
      granule = std::gcd(granule, op.getSource(i).getEvery());
  RowGrid grid = granule ? RowGrid::granular(query, granule, context.schedule)
                         : RowGrid::plain(query, context.schedule);
  LaunchOp launch = context.launch;
  KernelBuilder k(context.host, launch.getLoc(), launch.getName(), grid.items(),
                  context.schedule);
  if (failed(AttendLowering(context, op, k, grid).run()))
    return failure();
  k.finish(launch);
  return success();
}

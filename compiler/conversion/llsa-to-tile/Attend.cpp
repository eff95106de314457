//===- Attend.cpp - one softmax over a list of sources --------------------===//
//
// A tile of queries walks over the keys of one source after the other and
// carries three things: the greatest score so far (max), the sum of the
// exponentials (sum), and the weighted sum of values (acc). In base 2:
//
//   t     = s * scale * log2(e) + log2(weight)    -inf where there is no key
//   max'  = max(max, row maximum of t)
//   base  = max', or 0 as long as a row saw no key (-inf - -inf is NaN)
//   p     = exp2(s * scale * log2(e) + (log2(weight) - base)),  fade = exp2(max - base)
//   sum   = sum * fade + row sum of p
//   acc   = acc * fade + p v
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
        together(context.pairStreams),
        cols(schedule.getCols()), rows(schedule.getRows()),
        tile(k.rowTile(grid)), loader(context, op, k, tile),
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
      state = attendStreams(k, loader, segments, together, std::move(state),
                            [&](ArrayRef<TakenStep> steps, ValueRange carried) {
                              return update(steps, carried);
                            });
    else
      for (const Segment &segment : segments)
        state = k.repeat(segment.steps, state, [&](Value i, ValueRange carried) {
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
    Value score;  ///< RxC
    double factor;
    Value weight; ///< log2 of the keys' weights; null: all 0
    Value counts; ///< RxC i1: pairs that count; null: all
    /// `weight` when it is the same for all keys.
    std::optional<double> oneWeight;
    /// Scores compare as exponents do.
    bool isPlain() const { return oneWeight && !counts && factor > 0; }
  };

  Scores scores(const Source &source, const Step &step) {
    TileSize size{rows, sizeOf(step.keys).rows};
    Value s = k.dot(query, dotOperand(k, step.keys, widen), k.splat(0.0, size),
                    /*transposed=*/true);
    double factor = scale * kLog2E;
    Value counts = step.visible;
    if (hasRegion) {
      Value natural = k.apply<arith::MulFOp>(s, k.splat(scale, {}));
      s = natural;
      SmallVector<Value> args = regionArgs(source, step, natural);
      if (!op.getScore().empty())
        s = region(op.getScore(), args);
      if (!op.getMask().empty())
        counts = both(counts, region(op.getMask(), args));
      counts = both(counts, exists(source, step, rows));
      factor = kLog2E;
    }
    if (failed)
      return {k.splat(0.0, size), 1.0, Value(), Value(), std::nullopt};
    std::optional<double> oneWeight;
    if (!step.mayHoldLast && (step.exist == Step::All || hasRegion))
      oneWeight = std::log2(source.weight);
    return {s, factor, addend(source, step), counts, oneWeight};
  }

  /// `score * factor + addend` (null: 0).
  Value exponent(const Scores &s, Value addend) {
    Value factor = k.splat(s.factor, sizeOf(s.score));
    return addend ? k.fma(s.score, factor, addend) : k.apply<arith::MulFOp>(s.score, factor);
  }

  SmallVector<Value> regionArgs(const Source &source, const Step &step,
                                Value score) {
    int64_t span = std::max<int64_t>(source.attr.getSpan(), 1);
    Value ids = step.ids;
    // -1 is no token; what the region makes of it is discarded.
    if (source.indices)
      ids = k.apply<arith::MaxSIOp>(ids, k.splatInt(0, {}));
    if (span != 1)
      ids = k.apply<arith::MulIOp>(ids, k.splatInt(span, {}));
    return {score,
            k.repeated(tile.batch, {rows, 1}),
            k.repeated(tile.head, {rows, 1}),
            queryIds(),
            ids,
            k.splatInt(span, {})};
  }

  Value region(Region &region, ArrayRef<Value> args) {
    Value result = emitScoreRegion(k, region, args);
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
    if (lazy) {
      State raised = rescaleIfExceeded(state, all);
      // Private products first: shared ones are asynchronous, and the next
      // step's loads and products may start under them.
      for (size_t i = steps.size(); i-- > 0;)
        raised = addStep(steps[i].step, all[i], raised);
      return raised;
    }
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

  /// Adds a step to a state whose maximum covers it.
  State addStep(const Step &step, const Scores &s, ValueRange state) {
    Value p = weights(s, baseOf(state[0]));
    Value sum = k.apply<arith::AddFOp>(state[1], k.partialSums(p));
    return {state[0], sum, addValues(step, s, p, state[2])};
  }

  /// The exponents, -inf for pairs that do not count.
  Value maskedExponent(const Scores &s) {
    Value t = exponent(s, s.weight);
    return s.counts ? k.select(s.counts, t, k.splat(-INFINITY, sizeOf(t))) : t;
  }

  /// What is compared with the running maximum: scores where that will do.
  Value compared(const Scores &s) {
    return s.isPlain() ? s.score : maskedExponent(s);
  }

  /// What exponents are relative to: 0 as long as a row saw no key.
  Value baseOf(Value max) {
    Value none = k.splat(-INFINITY, {rows, 1}), zero = k.splat(0.0, {rows, 1});
    return k.select(k.equalFloat(max, none), zero, max);
  }

  /// The maximum may lag behind by a factor of 2^8: exact all the same, since
  /// it cancels out, and most steps rescale nothing.
  State rescaleIfExceeded(ValueRange state, ArrayRef<Scores> all) {
    constexpr double kLag = 8;
    Value exceeds;
    for (const Scores &s : all) {
      // Where all keys weigh the same the scores themselves are compared, with
      // a bound per row.
      double lag = kLag - (s.isPlain() ? *s.oneWeight : 0.0);
      Value bound = k.apply<arith::AddFOp>(state[0], k.splat(lag, {rows, 1}));
      if (s.isPlain())
        bound = k.apply<arith::MulFOp>(bound,
                                       k.splat(1.0 / s.factor, {rows, 1}));
      Value some = tile::AnyOp::create(k.b, k.loc,
                                       k.greaterFloat(compared(s), bound));
      exceeds = exceeds
                    ? Value(arith::OrIOp::create(k.b, k.loc, exceeds, some))
                    : some;
    }
    auto choice = scf::IfOp::create(k.b, k.loc, TypeRange(state), exceeds,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPointToStart(choice.thenBlock());
    Value max = state[0];
    for (const Scores &s : all) {
      Value top = k.maxCols(compared(s));
      if (s.isPlain())
        top = k.fma(top, k.splat(s.factor, {rows, 1}),
                    k.splat(*s.oneWeight, {rows, 1}));
      max = k.apply<arith::MaximumFOp>(max, top);
    }
    Value fade =
        k.apply<math::Exp2Op>(k.apply<arith::SubFOp>(state[0], baseOf(max)));
    State rescaled{max, k.apply<arith::MulFOp>(state[1], fade),
                   k.apply<arith::MulFOp>(state[2], fade)};
    scf::YieldOp::create(k.b, k.loc, rescaled);
    k.b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(k.b, k.loc, state);
    return State(choice.getResults());
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
      Value reciprocal = k.apply<arith::DivFOp>(k.splat(1.0, {rows, 1}), sum);
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

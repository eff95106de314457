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

#include "compiler/conversion/llsa-to-tile/GatherSteps.h"
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

/// Every entry of `indices` names a block, all of whose keys exist: it was
/// selected, from at least as many candidates.
static bool namesKeysOnly(Value indices, int64_t block, int64_t tokens) {
  auto launch = indices.getDefiningOp<LaunchOp>();
  if (!launch || tokens % block != 0)
    return false;
  Operation *yield = launch.getBody().front().getTerminator();
  unsigned number = cast<OpResult>(indices).getResultNumber();
  auto select = yield->getOperand(number).getDefiningOp<SelectOp>();
  if (!select)
    return false;
  int64_t topk = select.getTopk();
  int64_t candidates = tensorOf(select.getKeys()).getDimSize(kToken);
  if (!select.getWithin())
    return topk <= candidates;
  int64_t coarse = tensorOf(select.getWithin()).getDimSize(3);
  return topk <= coarse * *select.getBlock() &&
         namesKeysOnly(select.getWithin(), *select.getBlock(), candidates);
}

namespace {
/// The keys of one step.
struct Step {
  Value keys, values; ///< CxD
  Value ids;          ///< 1xC i32; null where nothing asks for them
  /// What the ids of keys that exist have in common.
  enum { All, BelowEnd, NotNegative } exist;
  Value visible;    ///< RxC i1; null: all are visible
  bool mayHoldLast; ///< may contain the source's last key
};

/// One source, with its sizes.
struct Source {
  SourceAttr attr;
  Value keyTensor, keys, values, indices; ///< the last three are buffers
  Value head;                             ///< the key head
  int64_t tokens;                         ///< keys of the source
  double weight, lastWeight;              ///< of a full key, of the last key
};

class AttendLowering {
public:
  AttendLowering(const LaunchContext &context, AttendOp op, KernelBuilder &k,
                 const RowGrid &grid)
      : op(op), k(k), schedule(context.schedule), widen(context.widenDots),
        lazy(context.lazyRescale), cols(schedule.getCols()),
        rows(schedule.getRows()),
        tile(k.rowTile(grid)),
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
    for (unsigned i = 0; i < op.getSources().size(); ++i) {
      Source source = describe(i);
      switch (source.attr.getKind()) {
      case SourceKind::Dense:
        state = dense(source, state);
        break;
      case SourceKind::Gathered:
        state = gathered(source, i, state);
        break;
      case SourceKind::Window:
        state = window(source, state);
        break;
      }
    }
    store(state);
    return failure(failed);
  }

private:
  using State = TileBuilder::Values; ///< max, sum, acc

  Source describe(unsigned i) {
    Source source{op.getSource(i),
                  op.getKeys()[i],
                  k.buffer(op.getKeys()[i]),
                  k.buffer(op.getValues()[i]),
                  Value(),
                  Value(),
                  0,
                  1.0,
                  1.0};
    if (Value indices = op.getIndicesOf(i))
      source.indices = k.buffer(indices);
    source.head = keyHead(k, tile.head, op.getQuery(), source.keyTensor);
    source.tokens = tensorOf(source.keyTensor).getDimSize(kToken);
    int64_t span = std::max<int64_t>(source.attr.getSpan(), 1);
    source.weight = source.lastWeight =
        source.attr.getWeight().getValueAsDouble();
    if (source.attr.getSpan() && !source.attr.getUnweighted()) {
      int64_t all = op.getBaseTokens().value_or(source.tokens * span);
      source.weight *= span;
      source.lastWeight *= std::min(span, all - (source.tokens - 1) * span);
    }
    return source;
  }

  //===--------------------------------------------------------------------===//
  // The three kinds of sources
  //===--------------------------------------------------------------------===//

  /// Keys `first` .. of which `exist` (null: all) exist, by direct loads.
  Step loadStep(const Source &source, Value first, int64_t width, Value exist,
                bool needIds) {
    SmallVector<Value> indices{tile.batch, source.head, first, k.index(0)};
    Step step{k.load(source.keys, indices, {width, depth}, exist),
              k.load(source.values, indices, {width, depth}, exist),
              Value(),
              Step::All,
              Value(),
              false};
    if (needIds || hasRegion)
      step.ids = k.range(first, {1, width});
    return step;
  }

  State dense(const Source &source, State state) {
    bool lastDiffers = source.weight != source.lastWeight;
    int64_t full = source.tokens / cols, rest = source.tokens % cols;
    // The chunk with the last key stands apart when that weighs differently.
    if (rest == 0 && lastDiffers)
      rest = cols, --full;
    state = k.repeat(full, state, [&](Value i, ValueRange carried) {
      return update(source,
                    loadStep(source, k.mul(i, cols), cols, Value(), false),
                    carried);
    });
    if (rest == 0)
      return state;
    int64_t width = tailCols(rest, cols);
    bool ragged = width != rest;
    Step step =
        loadStep(source, k.index(full * cols), width,
                 ragged ? k.index(rest) : Value(), ragged || lastDiffers);
    step.mayHoldLast = lastDiffers;
    if (ragged)
      step.exist = Step::BelowEnd;
    return update(source, step, state);
  }

  State gathered(const Source &source, unsigned index, State state) {
    int64_t block = source.attr.getBlock();
    int64_t entries = cast<MemRefType>(source.indices.getType()).getDimSize(3);
    GatherSteps steps(entries, block, colsOf(source), /*fragments=*/!widen);
    SmallVector<Value> row{tile.batch, tile.head,
                           k.div(tile.start, source.attr.getEvery())};
    return k.repeat(steps.count(), state, [&](Value i, ValueRange carried) {
      Step step{};
      step.ids = steps.keysOf(k, source.indices, row, i, source.tokens);
      step.keys =
          k.gather(source.keys, tile.batch, source.head, step.ids, depth);
      step.values =
          k.gather(source.values, tile.batch, source.head, step.ids, depth);
      step.exist = namesKeysOnly(op.getIndicesOf(index), block, source.tokens)
                       ? Step::All
                       : Step::NotNegative;
      step.mayHoldLast = source.weight != source.lastWeight;
      return update(source, step, carried);
    });
  }

  /// Keys of a step: fewer where every warp gathers for itself.
  int64_t colsOf(const Source &source) const {
    bool isShared = source.attr.getEvery() % (rows * schedule.getWarps()) == 0;
    return isShared || schedule.getPrivateCols() == 0
               ? cols
               : schedule.getPrivateCols();
  }

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
      Step step =
          loadStep(source, first, cols, k.sub(to, first), /*needIds=*/true);
      Value notBefore = k.lessEqual(lowest, step.ids);
      Value notBehind = k.lessEqual(step.ids, highest);
      step.visible = k.apply<arith::AndIOp>(notBefore, notBehind);
      step.mayHoldLast = source.weight != source.lastWeight;
      return update(source, step, carried);
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
        s = region(source, op.getScore(), args);
      if (!op.getMask().empty())
        counts = both(counts, region(source, op.getMask(), args));
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
    Value ids = step.ids, queries = queryIds();
    // Keys and queries that do not exist look like ones that do: regionRanges
    // promises that. What the region makes of them is discarded.
    if (source.indices)
      ids = k.apply<arith::MaxSIOp>(ids, k.splatInt(0, {}));
    if (step.exist == Step::BelowEnd || step.visible)
      ids = k.apply<arith::MinSIOp>(ids, k.splatInt(source.tokens - 1, {}));
    if (tile.rows)
      queries = k.apply<arith::MinSIOp>(queries, k.splatInt(queryCount() - 1, {}));
    if (span != 1)
      ids = k.apply<arith::MulIOp>(ids, k.splatInt(span, {}));
    // A span may be too large for 32 bits when there is one key.
    bool isWide = span > std::numeric_limits<int32_t>::max();
    return {score,
            k.repeated(tile.batch, {rows, 1}),
            k.repeated(tile.head, {rows, 1}),
            queries,
            ids,
            k.splat(k.b.getIntegerAttr(k.b.getIntegerType(isWide ? 64 : 32), span), {})};
  }

  int64_t queryCount() {
    return tensorOf(op.getQuery()).getDimSize(kToken);
  }

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

  State update(const Source &source, const Step &step, ValueRange state) {
    Scores s = scores(source, step);
    if (lazy) {
      State raised = rescaleIfExceeded(state, s);
      Value p = weights(s, baseOf(raised[0]));
      Value sum = k.apply<arith::AddFOp>(raised[1], k.partialSums(p));
      return {raised[0], sum, addValues(step, s, p, raised[2])};
    }
    Value max =
        k.apply<arith::MaximumFOp>(state[0], k.maxCols(maskedExponent(s)));
    Value base = baseOf(max);
    Value p = weights(s, base);
    Value fade = k.apply<math::Exp2Op>(k.apply<arith::SubFOp>(state[0], base));
    Value sum = k.fma(state[1], fade, k.sumCols(p));
    Value faded = k.apply<arith::MulFOp>(state[2], fade);
    return {max, sum, addValues(step, s, p, faded)};
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

  /// The maximum may lag behind by a factor of 2^8: exact all the same, since
  /// it cancels out, and most steps rescale nothing.
  State rescaleIfExceeded(ValueRange state, const Scores &s) {
    constexpr double kLag = 8;
    // Where all keys weigh the same the scores themselves are compared, with a
    // bound per row.
    bool plain = s.oneWeight && !s.counts && s.factor > 0;
    Value t = plain ? s.score : maskedExponent(s);
    double lag = kLag - (plain ? *s.oneWeight : 0.0);
    Value bound = k.apply<arith::AddFOp>(state[0], k.splat(lag, {rows, 1}));
    if (plain)
      bound = k.apply<arith::MulFOp>(bound,
                                     k.splat(1.0 / s.factor, {rows, 1}));
    Value exceeds =
        tile::AnyOp::create(k.b, k.loc, k.greaterFloat(t, bound));
    auto choice = scf::IfOp::create(k.b, k.loc, TypeRange(state), exceeds,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPointToStart(choice.thenBlock());
    Value top = k.maxCols(t);
    if (plain)
      top = k.fma(top, k.splat(s.factor, {rows, 1}),
                  k.splat(*s.oneWeight, {rows, 1}));
    Value max = k.apply<arith::MaximumFOp>(state[0], top);
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
  bool widen, lazy;
  int64_t cols, rows;
  RowTile tile;
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

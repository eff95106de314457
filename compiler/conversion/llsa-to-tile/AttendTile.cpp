//===- AttendTile.cpp - a tile of queries and all the keys they see -------===//

#include "compiler/conversion/llsa-to-tile/AttendTile.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace llsa;

AttendTile::AttendTile(const LaunchContext &context, AttendForm attend,
                       KernelBuilder &k, const RowTile &rowTile)
    : k(k), form(std::move(attend)), tile(rowTile),
      rows(context.schedule.getRows()), depth(form.depth()),
      cols(context.schedule.getCols()), widen(context.widenDots),
      streams(context.streams),
      together(context.schedule.getPrivateStages() > 0),
      loader(context, form, k, tile), regions(k, form) {
  if (streams)
    loader.prefetchIndices();
  query = operand(k.load(k.buffer(form.query),
                         {tile.batch, tile.head, tile.start, k.index(0)},
                         {rows, depth}, tile.rows));
}

AttendTile::State AttendTile::walk(State state, AttendUpdate update,
                                   AttendUpdate first, StepOptions options) {
  // Scores outlive the walk's steps: sources have to stay where they are.
  for (unsigned i = 0; i < form.sources.size(); ++i)
    sources.push_back(loader.describe(i));
  SmallVector<Segment> segments;
  for (auto [i, source] : llvm::enumerate(sources))
    if (source.attr.getKind() != SourceKind::Window)
      llvm::append_range(segments, loader.segmentsOf(source, i));
  // Steps that look at their keys' ids pair where all rings are filled by the
  // copy engine.
  bool allPair = llvm::all_of(
      segments, [](const Segment &segment) { return segment.bulk; });
  for (Segment &segment : segments)
    segment.mayPair = segment.plain || allPair;
  if (!together)
    options.most = StepTakes::One;
  if (streams)
    state = attendStreams(k, loader, segments, options, std::move(state), first,
                          update);
  else
    for (const Segment &segment : segments)
      state = k.repeat(segment.steps, state, [&](Value i, ValueRange carried) {
        Step step = loader.describe(segment, i);
        std::tie(step.keys, step.values) = loader.load(segment, i);
        return update(TakenStep{segment.source, step}, carried);
      });
  for (const Source &source : sources)
    if (source.attr.getKind() == SourceKind::Window)
      state = window(source, state, update);
  return state;
}

/// A window's reach so that adding it to a token stays in 32 bits.
static int64_t clampId(int64_t reach) {
  return std::min<int64_t>(reach, 1 << 30);
}

AttendTile::State AttendTile::window(const Source &source, State state,
                                     AttendUpdate update) {
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

Value AttendTile::queryIds() { return k.range(tile.start, {rows, 1}); }

//===----------------------------------------------------------------------===//
// One step
//===----------------------------------------------------------------------===//

/// A number for each key, which follows from its weight; null: all 0.
Value AttendTile::perKey(const Source &source, const Step &step,
                         llvm::function_ref<double(double)> numberOf) {
  double number = numberOf(source.weight);
  Value result;
  if (number != 0.0)
    result = k.splat(number, {});
  auto change = [&](double other, Value where) {
    if (other == number)
      return;
    result =
        k.select(where, k.splat(other, {}), result ? result : k.splat(0.0, {}));
    number = other;
  };
  for (auto [later, isLater] : step.later)
    change(numberOf(later->weight), isLater);
  if (step.mayHoldLast)
    change(numberOf(source.lastWeight),
           k.equal(step.ids, k.splatInt(source.tokens - 1, {})));
  return result;
}

/// log2 of the keys' weights, -inf for keys that are known not to exist;
/// null when all are 0.
Value AttendTile::addend(const Source &source, const Step &step) {
  Value result =
      perKey(source, step, [](double weight) { return std::log2(weight); });
  if (step.exist == Step::All || form.hasRegion())
    return result;
  return k.select(exists(source, step, 1), result ? result : k.splat(0.0, {}),
                  k.splat(-INFINITY, {}));
}

bool AttendTile::isFloat32() const {
  return tensorOf(form.query).getElementType().isF32();
}

/// What rounding to float32 took from log2 of the keys' weights: of a weight of
/// 300, up to 3e-7 of it, which is more than float32 inputs are rounded by.
Value AttendTile::addendRest(const Source &source, const Step &step) {
  if (!isFloat32())
    return {};
  return perKey(source, step, [](double weight) {
    double exact = std::log2(weight);
    return exact - static_cast<float>(exact);
  });
}

/// Which keys exist, as a tile of `height` equal rows; null: all. The ids are
/// repeated, not the truth values: those are awkward to repeat everywhere.
Value AttendTile::exists(const Source &source, const Step &step,
                         int64_t height) {
  if (step.exist == Step::All)
    return {};
  Value ids = k.broadcast(step.ids, {height, sizeOf(step.ids).cols});
  return step.exist == Step::BelowEnd
             ? k.less(ids, k.splatInt(source.tokens, {}))
             : k.lessEqual(k.splatInt(0, {}), ids);
}

/// That a product by a warp alone waits for itself.
static constexpr int64_t kFewKeys = 16;

AttendTile::Scores AttendTile::scores(const Source &source, const Step &step,
                                      bool again) {
  TileSize size{rows, sizeOf(step.keys).rows};
  Value s = k.dot(query, dotOperand(k, step.keys, widen), k.splat(0.0, size),
                  /*transposed=*/true);
  auto dot = s.getDefiningOp<tile::DotOp>();
  if (again)
    dot->setDiscardableAttr("tile.again", k.b.getUnitAttr());
  dot.setTwoChains(twoChains && !again && size.cols <= kFewKeys);
  double factor = form.scale * kLog2E;
  Value counts = step.visible;
  SmallVector<Value> args;
  if (form.hasRegion()) {
    Value natural = k.apply<arith::MulFOp>(s, k.splat(form.scale, {}));
    args = regionArgs(source, step, natural);
    s = regions.score(source, args);
    counts = k.both(counts, regions.mask(source, args));
    counts = k.both(counts, exists(source, step, rows));
    factor = kLog2E;
  }
  return {s,      factor, addend(source, step), addendRest(source, step),
          counts, args};
}

Value AttendTile::exponent(const Scores &s, Value addend) {
  Value factor = k.splat(s.factor, sizeOf(s.score));
  return addend ? k.fma(s.score, factor, addend)
                : k.apply<arith::MulFOp>(s.score, factor);
}

Value AttendTile::maskedExponent(const Scores &s) {
  Value t = exponent(s, s.weight);
  return s.counts ? k.select(s.counts, t, k.splat(-INFINITY, sizeOf(t))) : t;
}

SmallVector<Value> AttendTile::regionArgs(const Source &source,
                                          const Step &step, Value score) {
  Value ids = step.ids, queries = queryIds();
  // Keys and queries that do not exist look like ones that do.
  if (source.indices)
    ids = k.apply<arith::MaxSIOp>(ids, k.splatInt(0, {}));
  if (step.exist == Step::BelowEnd || step.visible)
    ids = k.apply<arith::MinSIOp>(ids, k.splatInt(source.tokens - 1, {}));
  if (tile.rows)
    queries =
        k.apply<arith::MinSIOp>(queries, k.splatInt(form.queries() - 1, {}));
  return regions.arguments(source, score, tile.batch, tile.head, queries, ids);
}

Value AttendTile::sawNothing(Value lse) {
  return k.equalFloat(lse, k.splat(-INFINITY, sizeOf(lse)));
}

Value AttendTile::baseOf(Value lse) {
  return k.select(sawNothing(lse), k.splat(0.0, sizeOf(lse)),
                  k.apply<arith::MulFOp>(lse, k.splat(kLog2E, {})));
}

/// A pair's exponent, less base.
Value AttendTile::relative(const Scores &s, Value base) {
  // Not t - base: one rounding less, and what base was rounded by is the same
  // for all keys of a row.
  Value shift = s.weight ? k.apply<arith::SubFOp>(s.weight, base)
                         : k.apply<arith::NegFOp>(base);
  if (s.rest)
    shift = k.apply<arith::AddFOp>(shift, s.rest);
  return exponent(s, shift);
}

/// `p`, or -0 for a pair that does not count, whatever the value holds.
Value AttendTile::counted(const Scores &s, Value p) {
  return s.counts ? k.select(s.counts, p, k.splat(-0.0, sizeOf(p))) : p;
}

Value AttendTile::weights(const Scores &s, Value base) {
  return counted(s, k.apply<math::Exp2Op>(relative(s, base)));
}

Value AttendTile::weightsBelow(const Scores &s, Value base) {
  Value x = k.apply<arith::SubFOp>(maskedExponent(s), base);
  // One rounding more is too much in float32, but where base is great it is
  // nothing beside what base was rounded by.
  if (isFloat32())
    x = k.select(k.greaterFloat(k.apply<math::AbsFOp>(base),
                                k.splat(0x1p24, sizeOf(base))),
                 x, relative(s, base));
  return counted(s, k.apply<math::Exp2Op>(x));
}

//===- AttendQueryGrad.cpp - the gradient of an attend's query ------------===//
//
// A tile of queries walks over the keys as in Attend.cpp, and carries the sum
// of dS K alone: the weights follow from lse, so no maximum is needed.
//
//   delta = row sum of do * o - dlse
//   p     = exp2(score * factor + (log2(weight) - lse * log2(e)))
//   dS    = p (do v^T - delta), through the derivative of the score region
//   dq    = scale * sum of dS k
//
// Where o is of a narrow type (on the CPU), delta is the sum of p dp instead,
// known at the end: dq = scale * (sum of p dp k - delta * sum of p k).
//
// A row whose lse is -inf saw no key: its delta and gradient are 0, whatever
// do holds.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/AttendTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>

using namespace mlir;
using namespace llsa;

namespace {
class QueryGradLowering {
public:
  QueryGradLowering(const LaunchContext &context, AttendQueryGradOp op,
                    KernelBuilder &k, const RowGrid &grid)
      : op(op), k(k), context(context), pairs(context, AttendForm(op), k, grid),
        rows(pairs.rows), depth(pairs.depth) {}

  LogicalResult run() {
    Value loaded = load(op.getOutputGrad());
    gradient = pairs.operand(loaded);
    Value lse = loadRows(op.getLse());
    Value zero = k.splat(0.0, {rows, 1});
    Value isEmpty = k.equalFloat(lse, k.splat(-INFINITY, {rows, 1}));
    base = k.select(isEmpty, zero,
                    k.apply<arith::MulFOp>(lse, k.splat(kLog2E, {})));
    // o in a narrow type is rounded too much to stand for the sum of p dp.
    bool isExact =
        context.widenDots && !tileTypeOf(loaded).getElementType().isF32();
    Value output = isExact ? Value() : load(op.getOutput());
    auto sumDelta = [&] {
      setDelta(
          k.sumCols(k.apply<arith::MulFOp>(k.toF32(loaded), k.toF32(output))),
          isEmpty);
    };
    if (!isExact && !k.isWanted(op.getQueryGrad())) {
      sumDelta();
      return success();
    }
    // With the first step of streams: their copies start before its operands
    // are waited for.
    bool isLate = !isExact && context.streams && hasStreams();
    if (!isExact && !isLate)
      sumDelta();

    Value none = k.splat(0.0, {rows, depth});
    State state = isExact ? State{none, none, zero} : State{none};
    auto update = [&](ArrayRef<TakenStep> steps, ValueRange carried) {
      State sums(carried);
      for (const TakenStep &taken : steps)
        sums = isExact ? addApart(*taken.source, taken.step, sums)
                       : State{add(*taken.source, taken.step, sums[0])};
      return sums;
    };
    auto first = [&](ArrayRef<TakenStep> steps, ValueRange carried) {
      sumDelta();
      return update(steps, carried);
    };
    state = isLate ? pairs.walk(std::move(state), update, first)
                   : pairs.walk(std::move(state), update);
    Value result = state[0];
    if (isExact) {
      setDelta(state[2], isEmpty);
      result = k.apply<arith::SubFOp>(result,
                                      k.apply<arith::MulFOp>(state[1], delta));
    }
    if (k.isWanted(op.getQueryGrad()))
      store(k.apply<arith::MulFOp>(result, k.splat(pairs.form.scale, {})), lse);
    return failure(pairs.failed());
  }

private:
  /// The sum of dS k; or, apart, the sums of p dp k, p k and p dp.
  using State = TileBuilder::Values;

  bool hasStreams() const {
    return llvm::any_of(pairs.form.sources, [](SourceAttr source) {
      return source.getKind() != SourceKind::Window;
    });
  }

  /// `sum`: of do * o, or p dp.
  void setDelta(Value sum, Value isEmpty) {
    if (op.getLseGrad())
      sum = k.apply<arith::SubFOp>(sum, loadRows(op.getLseGrad()));
    delta = k.select(isEmpty, k.splat(0.0, {rows, 1}), sum);
    const RowTile &tile = pairs.tile;
    if (k.isWanted(op.getDelta()))
      k.store(delta, k.buffer(op.getDelta()),
              {tile.batch, tile.head, tile.start}, tile.rows,
              /*rowDim=*/kToken);
  }

  void store(Value result, Value lse) {
    const RowTile &tile = pairs.tile;
    result = k.select(k.equalFloat(k.broadcast(lse, {rows, depth}),
                                   k.splat(-INFINITY, {rows, depth})),
                      k.splat(0.0, {rows, depth}), result);
    auto type = cast<RankedTensorType>(op.getQueryGrad().getType());
    k.store(k.fromF32(result, type.getElementType()),
            k.buffer(op.getQueryGrad()),
            {tile.batch, tile.head, tile.start, k.index(0)}, tile.rows);
  }

  Value load(Value tensor) {
    const RowTile &tile = pairs.tile;
    return k.load(k.buffer(tensor),
                  {tile.batch, tile.head, tile.start, k.index(0)},
                  {rows, depth}, tile.rows);
  }
  Value loadRows(Value tensor) {
    const RowTile &tile = pairs.tile;
    return k.load(k.buffer(tensor), {tile.batch, tile.head, tile.start},
                  {rows, 1}, tile.rows, /*rowDim=*/kToken);
  }

  Value add(const Source &source, const Step &step, Value sum) {
    AttendTile::Scores s = pairs.scores(source, step);
    Value p = pairs.weights(s, base);
    Value keys = pairs.operand(step.keys), values = pairs.operand(step.values);
    Value dp = k.dot(gradient, values, k.splat(0.0, sizeOf(p)),
                     /*transposed=*/true);
    Value ds = k.apply<arith::MulFOp>(p, k.apply<arith::SubFOp>(dp, delta));
    ds = pairs.regions.derivative(source, s.args, ds);
    if (s.counts)
      ds = k.select(s.counts, ds, k.splat(-0.0, sizeOf(ds)));
    return k.dot(k.fromF32(ds, tileTypeOf(keys).getElementType()), keys, sum,
                 /*transposed=*/false, /*skip=*/bool(s.counts));
  }

  /// delta is known at the end only: the gradient of a score is linear in that
  /// of what a region makes of it, so its two terms are summed apart.
  State addApart(const Source &source, const Step &step, ValueRange sums) {
    AttendTile::Scores s = pairs.scores(source, step);
    Value p = pairs.weights(s, base);
    Value keys = pairs.operand(step.keys), values = pairs.operand(step.values);
    Value dp = k.dot(gradient, values, k.splat(0.0, sizeOf(p)),
                     /*transposed=*/true);
    auto counted = [&](Value tile) {
      return s.counts ? k.select(s.counts, tile, k.splat(-0.0, sizeOf(tile)))
                      : tile;
    };
    auto timesKeys = [&](Value term, Value sum) {
      term = counted(pairs.regions.derivative(source, s.args, term));
      return k.dot(term, keys, sum, /*transposed=*/false,
                   /*skip=*/bool(s.counts));
    };
    Value pdp = counted(k.apply<arith::MulFOp>(p, dp));
    return {timesKeys(pdp, sums[0]), timesKeys(p, sums[1]),
            k.apply<arith::AddFOp>(sums[2], k.sumCols(pdp))};
  }

  AttendQueryGradOp op;
  KernelBuilder &k;
  const LaunchContext &context;
  AttendTile pairs;
  int64_t rows, depth;
  Value gradient, base, delta;
};
} // namespace

LogicalResult llsa::lowerAttendQueryGrad(const LaunchContext &context,
                                         AttendQueryGradOp op) {
  RowGrid grid = AttendForm(op).grid(context.schedule);
  LaunchOp launch = context.launch;
  KernelBuilder k(context.host, launch.getLoc(), launch.getName(), grid.items(),
                  context.schedule);
  if (failed(QueryGradLowering(context, op, k, grid).run()))
    return failure();
  k.finish(launch);
  return success();
}

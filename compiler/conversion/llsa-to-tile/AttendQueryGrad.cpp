//===- AttendQueryGrad.cpp - the gradient of an attend's query ------------===//
//
// A tile of queries walks over the keys as in Attend.cpp, and carries the sum
// of dS K alone: the weights follow from lse, so no maximum is needed.
//
//   delta = row sum of do * (o + rest) - dlse
//   p     = exp2(score * factor + (log2(weight) - lse * log2(e)))
//   dS    = p (do v^T - delta), through the derivative of the score region
//   dq    = scale * sum of dS k
//
// rest is what rounding took from an o of a narrow type (RoundingRest.h).
//
// A row whose lse is -inf saw no key: its delta and gradient are 0, whatever
// do holds.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/AttendTile.h"
#include "compiler/conversion/llsa-to-tile/RoundingRest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

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
    Value loaded = op.getOutputGrad() ? load(op.getOutputGrad()) : Value();
    if (loaded)
      gradient = pairs.operand(loaded);
    Value lse = loadRows(op.getLse());
    base = pairs.baseOf(lse);
    Value output = op.getOutput() ? load(op.getOutput()) : Value(),
          rest = op.getRest() ? load(op.getRest()) : Value();
    auto sumDelta = [&] {
      Value sum = k.splat(0.0, {rows, 1});
      if (output) {
        Value exact = rest ? withRest(k, output, rest) : k.toF32(output);
        sum = k.sumCols(k.apply<arith::MulFOp>(k.toF32(loaded), exact));
      }
      setDelta(sum, pairs.sawNothing(lse));
    };
    if (!k.isWanted(op.getQueryGrad())) {
      sumDelta();
      return success();
    }
    // With the first step of streams: their copies start before its operands
    // are waited for.
    bool isLate = context.streams && hasStreams();
    if (!isLate)
      sumDelta();

    auto update = [&](ArrayRef<TakenStep> steps, ValueRange carried) {
      Value sum = carried[0];
      for (const TakenStep &taken : steps)
        sum = add(*taken.source, taken.step, sum);
      return State{sum};
    };
    auto first = [&](ArrayRef<TakenStep> steps, ValueRange carried) {
      sumDelta();
      return update(steps, carried);
    };
    State state{k.splat(0.0, {rows, depth})};
    // A multiprocessor with several CTAs has no registers for pairs, nor have
    // regions with their derivatives.
    StepOptions options;
    options.most = context.schedule.getCtas() > 1 || pairs.form.hasRegion()
                       ? StepTakes::One
                       : StepTakes::TwoSharedOrOneOfEach;
    state = pairs.walk(std::move(state), update,
                       isLate ? AttendUpdate(first) : nullptr, options);
    store(k.apply<arith::MulFOp>(state[0], k.splat(pairs.form.scale, {})), lse);
    return failure(pairs.failed());
  }

private:
  using State = TileBuilder::Values;

  bool hasStreams() const {
    return llvm::any_of(pairs.form.sources, [](SourceAttr source) {
      return source.getKind() != SourceKind::Window;
    });
  }

  /// `sum`: of do * o.
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
    Value isEmpty = pairs.sawNothing(k.broadcast(lse, {rows, depth}));
    result = k.select(isEmpty, k.splat(0.0, {rows, depth}), result);
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
    // Both products first: they may be in flight together.
    AttendTile::Scores s = pairs.scores(source, step);
    Value keys = pairs.operand(step.keys), dp = k.splat(0.0, sizeOf(s.score));
    if (gradient)
      dp = k.exactDot(gradient, pairs.operand(step.values), dp,
                      /*transposed=*/true);
    Value p = pairs.weights(s, base);
    Value ds = k.apply<arith::MulFOp>(p, k.apply<arith::SubFOp>(dp, delta));
    ds = pairs.regions.derivative(source, s.args, ds);
    if (s.counts)
      ds = k.select(s.counts, ds, k.splat(-0.0, sizeOf(ds)));
    return k.dot(k.fromF32(ds, tileTypeOf(keys).getElementType()), keys, sum,
                 /*transposed=*/false, /*skip=*/bool(s.counts));
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

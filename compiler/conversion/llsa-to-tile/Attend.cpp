//===- Attend.cpp - one softmax over a list of sources --------------------===//
//
// A tile of queries walks over the keys of one source after the other and
// carries three things: the greatest score so far (max), the sum of the
// exponentials (sum), and the weighted sum of values (acc). In base 2:
//
//   t     = s * scale * log2(e) + log2(weight)    -inf where there is no key
//   max'  = max(max, row maximum of t)
//   base  = max', or 0 as long as a row saw no key (-inf - -inf is NaN)
//   p     = exp2(t - base)
//   fade  = exp2(max - base)
//   sum   = sum * fade + row sum of p
//   acc   = acc * fade + p v
//
// where most often t - base is s * scale * log2(e) + (log2(weight) - base)
// (AttendTile::weights, weightsBelow).
//
// The weight of a key and its existence ride along in one addend per key, a
// 1xC tile, and cost nothing where they are constant. Where the op has a score
// or mask region, existence is decided after it: a region may make anything of
// a key that is not there. A NaN score makes max and everything after it NaN.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/AttendTile.h"
#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "compiler/conversion/llsa-to-tile/RoundingRest.h"
#include "compiler/transforms/EstimateCost.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <cmath>

using namespace mlir;
using namespace llsa;

static const double kLn2 = 0.69314718055994530942;

namespace {
class AttendLowering {
public:
  AttendLowering(const LaunchContext &context, AttendOp op, KernelBuilder &k,
                 const RowGrid &grid)
      : op(op), k(k), lazy(context.lazyRescale),
        pairs(context, AttendForm(op), k, grid), rows(pairs.rows),
        depth(pairs.depth) {
    pairs.twoChains = lazy;
  }

  LogicalResult run() {
    sumsRounded = shouldSumRounded();
    // Lazily, a row's sum is kept in four parts until the end.
    State state{k.splat(-INFINITY, {rows, 1}),
                k.splat(0.0, {rows, lazy ? 4 : 1}),
                k.splat(0.0, {rows, depth})};
    if (sumsRounded)
      state.push_back(k.splat(0.0, {rows, 4}));
    store(pairs.walk(
        std::move(state),
        [&](ArrayRef<TakenStep> steps, ValueRange carried) {
          return update(steps, carried);
        },
        [&](ArrayRef<TakenStep> steps, ValueRange carried) {
          return firstUpdate(steps, carried);
        },
        stepOptions()));
    return failure(pairs.failed());
  }

private:
  /// max, sum, acc; with sumsRounded the sum of rounded weights
  using State = TileBuilder::Values;
  using Scores = AttendTile::Scores;

  StepOptions stepOptions() {
    StepOptions options;
    options.most = pairs.form.hasRegion() ? StepTakes::OneOfEach
                                          : StepTakes::TwoSharedOrOneOfEach;
    options.late = true;
    // 3% slower where deep rows keep their rest; less than 1% elsewhere.
    options.oneLoop = depth <= 64 || !isRestWanted();
    return options;
  }

  State update(ArrayRef<TakenStep> steps, ValueRange state) {
    SmallVector<Scores> all;
    for (const TakenStep &taken : steps)
      all.push_back(pairs.scores(*taken.source, taken.step));
    if (lazy)
      return lazyUpdate(steps, all, state);
    assert(steps.size() == 1 && "steps are taken together lazily alone");
    const Scores &s = all.front();
    Value max = k.apply<arith::MaximumFOp>(state[0],
                                           k.maxCols(pairs.maskedExponent(s)));
    Value base = baseOf(max);
    Value p = pairs.weightsBelow(s, base);
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
    Value max = covering(steps, state[0], /*again=*/false, all);
    Value base = baseOf(max), sum = state[1], acc = state[2];
    SmallVector<Value> p;
    for (const Scores &s : all) {
      p.push_back(pairs.weightsBelow(s, base));
      Value sums = k.partialSums(p.back());
      sum = p.size() == 1 ? sums : k.apply<arith::AddFOp>(sum, sums);
    }
    for (size_t i = steps.size(); i-- > 0;)
      acc = addValues(steps[i].step, all[i], p[i], acc);
    State results{max, sum, acc};
    if (sumsRounded) {
      results.push_back(state[3]);
      for (size_t i = steps.size(); i-- > 0;)
        results[3] = addRounded(steps[i].step, p[i], results[3]);
    }
    return results;
  }

  /// Exponentials relative to a maximum that may lag behind. Their sums tell
  /// when it lags too far, or is not set yet; the rare steps where it does are
  /// computed again, from the products on, so that nothing but the exponentials
  /// has to be kept for them.
  State lazyUpdate(ArrayRef<TakenStep> steps, ArrayRef<Scores> all,
                   ValueRange state) {
    // What a lane's sum over a row may reach: float16 holds it. The lag cancels
    // out.
    constexpr double kMostSum = 0x1p15;
    Value base = baseOf(state[0]);
    TileBuilder::Values results(state);
    Value exceeds =
        k.equalFloat(state[0], k.splat(-INFINITY, {rows, 1})); // no key yet
    for (const Scores &s : all) {
      Value p = pairs.weights(s, base);
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
      scf::YieldOp::create(k.b, k.loc, rescaled(steps, state, exceeds));
    }
    // The state, then the exponentials and their sums of each step.
    ValueRange chosen = choice.getResults();
    State after(chosen.take_front(state.size()));
    ValueRange ofSteps = chosen.drop_front(state.size());
    // Private products first: shared ones are asynchronous.
    for (size_t i = steps.size(); i-- > 0;) {
      Value p = ofSteps[2 * i], sums = ofSteps[2 * i + 1];
      after[1] = k.apply<arith::AddFOp>(after[1], sums);
      if (sumsRounded)
        after[3] = addRounded(steps[i].step, p, after[3]);
      after[2] = addValues(steps[i].step, all[i], p, after[2]);
    }
    return after;
  }

  /// A state whose maximum covers the steps, then their exponentials and sums.
  /// The other rows' maxima are raised along with those that must be, but not
  /// where a row must not know what another one sees.
  TileBuilder::Values rescaled(ArrayRef<TakenStep> steps, ValueRange state,
                               Value exceeds) {
    SmallVector<Scores> all;
    Value max = covering(steps, state[0], /*again=*/true, all);
    if (pairs.form.hidesPairs()) {
      Value some =
          k.maxCols(k.select(exceeds, k.splat(1.0, {}), k.splat(0.0, {})));
      max = k.select(k.greaterFloat(some, k.splat(0.0, {})), max, state[0]);
    }
    Value base = baseOf(max);
    Value fade = k.apply<math::Exp2Op>(k.apply<arith::SubFOp>(state[0], base));
    TileBuilder::Values results{max};
    for (Value sum : state.drop_front())
      results.push_back(k.apply<arith::MulFOp>(sum, fade));
    for (const Scores &s : all) {
      Value p = pairs.weightsBelow(s, base);
      results.append({p, k.partialSums(p)});
    }
    return results;
  }

  /// `max`, raised to cover the steps, whose scores come in `all`.
  Value covering(ArrayRef<TakenStep> steps, Value max, bool again,
                 SmallVectorImpl<Scores> &all) {
    for (const TakenStep &taken : steps) {
      all.push_back(pairs.scores(*taken.source, taken.step, again));
      max = k.apply<arith::MaximumFOp>(
          max, k.maxCols(pairs.maskedExponent(all.back())));
    }
    return max;
  }

  /// What exponents are relative to: 0 as long as a row saw no key.
  Value baseOf(Value max) {
    Value none = k.splat(-INFINITY, {rows, 1}), zero = k.splat(0.0, {rows, 1});
    return k.select(k.equalFloat(max, none), zero, max);
  }

  Value addValues(const Step &step, const Scores &s, Value p, Value acc) {
    Value values = pairs.operand(step.values);
    return k.dot(k.fromF32(p, tileTypeOf(values).getElementType()), values, acc,
                 /*transposed=*/false, /*skip=*/bool(s.counts));
  }

  /// Whether o is divided by the sum of the weights as their product with v has
  /// rounded them, so that these add up to one: a backward subtracts what comes
  /// of o from what is nearly equal (docs/rationale/backward.md). lse has the
  /// sum of the weights themselves. Of many keys errors average out, and the
  /// fastest kernels have no register left for it.
  bool shouldSumRounded() {
    constexpr int64_t kFewKeys = 256;
    int64_t keys = 0;
    for (unsigned i = 0; i < op.getKeys().size(); ++i)
      keys += distinctKeysOfSource(op, i);
    return lazy && isRestWanted() && keys <= kFewKeys;
  }

  Value addRounded(const Step &step, Value p, Value sum) {
    Type element = tileTypeOf(step.values).getElementType();
    Value rounded = k.toF32(k.fromF32(p, element));
    return k.apply<arith::AddFOp>(sum, k.partialSums(rounded));
  }

  //===--------------------------------------------------------------------===//
  // The end
  //===--------------------------------------------------------------------===//

  bool isRestWanted() { return op.getRest() && k.isWanted(op.getRest()); }

  /// Rounds it and keeps, if asked to, what that takes away.
  void storeOutput(Value output) {
    Type element = tensorOf(op.getOutput()).getElementType();
    Value rounded = k.fromF32(output, element);
    auto storeTile = [&](Value rows, Value result) {
      k.store(rows, k.buffer(result),
              {tile.batch, tile.head, tile.start, k.index(0)}, tile.rows);
    };
    if (k.isWanted(op.getOutput()))
      storeTile(rounded, op.getOutput());
    if (isRestWanted())
      storeTile(restOf(k, output, rounded), op.getRest());
  }

  void store(ValueRange state) {
    Value max = state[0], acc = state[2];
    Value sum = lazy ? k.sumCols(state[1]) : state[1];
    // The few numbers first: behind the many registers wait for stores.
    if (k.isWanted(op.getLse())) {
      Value lse = k.apply<arith::AddFOp>(max, k.apply<math::Log2Op>(sum));
      lse = k.apply<arith::MulFOp>(lse, k.splat(kLn2, {}));
      k.store(lse, k.buffer(op.getLse()), {tile.batch, tile.head, tile.start},
              tile.rows,
              /*rowDim=*/kToken);
    }
    if (k.isWanted(op.getOutput()) || isRestWanted()) {
      Value zero = k.splat(0.0, {rows, 1});
      if (sumsRounded)
        sum = k.sumCols(state[3]);
      // Approximate (one unit in the last place): a GPU's exact division calls
      // a function, beside which assemblers do not overlap wgmma.
      Value reciprocal = k.apply<arith::DivFOp>(k.splat(1.0, {rows, 1}), sum);
      reciprocal.getDefiningOp<arith::DivFOp>().setFastmath(
          arith::FastMathFlags::afn);
      // A NaN sum is not 0 and stays NaN.
      reciprocal = k.select(k.equalFloat(sum, zero), zero, reciprocal);
      storeOutput(k.apply<arith::MulFOp>(acc, reciprocal));
    }
  }

  AttendOp op;
  KernelBuilder &k;
  bool lazy, sumsRounded = false;
  AttendTile pairs;
  const RowTile &tile = pairs.tile;
  int64_t rows, depth;
};
} // namespace

LogicalResult llsa::lowerAttend(const LaunchContext &context, AttendOp op) {
  RowGrid grid = AttendForm(op).grid(context.schedule);
  LaunchOp launch = context.launch;
  KernelBuilder k(context.host, launch.getLoc(), launch.getName(), grid.items(),
                  context.schedule);
  if (failed(AttendLowering(context, op, k, grid).run()))
    return failure();
  k.finish(launch);
  return success();
}

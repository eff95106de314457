//===- LinearAttendGrad.cpp - gradients of linear attention, four kernels -===//
//
//   state   S and z of the forward, per key head
//   query   dq; per query 1 / n and h, which the next kernel needs
//   grad    T and y, per key head, over the query heads that share it
//   (last)  dk, dv
//
// On a GPU, where tiles live in registers, products have few columns at a time
// and their right operands come from memory as they are: g is a workspace, too.
//
// See `llsa.linear_attend_grad` for the letters.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/LinearState.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <numeric>

using namespace mlir;
using namespace llsa;

/// The gradient of some columns of x, given these of y = phi(x) and of its
/// gradient, and the row's sum of y times the gradient.
static Value featureGradient(KernelBuilder &k, FeatureMap phi, Value x, Value y,
                             Value gradient, Value mean) {
  Value zero = k.splat(0.0, {});
  switch (phi) {
  case FeatureMap::Softmax:
    return k.apply<arith::MulFOp>(y, k.apply<arith::SubFOp>(gradient, mean));
  case FeatureMap::EluPlusOne: // below 0 the map is its own derivative
    return k.select(k.greaterFloat(x, zero), gradient,
                    k.apply<arith::MulFOp>(gradient, y));
  case FeatureMap::Relu:
    return k.select(k.greaterFloat(x, zero), gradient, zero);
  }
  llvm_unreachable("all feature maps are above");
}

namespace {
class LinearGradLowering {
public:
  LinearGradLowering(const LaunchContext &context, LinearAttendGradOp op)
      : context(context), launch(context.launch), op(op),
        name(launch.getName()), query(tensorOf(op.getQuery())),
        keys(tensorOf(op.getKeys())), depth(query.getDimSize(kDepth)),
        rows(context.schedule.getRows()),
        cols(context.widenDots ? context.schedule.getCols() : kGpuQueries),
        columns(context.widenDots ? depth : columnsPerItem(depth)) {}

  void run() {
    std::tie(state, total) =
        launchLinearState(context, name + "_state", op.getKeys(),
                          op.getValues(), op.getPhi(), kShare);
    Type f32 = Float32Type::get(op.getContext());
    Location loc = launch.getLoc();
    auto allocate = [&](ArrayRef<int64_t> shape) {
      return context.host.allocate(MemRefType::get(shape, f32), loc);
    };
    reciprocals = allocate(query.getShape().drop_back());
    slopes = allocate(query.getShape().drop_back());
    if (!context.widenDots)
      shares = allocate(query.getShape());
    launchQueries();
    int64_t batch = keys.getDimSize(kBatch), heads = keys.getDimSize(kHead);
    stateGrad = allocate({batch, heads, depth, depth});
    totalGrad = allocate({batch, heads, 1, depth});
    launchStateGrad();
    launchKeys();
  }

private:
  static constexpr double kShare = 0.25; ///< of the launch's cost
  /// Queries of a step on a GPU: the depth of one product.
  static constexpr int64_t kGpuQueries = 16;

  /// A tile's rows of a tensor, or the columns from `column` on.
  Value loadTile(KernelBuilder &k, Value tensor, const RowTile &tile) {
    return k.toF32(k.load(k.buffer(tensor),
                          {tile.batch, tile.head, tile.start, k.index(0)},
                          {rows, depth}, tile.rows));
  }
  Value loadColumns(KernelBuilder &k, Value tensor, const RowTile &tile,
                    Value column) {
    return k.toF32(k.load(k.buffer(tensor),
                          {tile.batch, tile.head, tile.start, column},
                          {rows, columns}, tile.rows));
  }
  void storeColumnsOf(KernelBuilder &k, Value value, Value buffer,
                      const RowTile &tile, Value column) {
    k.store(value, buffer, {tile.batch, tile.head, tile.start, column},
            tile.rows);
  }

  /// Stores columns of the gradient of `input` (query or keys), given that of
  /// its features.
  void storeFeatureGradient(KernelBuilder &k, Value input,
                            const Features &features, Value gradient,
                            Value mean, Value target, const RowTile &tile,
                            Value column) {
    Value x = loadColumns(k, input, tile, column);
    storeColumnsOf(
        k,
        featureGradient(k, op.getPhi(), x, features.columns(x), gradient, mean),
        target, tile, column);
  }
  Value loadTotal(KernelBuilder &k, Value buffer, Value batch, Value head,
                  Value column, int64_t width) {
    return k.load(k.argument(buffer), {batch, head, k.index(0), column},
                  {1, width});
  }
  /// left times a D x D sum, some columns of it.
  Value timesSum(KernelBuilder &k, Value left, Value buffer, Value batch,
                 Value head, Value column) {
    Value right = k.load(k.argument(buffer), {batch, head, k.index(0), column},
                         {depth, columns});
    return k.exactDot(left, right, k.splat(0.0, {rows, columns}),
                      /*transposed=*/false);
  }
  /// left times its transpose, plus `from`.
  Value timesTransposed(KernelBuilder &k, Value left, Value buffer, Value batch,
                        Value head, Value column, Value from) {
    Value right = k.load(k.argument(buffer), {batch, head, column, k.index(0)},
                         {columns, depth});
    return k.exactDot(left, right, from, /*transposed=*/true);
  }

  void launchQueries() {
    RowGrid grid = RowGrid::plain(query, context.schedule);
    KernelBuilder k(context.host, launch.getLoc(), name + "_query",
                    grid.items(), context.schedule);
    RowTile tile = k.rowTile(grid);
    Value head = keyHead(k, tile.head, op.getQuery(), op.getKeys());
    Features features(k, op.getPhi(), loadTile(k, op.getQuery(), tile));
    Value z = loadTotal(k, total, tile.batch, head, k.index(0), depth);
    Value n = k.sumCols(k.apply<arith::MulFOp>(features.whole, z));
    Value zero = k.splat(0.0, {rows, 1});
    Value reciprocal = k.apply<arith::DivFOp>(k.splat(1.0, {rows, 1}), n);
    reciprocal = k.select(k.equalFloat(n, zero), zero, reciprocal);
    Value sharesBuffer = shares ? k.argument(shares) : Value();
    // The sum of g times the output times n.
    TileBuilder::Values sums =
        k.repeat(depth / columns, {zero}, [&](Value i, ValueRange carried) {
          Value column = k.mul(i, columns);
          Value g = k.apply<arith::MulFOp>(
              loadColumns(k, op.getOutputGrad(), tile, column), reciprocal);
          if (shares)
            storeColumnsOf(k, g, sharesBuffer, tile, column);
          Value sum =
              timesSum(k, features.whole, state, tile.batch, head, column);
          return TileBuilder::Values{k.apply<arith::AddFOp>(
              carried[0], k.sumCols(k.apply<arith::MulFOp>(g, sum)))};
        });
    Value slope = k.apply<arith::SubFOp>(
        zero, k.apply<arith::MulFOp>(sums[0], reciprocal));
    SmallVector<Value> at{tile.batch, tile.head, tile.start};
    k.store(reciprocal, k.argument(reciprocals), at, tile.rows, kToken);
    k.store(slope, k.argument(slopes), at, tile.rows, kToken);
    if (k.isWanted(op.getQueryGrad())) {
      Value mean = k.fma(slope, n, sums[0]); // 0, but for rounding
      Value g = k.apply<arith::MulFOp>(loadTile(k, op.getOutputGrad(), tile),
                                       reciprocal);
      Value target = k.buffer(op.getQueryGrad());
      k.repeat(depth / columns, {}, [&](Value i, ValueRange) {
        Value column = k.mul(i, columns);
        Value from =
            k.fma(slope, loadTotal(k, total, tile.batch, head, column, columns),
                  k.splat(0.0, {rows, columns}));
        Value gradient =
            timesTransposed(k, g, state, tile.batch, head, column, from);
        storeFeatureGradient(k, op.getQuery(), features, gradient, mean, target,
                             tile, column);
        return TileBuilder::Values();
      });
    }
    k.finish(launch, kShare);
  }

  /// T and y; a work item takes some columns of T.
  void launchStateGrad() {
    int64_t columns = columnsPerItem(depth), tokens = query.getDimSize(kToken);
    // The warps of a CTA must be of one head.
    tile::ScheduleAttr all = context.schedule;
    auto schedule = tile::ScheduleAttr::get(
        op.getContext(), all.getRows(), all.getCols(),
        std::gcd(all.getWarps(), depth / columns), all.getStages());
    int64_t group = query.getDimSize(kHead) / keys.getDimSize(kHead);
    KernelBuilder k(
        context.host, launch.getLoc(), name + "_grad",
        {keys.getDimSize(kBatch), keys.getDimSize(kHead), depth / columns},
        schedule);
    Value batch = k.item()[0], keyHead = k.item()[1],
          column = k.mul(k.item()[2], columns);
    Value queries = k.buffer(op.getQuery());
    Value gradients =
        shares ? k.argument(shares) : k.buffer(op.getOutputGrad());
    Value slopesBuffer = k.argument(slopes);
    Value reciprocalsBuffer = shares ? Value() : k.argument(reciprocals);
    auto step = [&](Value head, Value first, int64_t width, Value exist,
                    ValueRange carried) {
      Value x = k.toF32(k.load(queries, {batch, head, first, k.index(0)},
                               {width, depth}, exist));
      // Queries that do not exist have a gradient and a slope of 0.
      Value g = k.toF32(k.load(gradients, {batch, head, first, column},
                               {width, columns}, exist));
      auto loadNumbers = [&](Value buffer) {
        return k.load(buffer, {batch, head, first}, {width, 1}, exist, kToken);
      };
      if (reciprocalsBuffer)
        g = k.apply<arith::MulFOp>(g, loadNumbers(reciprocalsBuffer));
      Value features = Features(k, op.getPhi(), x).whole;
      Value y = k.apply<arith::AddFOp>(
          carried[1], k.sumRows(k.apply<arith::MulFOp>(
                          features, loadNumbers(slopesBuffer))));
      Value transposed = tile::TransposeOp::create(
          k.b, k.loc, k.tileType({depth, width}, k.b.getF32Type()), features);
      return TileBuilder::Values{
          k.exactDot(transposed, g, carried[0], /*transposed=*/false), y};
    };
    int64_t full = tokens / cols, rest = tokens % cols;
    TileBuilder::Values sums{k.splat(0.0, {depth, columns}),
                             k.splat(0.0, {1, depth})};
    sums = k.repeat(group, sums, [&](Value i, ValueRange carried) {
      Value head = k.add(k.mul(keyHead, group), i);
      TileBuilder::Values inner =
          k.repeat(full, carried, [&](Value j, ValueRange values) {
            return step(head, k.mul(j, cols), cols, Value(), values);
          });
      if (rest == 0)
        return inner;
      int64_t width = context.widenDots ? tailCols(rest, cols) : cols;
      return step(head, k.index(full * cols), width,
                  width == rest ? Value() : k.index(rest), inner);
    });
    storeColumns(k, sums, stateGrad, totalGrad, batch, keyHead, column);
    k.finish(launch, kShare);
  }

  void launchKeys() {
    RowGrid grid = RowGrid::plain(keys, context.schedule);
    KernelBuilder k(context.host, launch.getLoc(), name, grid.items(),
                    context.schedule);
    RowTile tile = k.rowTile(grid);
    Features features(k, op.getPhi(), loadTile(k, op.getKeys(), tile));
    Value y = loadTotal(k, totalGrad, tile.batch, tile.head, k.index(0), depth);
    Value mean = k.sumCols(k.apply<arith::MulFOp>(features.whole, y));
    // The sum of phi(k) times its gradient is that of v times v's gradient and
    // of phi(k) times y.
    Value values =
        k.isWanted(op.getValuesGrad()) ? k.buffer(op.getValuesGrad()) : Value();
    mean = k.repeat(depth / columns, {mean}, [&](Value i, ValueRange carried) {
      Value column = k.mul(i, columns);
      Value gradient =
          timesSum(k, features.whole, stateGrad, tile.batch, tile.head, column);
      if (values)
        storeColumnsOf(k, gradient, values, tile, column);
      Value v = loadColumns(k, op.getValues(), tile, column);
      return TileBuilder::Values{k.apply<arith::AddFOp>(
          carried[0], k.sumCols(k.apply<arith::MulFOp>(v, gradient)))};
    })[0];
    if (k.isWanted(op.getKeysGrad())) {
      Value v = loadTile(k, op.getValues(), tile);
      Value target = k.buffer(op.getKeysGrad());
      k.repeat(depth / columns, {}, [&](Value i, ValueRange) {
        Value column = k.mul(i, columns);
        Value from = k.broadcast(
            loadTotal(k, totalGrad, tile.batch, tile.head, column, columns),
            {rows, columns});
        Value gradient = timesTransposed(k, v, stateGrad, tile.batch, tile.head,
                                         column, from);
        storeFeatureGradient(k, op.getKeys(), features, gradient, mean, target,
                             tile, column);
        return TileBuilder::Values();
      });
    }
    k.finish(launch, kShare);
  }

  const LaunchContext &context;
  LaunchOp launch;
  LinearAttendGradOp op;
  std::string name;
  RankedTensorType query, keys;
  int64_t depth, rows, cols;
  int64_t columns; ///< of one product
  // Workspaces, all of f32.
  Value state, total;         ///< S [B, Hkv, D, D], z [B, Hkv, 1, D]
  Value reciprocals, slopes;  ///< 1 / n and h, [B, H, M]
  Value shares;               ///< g, [B, H, M, D]; null on a CPU
  Value stateGrad, totalGrad; ///< T and y, as S and z
};
} // namespace

LogicalResult llsa::lowerLinearAttendGrad(const LaunchContext &context,
                                          LinearAttendGradOp op) {
  LinearGradLowering(context, op).run();
  return success();
}

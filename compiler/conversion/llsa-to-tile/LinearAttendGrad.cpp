//===- LinearAttendGrad.cpp - gradients of linear attention, four kernels -===//
//
//   state   S and z of the forward, per key head
//   query   dq; per query 1 / n and h, which the next kernel needs
//   grad    T and y, per key head, over the query heads that share it
//   (last)  dk, dv
//
// See `llsa.linear_attend_grad` for the letters.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/LinearState.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace llsa;

/// The gradient of x, given y = phi(x) and its gradient.
static Value featureGradient(KernelBuilder &k, FeatureMap phi, Value x, Value y,
                             Value gradient) {
  Value zero = k.splat(0.0, {});
  switch (phi) {
  case FeatureMap::Softmax: {
    Value mean = k.sumCols(k.apply<arith::MulFOp>(y, gradient));
    return k.apply<arith::MulFOp>(y, k.apply<arith::SubFOp>(gradient, mean));
  }
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
        rows(context.schedule.getRows()), cols(context.schedule.getCols()) {}

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
    launchQueries();
    int64_t batch = keys.getDimSize(kBatch), heads = keys.getDimSize(kHead);
    stateGrad = allocate({batch, heads, depth, depth});
    totalGrad = allocate({batch, heads, 1, depth});
    launchStateGrad();
    launchKeys();
  }

private:
  static constexpr double kShare = 0.25; ///< of the launch's cost

  Value loadTile(KernelBuilder &k, Value tensor, const RowTile &tile) {
    return k.toF32(k.load(k.buffer(tensor),
                          {tile.batch, tile.head, tile.start, k.index(0)},
                          {rows, depth}, tile.rows));
  }
  void storeTile(KernelBuilder &k, Value value, Value result,
                 const RowTile &tile) {
    if (k.isWanted(result))
      k.store(value, k.buffer(result),
              {tile.batch, tile.head, tile.start, k.index(0)}, tile.rows);
  }
  Value loadHead(KernelBuilder &k, Value buffer, Value batch, Value head,
                 int64_t height) {
    return k.load(k.argument(buffer), {batch, head, k.index(0), k.index(0)},
                  {height, depth});
  }

  void launchQueries() {
    RowGrid grid = RowGrid::plain(query, context.schedule);
    KernelBuilder k(context.host, launch.getLoc(), name + "_query",
                    grid.items(), context.schedule);
    RowTile tile = k.rowTile(grid);
    Value head = keyHead(k, tile.head, op.getQuery(), op.getKeys());
    Value x = loadTile(k, op.getQuery(), tile);
    Value gradient = loadTile(k, op.getOutputGrad(), tile);
    Value features = featureMap(k, op.getPhi(), x);
    Value s = loadHead(k, state, tile.batch, head, depth),
          z = loadHead(k, total, tile.batch, head, 1);
    Value n = k.dot(features, z, k.splat(0.0, {rows, 1}), /*transposed=*/true);
    Value sum =
        k.dot(features, s, k.splat(0.0, {rows, depth}), /*transposed=*/false);
    Value zero = k.splat(0.0, {rows, 1});
    Value reciprocal = k.apply<arith::DivFOp>(k.splat(1.0, {rows, 1}), n);
    reciprocal = k.select(k.equalFloat(n, zero), zero, reciprocal);
    Value g = k.apply<arith::MulFOp>(gradient, reciprocal);
    Value output = k.apply<arith::MulFOp>(sum, reciprocal);
    Value slope = k.apply<arith::SubFOp>(
        zero, k.sumCols(k.apply<arith::MulFOp>(g, output)));
    SmallVector<Value> at{tile.batch, tile.head, tile.start};
    k.store(reciprocal, k.argument(reciprocals), at, tile.rows, kToken);
    k.store(slope, k.argument(slopes), at, tile.rows, kToken);
    Value from = k.fma(slope, z, k.splat(0.0, {rows, depth}));
    Value featureGrad = k.dot(g, s, from, /*transposed=*/true);
    storeTile(k, featureGradient(k, op.getPhi(), x, features, featureGrad),
              op.getQueryGrad(), tile);
    k.finish(launch, kShare);
  }

  /// T and y; a work item takes some columns of T.
  void launchStateGrad() {
    int64_t columns = columnsPerItem(depth), tokens = query.getDimSize(kToken);
    int64_t group = query.getDimSize(kHead) / keys.getDimSize(kHead);
    KernelBuilder k(
        context.host, launch.getLoc(), name + "_grad",
        {keys.getDimSize(kBatch), keys.getDimSize(kHead), depth / columns},
        context.schedule);
    Value batch = k.item()[0], keyHead = k.item()[1],
          column = k.mul(k.item()[2], columns);
    Value queries = k.buffer(op.getQuery()),
          gradients = k.buffer(op.getOutputGrad());
    Value byQuery[] = {k.argument(reciprocals), k.argument(slopes)};
    auto step = [&](Value head, Value first, int64_t width, Value exist,
                    ValueRange carried) {
      Value x = k.toF32(k.load(queries, {batch, head, first, k.index(0)},
                               {width, depth}, exist));
      Value g = k.toF32(k.load(gradients, {batch, head, first, column},
                               {width, columns}, exist));
      // Queries that do not exist have a reciprocal and a slope of 0.
      Value loaded[2];
      for (int i : {0, 1})
        loaded[i] =
            k.load(byQuery[i], {batch, head, first}, {width, 1}, exist, kToken);
      g = k.apply<arith::MulFOp>(g, loaded[0]);
      Value features = featureMap(k, op.getPhi(), x);
      Value y = k.apply<arith::AddFOp>(
          carried[1], k.sumRows(k.apply<arith::MulFOp>(features, loaded[1])));
      Value transposed = tile::TransposeOp::create(
          k.b, k.loc, k.tileType({depth, width}, k.b.getF32Type()), features);
      return TileBuilder::Values{
          k.dot(transposed, g, carried[0], /*transposed=*/false), y};
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
      int64_t width = tailCols(rest, cols);
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
    Value x = loadTile(k, op.getKeys(), tile);
    Value v = loadTile(k, op.getValues(), tile);
    Value features = featureMap(k, op.getPhi(), x);
    Value t = loadHead(k, stateGrad, tile.batch, tile.head, depth),
          y = loadHead(k, totalGrad, tile.batch, tile.head, 1);
    Value featureGrad =
        k.dot(v, t, k.broadcast(y, {rows, depth}), /*transposed=*/true);
    storeTile(k, featureGradient(k, op.getPhi(), x, features, featureGrad),
              op.getKeysGrad(), tile);
    storeTile(k,
              k.dot(features, t, k.splat(0.0, {rows, depth}),
                    /*transposed=*/false),
              op.getValuesGrad(), tile);
    k.finish(launch, kShare);
  }

  const LaunchContext &context;
  LaunchOp launch;
  LinearAttendGradOp op;
  std::string name;
  RankedTensorType query, keys;
  int64_t depth, rows, cols;
  // Workspaces, all of f32.
  Value state, total;         ///< S [B, Hkv, D, D], z [B, Hkv, 1, D]
  Value reciprocals, slopes;  ///< 1 / n and h, [B, H, M]
  Value stateGrad, totalGrad; ///< T and y, as S and z
};
} // namespace

LogicalResult llsa::lowerLinearAttendGrad(const LaunchContext &context,
                                          LinearAttendGradOp op) {
  // Its kernels take the warps of a CTA for independent, and products in f32.
  if (!context.widenDots)
    return op.emitOpError() << "has no lowering for the GPU target";
  LinearGradLowering(context, op).run();
  return success();
}

//===- LinearAttend.cpp - linear attention in two kernels -----------------===//
//
// The first kernel sums phi(k_j)^T v_j (D x D, called the state) and phi(k_j)
// (1 x D, called the total) per key head, into f32 workspaces; a work item
// takes some columns of v and with them some columns of the state. The second
// applies both to tiles of queries.
//
// On a GPU, where tiles live in registers, steps take few keys, and the state
// is applied a few columns at a time.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <numeric>

using namespace mlir;
using namespace llsa;

/// The feature map of a tile of f32 rows.
static Value featureMap(KernelBuilder &k, FeatureMap phi, Value x) {
  Value log2E = k.splat(1.4426950408889634074, {});
  switch (phi) {
  case FeatureMap::Softmax: {
    Value shifted = k.apply<arith::SubFOp>(x, k.maxCols(x));
    Value e = k.apply<math::Exp2Op>(k.apply<arith::MulFOp>(shifted, log2E));
    return k.apply<arith::DivFOp>(e, k.sumCols(e));
  }
  case FeatureMap::EluPlusOne: { // x + 1 above 0, exp(x) below
    Value e = k.apply<math::Exp2Op>(k.apply<arith::MulFOp>(x, log2E));
    Value above = k.apply<arith::AddFOp>(x, k.splat(1.0, {}));
    return k.select(k.greaterFloat(x, k.splat(0.0, {})), above, e);
  }
  case FeatureMap::Relu:
    return k.apply<arith::MaximumFOp>(x, k.splat(0.0, {}));
  }
  llvm_unreachable("all feature maps are above");
}

/// State columns of one work item: few, so that there are several work items
/// per head, and a divisor of the depth.
static int64_t columnsPerItem(int64_t depth) {
  for (int64_t columns : {16, 8})
    if (depth % columns == 0)
      return columns;
  return depth;
}

/// Keys of a step on a GPU: the depth of one product.
static constexpr int64_t kGpuKeys = 16;

static void emitState(KernelBuilder &k, const LaunchContext &context,
                      LinearAttendOp op, Value stateBuffer, Value totalBuffer) {
  auto keys = cast<RankedTensorType>(op.getKeys().getType());
  int64_t tokens = keys.getDimSize(kToken), depth = keys.getDimSize(kDepth);
  int64_t columns = columnsPerItem(depth);
  int64_t cols = context.widenDots ? context.schedule.getCols() : kGpuKeys;
  Value batch = k.item()[0], head = k.item()[1],
        column = k.mul(k.item()[2], columns);
  Value keyBuffer = k.buffer(op.getKeys()),
        valueBuffer = k.buffer(op.getValues());
  auto step = [&](Value first, int64_t width, Value exist, ValueRange carried) {
    Value x = k.load(keyBuffer, {batch, head, first, k.index(0)},
                     {width, depth}, exist);
    Value v = k.load(valueBuffer, {batch, head, first, column},
                     {width, columns}, exist);
    Value features = featureMap(k, op.getPhi(), k.toF32(x));
    if (exist) { // phi(0) is not 0
      Value ids = k.broadcast(k.range(k.index(0), {width, 1}), {width, depth});
      features = k.select(k.less(ids, k.repeated(exist, {width, 1})), features,
                          k.splat(0.0, {}));
    }
    Value total = k.apply<arith::AddFOp>(carried[1], k.sumRows(features));
    v = dotOperand(k, v, context.widenDots);
    Value a = k.fromF32(features, tileTypeOf(v).getElementType());
    Type element = tileTypeOf(a).getElementType();
    Value transposed = tile::TransposeOp::create(
        k.b, k.loc, k.tileType({depth, width}, element), a);
    return TileBuilder::Values{
        k.dot(transposed, v, carried[0], /*transposed=*/false), total};
  };
  int64_t full = tokens / cols, rest = tokens % cols;
  TileBuilder::Values sums{k.splat(0.0, {depth, columns}),
                           k.splat(0.0, {1, depth})};
  sums = k.repeat(full, sums, [&](Value i, ValueRange carried) {
    return step(k.mul(i, cols), cols, Value(), carried);
  });
  if (rest != 0) {
    int64_t width = context.widenDots ? tailCols(rest, cols) : cols;
    sums = step(k.index(full * cols), width,
                width == rest ? Value() : k.index(rest), sums);
  }
  k.store(sums[0], k.argument(stateBuffer), {batch, head, k.index(0), column});
  // Every column's item has the same total; the first one stores it.
  Value isFirst = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq,
                                        column, k.index(0));
  Value target = k.argument(totalBuffer);
  SmallVector<Value> origin{batch, head, k.index(0), k.index(0)};
  auto branch =
      scf::IfOp::create(k.b, k.loc, isFirst, /*withElseRegion=*/false);
  k.b.setInsertionPoint(branch.thenYield());
  k.store(sums[1], target, origin);
}

static void emitApply(KernelBuilder &k, const LaunchContext &context,
                      const RowGrid &grid, LinearAttendOp op, Value stateBuffer,
                      Value totalBuffer) {
  auto query = cast<RankedTensorType>(op.getQuery().getType());
  int64_t rows = grid.rows, depth = query.getDimSize(kDepth);
  RowTile tile = k.rowTile(grid);
  Value head = keyHead(k, tile.head, op.getQuery(), op.getKeys());
  SmallVector<Value> indices{tile.batch, tile.head, tile.start, k.index(0)};
  SmallVector<Value> origin{tile.batch, head, k.index(0), k.index(0)};
  Value x = k.load(k.buffer(op.getQuery()), indices, {rows, depth}, tile.rows);
  Value features = featureMap(k, op.getPhi(), k.toF32(x));
  Value total = k.load(k.argument(totalBuffer), origin, {1, depth});
  Value weight = k.sumCols(k.apply<arith::MulFOp>(features, total));
  Value zero = k.splat(0.0, {rows, 1});
  Value reciprocal = k.apply<arith::DivFOp>(k.splat(1.0, {rows, 1}), weight);
  reciprocal = k.select(k.equalFloat(weight, zero), zero, reciprocal);
  // The sums run over all keys and may exceed what f16 holds: f32, whatever
  // the target does with the other dots.
  Value state = k.argument(stateBuffer), target = k.buffer(op.getResult());
  int64_t columns = context.widenDots ? depth : columnsPerItem(depth);
  k.repeat(depth / columns, {}, [&](Value i, ValueRange) {
    origin[3] = indices[3] = k.mul(i, columns);
    Value sum = k.dot(features, k.load(state, origin, {depth, columns}),
                      k.splat(0.0, {rows, columns}), /*transposed=*/false);
    Value output = k.apply<arith::MulFOp>(sum, reciprocal);
    k.store(k.fromF32(output, query.getElementType()), target, indices,
            tile.rows);
    return TileBuilder::Values();
  });
}

LogicalResult llsa::lowerLinearAttend(const LaunchContext &context,
                                      LinearAttendOp op) {
  LaunchOp launch = context.launch;
  auto query = cast<RankedTensorType>(op.getQuery().getType());
  auto keys = cast<RankedTensorType>(op.getKeys().getType());
  int64_t batch = keys.getDimSize(kBatch), heads = keys.getDimSize(kHead);
  int64_t depth = keys.getDimSize(kDepth);
  Type f32 = Float32Type::get(launch.getContext());
  Value state = context.host.allocate(
      MemRefType::get({batch, heads, depth, depth}, f32), launch.getLoc());
  Value total = context.host.allocate(
      MemRefType::get({batch, heads, 1, depth}, f32), launch.getLoc());
  std::string name = launch.getName().str();
  {
    // The warps of a CTA must be of one head.
    int64_t items = depth / columnsPerItem(depth);
    tile::ScheduleAttr all = context.schedule;
    auto schedule = tile::ScheduleAttr::get(
        launch.getContext(), all.getRows(), all.getCols(),
        std::gcd(all.getWarps(), items), all.getStages(),
        /*privateCols=*/0, /*ctas=*/0, /*privateStages=*/0);
    KernelBuilder k(context.host, launch.getLoc(), name + "_state",
                    {batch, heads, items}, schedule);
    emitState(k, context, op, state, total);
    k.finish(launch, /*share=*/0.5);
  }
  RowGrid grid = RowGrid::plain(query, context.schedule);
  KernelBuilder k(context.host, launch.getLoc(), name, grid.items(),
                  context.schedule);
  emitApply(k, context, grid, op, state, total);
  k.finish(launch, /*share=*/0.5);
  return success();
}

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

#include "compiler/conversion/llsa-to-tile/LinearState.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace llsa;

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
  Value features = Features(k, op.getPhi(), k.toF32(x)).whole;
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
    Value sum = k.exactDot(features, k.load(state, origin, {depth, columns}),
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
  std::string name = launch.getName().str();
  auto [state, total] =
      launchLinearState(context, name + "_state", op.getKeys(), op.getValues(),
                        op.getPhi(), /*share=*/0.5);
  RowGrid grid = RowGrid::plain(query, context.schedule);
  KernelBuilder k(context.host, launch.getLoc(), name, grid.items(),
                  context.schedule);
  emitApply(k, context, grid, op, state, total);
  k.finish(launch, /*share=*/0.5);
  return success();
}

//===- KeyGradKernels.cpp - what kernels of key gradients share -----------===//

#include "compiler/conversion/llsa-to-tile/KeyGradKernels.h"
#include "compiler/conversion/llsa-to-tile/KeyGradCuts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace llsa;

KeyGradKernels::KeyGradKernels(const LaunchContext &context, AttendKeyGradOp op,
                               ArrayRef<Operation *> epilogue)
    : context(context), op(op), epilogue(epilogue), form(op),
      source(form.sources.front()), keys(tensorOf(op.getKeys())),
      rows(context.schedule.getRows()),
      queryHeads(tensorOf(form.query).getDimSize(kHead)),
      group(queryHeads / keys.getDimSize(kHead)),
      block(op.getOffsets() ? source.getBlock() : 0),
      lists(op.getOffsets() ? tensorOf(op.getOffsets()).getDimSize(2) - 1 : 0) {
}

KernelBuilder KeyGradKernels::kernel(StringRef suffix, ArrayRef<int64_t> items,
                                     tile::ScheduleAttr schedule) {
  LaunchOp launch = context.launch;
  return KernelBuilder(context.host, launch.getLoc(),
                       (launch.getName() + suffix).str(), items, schedule);
}

RowGrid KeyGradKernels::grid(tile::ScheduleAttr schedule) {
  return op.getOffsets() ? RowGrid::granular(keys, block, schedule)
                         : RowGrid::plain(keys, schedule);
}

LogicalResult KeyGradKernels::finish(KernelBuilder &k, const RowGrid &grid,
                                     const RowTile &tile, State state,
                                     double share) {
  Value dk = k.apply<arith::MulFOp>(state[0], k.splat(form.scale, {}));
  DenseMap<Value, Value> tiles;
  tiles[op.getKeysGrad()] = store(k, tile, dk, op.getKeysGrad());
  tiles[op.getValuesGrad()] = store(k, tile, state[1], op.getValuesGrad());
  if (failed(emitEpilogue(k, epilogue, tile, grid, tiles, context.widenDots)))
    return failure();
  LaunchOp launch = context.launch;
  k.finish(launch, share);
  return success();
}

/// The gradient in the result's type, stored where it is wanted.
Value KeyGradKernels::store(KernelBuilder &k, const RowTile &tile,
                            Value gradient, Value result) {
  Value rounded = k.fromF32(gradient, tensorOf(result).getElementType());
  if (k.isWanted(result))
    k.store(rounded, k.buffer(result),
            {tile.batch, tile.head, tile.start, k.index(0)}, tile.rows);
  return rounded;
}

//===----------------------------------------------------------------------===//
// Sums of pieces
//===----------------------------------------------------------------------===//

KeyGradSums KeyGradKernels::allocateSums(int64_t tokens, Type element) {
  auto type = MemRefType::get(
      {keys.getDimSize(kBatch), queryHeads, tokens, keys.getDimSize(kDepth)},
      element);
  LaunchOp launch = context.launch;
  return {context.host.allocate(type, launch.getLoc()),
          context.host.allocate(type, launch.getLoc())};
}

tile::ScheduleAttr KeyGradKernels::sumSchedule(bool descending) const {
  constexpr int64_t kSumRows = 8;
  return tile::ScheduleAttr::get(
      keys.getContext(), std::min(rows, kSumRows), context.schedule.getCols(),
      /*warps=*/1, /*stages=*/1, /*privateCols=*/0, /*ctas=*/0,
      /*privateStages=*/0, /*queries=*/0, /*list=*/0, /*persistent=*/false,
      descending);
}

//===----------------------------------------------------------------------===//
// Lists
//===----------------------------------------------------------------------===//

KeyGradKernels::State KeyGradKernels::walkLists(
    KernelBuilder &k, const RowTile &tile, TileSize size,
    llvm::function_ref<State(const List &, ValueRange)> body) {
  Value number = k.div(tile.start, block);
  Value inBlock = k.sub(tile.start, k.mul(number, block));
  Value zero = k.splat(0.0, size);
  return k.repeat(group, {zero, zero}, [&](Value i, ValueRange carried) {
    Value head = k.add(k.mul(tile.head, group), i);
    auto [from, to] = listBounds(k, op, tile.batch, head, number);
    return body({head, number, inBlock, from, to}, carried);
  });
}

Value KeyGradKernels::rowOf(KernelBuilder &k, Value piece, Value inBlock) {
  return k.add(k.mul(piece, block), inBlock);
}

/// Rows of the tile before its block's end; null: all.
Value KeyGradKernels::rowsInBlock(KernelBuilder &k, Value inBlock) {
  if (block % rows == 0)
    return Value();
  return k.min(k.index(rows), k.sub(k.index(block), inBlock));
}

Value KeyGradKernels::rowsOf(KernelBuilder &k, const RowTile &tile,
                             Value inBlock) {
  Value exist = rowsInBlock(k, inBlock);
  if (keys.getDimSize(kToken) % block != 0)
    exist = k.min(exist ? exist : k.index(rows),
                  k.sub(k.index(keys.getDimSize(kToken)), tile.start));
  return exist;
}

Value KeyGradKernels::askedRowsOf(KernelBuilder &k, const RowTile &tile,
                                  Value inBlock) {
  Value inside = rowsInBlock(k, inBlock);
  return inside ? inside : tile.rows;
}

//===- LinearState.cpp - what keys and values leave for linear attention --===//

#include "compiler/conversion/llsa-to-tile/LinearState.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <numeric>

using namespace mlir;
using namespace llsa;

/// e^x as 2^(x log2 e).
static Value naturalExp(KernelBuilder &k, Value x) {
  Value log2E = k.splat(1.4426950408889634074, {});
  return k.apply<math::Exp2Op>(k.apply<arith::MulFOp>(x, log2E));
}

Features::Features(KernelBuilder &k, FeatureMap phi, Value x) : k(k), phi(phi) {
  if (phi != FeatureMap::Softmax) {
    whole = columns(x);
    return;
  }
  max = k.maxCols(x);
  Value e = naturalExp(k, k.apply<arith::SubFOp>(x, max));
  sum = k.sumCols(e);
  whole = k.apply<arith::DivFOp>(e, sum);
}

Value Features::columns(Value x) const {
  switch (phi) {
  case FeatureMap::Softmax:
    return k.apply<arith::DivFOp>(naturalExp(k, k.apply<arith::SubFOp>(x, max)),
                                  sum);
  case FeatureMap::EluPlusOne: { // x + 1 above 0, exp(x) below
    Value above = k.apply<arith::AddFOp>(x, k.splat(1.0, {}));
    return k.select(k.greaterFloat(x, k.splat(0.0, {})), above,
                    naturalExp(k, x));
  }
  case FeatureMap::Relu:
    return k.apply<arith::MaximumFOp>(x, k.splat(0.0, {}));
  }
  llvm_unreachable("all feature maps are above");
}

int64_t llsa::columnsPerItem(int64_t depth) {
  for (int64_t columns : {16, 8})
    if (depth % columns == 0)
      return columns;
  return depth;
}

void llsa::storeColumns(KernelBuilder &k, ValueRange sums, Value state,
                        Value total, Value batch, Value head, Value column) {
  k.store(sums[0], k.argument(state), {batch, head, k.index(0), column});
  Value isFirst = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq,
                                        column, k.index(0));
  Value target = k.argument(total);
  SmallVector<Value> origin{batch, head, k.index(0), k.index(0)};
  auto branch =
      scf::IfOp::create(k.b, k.loc, isFirst, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPoint(branch.thenYield());
  k.store(sums[1], target, origin);
}

/// Keys of a step on a GPU: the depth of one product.
static constexpr int64_t kGpuKeys = 16;

static void emitState(KernelBuilder &k, const LaunchContext &context,
                      Value keyTensor, Value valueTensor, FeatureMap phi,
                      Value stateBuffer, Value totalBuffer) {
  auto keys = cast<RankedTensorType>(keyTensor.getType());
  int64_t tokens = keys.getDimSize(kToken), depth = keys.getDimSize(kDepth);
  int64_t columns = columnsPerItem(depth);
  int64_t cols = context.widenDots ? context.schedule.getCols() : kGpuKeys;
  Value batch = k.item()[0], head = k.item()[1],
        column = k.mul(k.item()[2], columns);
  Value keyBuffer = k.buffer(keyTensor), valueBuffer = k.buffer(valueTensor);
  auto step = [&](Value first, int64_t width, Value exist, ValueRange carried) {
    Value x = k.load(keyBuffer, {batch, head, first, k.index(0)},
                     {width, depth}, exist);
    Value v = k.load(valueBuffer, {batch, head, first, column},
                     {width, columns}, exist);
    Value features = Features(k, phi, k.toF32(x)).whole;
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
        k.exactDot(transposed, v, carried[0], /*transposed=*/false), total};
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
  storeColumns(k, sums, stateBuffer, totalBuffer, batch, head, column);
}

std::pair<Value, Value> llsa::launchLinearState(const LaunchContext &context,
                                                StringRef name, Value keys,
                                                Value values, FeatureMap phi,
                                                double share) {
  LaunchOp launch = context.launch;
  auto type = cast<RankedTensorType>(keys.getType());
  int64_t batch = type.getDimSize(kBatch), heads = type.getDimSize(kHead);
  int64_t depth = type.getDimSize(kDepth);
  Type f32 = Float32Type::get(launch.getContext());
  Value state = context.host.allocate(
      MemRefType::get({batch, heads, depth, depth}, f32), launch.getLoc());
  Value total = context.host.allocate(
      MemRefType::get({batch, heads, 1, depth}, f32), launch.getLoc());
  // The warps of a CTA must be of one head.
  int64_t items = depth / columnsPerItem(depth);
  tile::ScheduleAttr all = context.schedule;
  auto schedule =
      tile::ScheduleAttr::get(launch.getContext(), all.getRows(), all.getCols(),
                              std::gcd(all.getWarps(), items), all.getStages());
  KernelBuilder k(context.host, launch.getLoc(), name, {batch, heads, items},
                  schedule);
  emitState(k, context, keys, values, phi, state, total);
  k.finish(launch, share);
  return {state, total};
}

//===- Dot.cpp - matrix products in registers -----------------------------===//
//
// result[:, n] = acc[:, n] + sum_k a[:, k] * b(k, n)
//
// Rows lie in lanes. A register tile is `columns` columns of `lanes` rows: per
// k it loads one vector of a, `columns` scalars of b, and does `columns` fused
// multiply-adds. The number of columns is what the registers hold, so that the
// multiply-adds are independent and the loop runs at their throughput.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-vector/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace llsa::tile;

/// How many products are summed one after the other before the sum is added to
/// the result. Rounding errors of one long chain would be those of a sum of
/// `depth` terms; frameworks sum in several partial sums, and so do we.
static constexpr int64_t kRun = 16;

LogicalResult KernelLowering::lowerDot(DotOp op) {
  Type f32 = builder.getF32Type();
  if (elementOf(op.getA()) != f32)
    return op.emitOpError()
           << "of " << elementOf(op.getA())
           << " has no lowering for the CPU target, which multiplies f32";
  Value a = materialize(op.getA(), Layout::Rows);
  Value b = materialize(op.getB(), Layout::Cols);
  Value result = destinations.lookup(op.getResult());
  if (!result)
    result = allocateFor(op.getResult(), Layout::Rows);
  prepare(op.getAcc(), Layout::Rows);

  int64_t rows = rowsOf(op.getResult()), cols = colsOf(op.getResult());
  int64_t lanes = chunkOf(op.getResult(), Layout::Rows);
  int64_t registersPerColumn = llvm::divideCeil(lanes * 4, target.bytes);
  // Room for one vector of a and one repeated scalar of b.
  int64_t most = std::max<int64_t>(
      1, (target.registers - registersPerColumn - 1) / registersPerColumn);
  int64_t columns = std::min<int64_t>(cols, most);
  // One column less may leave no remainder; fewer would leave the units idle.
  for (int64_t c = columns; c >= std::max<int64_t>(1, most - 1); --c)
    if (cols % c == 0) {
      columns = c;
      break;
    }

  auto overColumns = [&](Value lane) {
    int64_t full = cols / columns * columns;
    if (full > 0)
      loop(index(0), index(full), columns, [&](Value n) {
        prefetchNext(op, n, columns);
        dotColumns(op, a, b, result, n, columns, lane, lanes);
      });
    if (full < cols)
      dotColumns(op, a, b, result, index(full), cols - full, lane, lanes);
  };
  if (lanes == rows)
    overColumns(index(0));
  else
    loop(index(0), index(rows), lanes, overColumns);
  buffers[int(Layout::Rows)][op.getResult()] = result;
  return success();
}

void KernelLowering::dotColumns(DotOp op, Value a, Value b, Value result,
                                Value firstColumn, int64_t columns,
                                Value firstLane, int64_t lanes) {
  auto type = VectorType::get(lanes, builder.getF32Type());
  SmallVector<Value> column, accumulators;
  for (int64_t j = 0; j < columns; ++j) {
    column.push_back(
        arith::AddIOp::create(builder, loc, firstColumn, index(j)));
    Memo memo;
    accumulators.push_back(evaluate(
        op.getAcc(), {Layout::Rows, column[j], firstLane, lanes}, memo));
  }
  auto multiplyAdd = [&](Value k, ValueRange carried) {
    Value left =
        vector::LoadOp::create(builder, loc, type, a, ValueRange{k, firstLane});
    SmallVector<Value> next;
    Value skipped;
    if (op.getSkipNegativeZero()) {
      auto bits = VectorType::get(lanes, builder.getI32Type());
      Value minusZero = arith::ConstantOp::create(
          builder, loc, DenseElementsAttr::get(bits, int32_t(0x80000000)));
      skipped = arith::CmpIOp::create(
          builder, loc, arith::CmpIPredicate::eq,
          arith::BitcastOp::create(builder, loc, bits, left), minusZero);
    }
    for (int64_t j = 0; j < columns; ++j) {
      SmallVector<Value> place{k, column[j]};
      if (op.getTransposeB())
        std::swap(place[0], place[1]);
      Value right =
          splat(memref::LoadOp::create(builder, loc, b, place), lanes);
      Value sum = vector::FMAOp::create(builder, loc, left, right, carried[j]);
      if (skipped)
        sum = arith::SelectOp::create(builder, loc, skipped, carried[j], sum);
      next.push_back(sum);
    }
    return next;
  };
  // One partial sum per run, added to the result.
  SmallVector<Value> zeros(columns, zero(type));
  auto addRun = [&](Value first, int64_t length, ValueRange total) {
    Value last = arith::AddIOp::create(builder, loc, first, index(length));
    SmallVector<Value> partial = loop(first, last, 1, zeros, multiplyAdd);
    for (int64_t j = 0; j < columns; ++j)
      partial[j] = arith::AddFOp::create(builder, loc, total[j], partial[j]);
    return partial;
  };
  int64_t depth = colsOf(op.getA()), inRuns = depth / kRun * kRun;
  if (depth <= kRun && matchPattern(op.getAcc(), m_AnyZeroFloat())) {
    accumulators = loop(index(0), index(depth), 1, accumulators, multiplyAdd);
  } else {
    if (inRuns > 0)
      accumulators = loop(index(0), index(inRuns), kRun, accumulators,
                          [&](Value first, ValueRange total) {
                            return addRun(first, kRun, total);
                          });
    if (inRuns < depth)
      accumulators = addRun(index(inRuns), depth - inRuns, accumulators);
  }
  for (int64_t j = 0; j < columns; ++j)
    vector::StoreOp::create(builder, loc, accumulators[j], result,
                            ValueRange{column[j], firstLane});
}

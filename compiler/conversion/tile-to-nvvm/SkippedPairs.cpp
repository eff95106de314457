//===- SkippedPairs.cpp - products with pairs that do not count -----------===//
//
// A pair that does not count has a left element of -0, which a tensor core
// multiplies like any other: it does no harm unless the right element is
// infinite or NaN, and then the sum is NaN. So a product is right where it is
// not NaN. A warp that finds a new NaN multiplies once more, with 0 for what is
// infinite or NaN on the right, and adds the products with that element by
// element, without those that do not count. So a sum to which nothing infinite
// belongs is, bit by bit, what it would be without the infinity.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/SaveAndRestore.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace llsa::gpu;
using namespace llsa::tile;

/// A value or pair of lane `from`.
Value KernelLowering::shuffled(Value x, Value from) {
  Type type = x.getType();
  if (!isa<VectorType>(type))
    return nvvm.shuffle(loc, x, from);
  x = LLVM::BitcastOp::create(builder, loc, builder.getI32Type(), x);
  return LLVM::BitcastOp::create(builder, loc, type,
                                 nvvm.shuffle(loc, x, from));
}

SmallVector<Value> KernelLowering::withoutSkipped(DotOp op, Value base,
                                                  ValueRange before,
                                                  ValueRange after) {
  Value isHarmed;
  for (auto [old, sum] : llvm::zip_equal(before, after)) {
    Value isNaN = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO,
                                        sum, sum);
    Value wasNone = arith::CmpFOp::create(builder, loc,
                                          arith::CmpFPredicate::ORD, old, old);
    Value isNew = both(isNaN, wasNone);
    isHarmed = isHarmed
                   ? Value(arith::OrIOp::create(builder, loc, isHarmed, isNew))
                   : isNew;
  }
  auto choice =
      scf::IfOp::create(builder, loc, after.getTypes(), nvvm.any(loc, isHarmed),
                        /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(builder, loc, after);
  builder.setInsertionPointToStart(choice.thenBlock());
  Values mended(before);
  {
    // What the first product was made from would be kept for the second one, in
    // registers that are needed elsewhere, if a compiler saw that it is the
    // same.
    llvm::SaveAndRestore<Values> left(tiles[op.getA()]);
    llvm::SaveAndRestore<Value> saved[] = {lane, rowInHalf, laneInRow};
    for (Value &x : tiles[op.getA()])
      x = shuffled(x, lane);
    setLane(shuffled(lane, lane));
    multiply(op, base, mended, Right::Finite);
    mended = addInfinite(op, base, mended);
  }
  // Another instruction may round otherwise: what was right stays.
  if (isGroupDot(op))
    for (auto [sum, old] : llvm::zip_equal(mended, after)) {
      Value isNaN = arith::CmpFOp::create(builder, loc,
                                          arith::CmpFPredicate::UNO, old, old);
      sum = select(isNaN, sum, old);
    }
  scf::YieldOp::create(builder, loc, mended);
  return Values(choice.getResults());
}

/// Adds the products of pairs that count, where the right element is infinite
/// or NaN. Lane t of a row gives its left elements to all four, for t = 0 .. 3
/// in turn.
SmallVector<Value> KernelLowering::addInfinite(DotOp op, Value base,
                                               ValueRange acc) {
  auto b = tileOf(op.getB());
  Type f32 = builder.getF32Type(), element = b.getElementType();
  TileLayout a = layoutOf(op.getA()), result = layoutOf(op.getResult());
  SlotLayout layout(b.getDimSize(0),
                    b.getDimSize(1) * element.getIntOrFloatBitWidth() / 8);
  auto toF32 = [&](Value x) -> Value {
    return element.isF32() ? x : arith::ExtFOp::create(builder, loc, f32, x);
  };
  const Values left = tiles[op.getA()];
  bool isPaired = a.isPaired(element);
  Value firstOfRow = arith::SubIOp::create(builder, loc, lane, laneInRow);

  Value infinity = arith::ConstantOp::create(builder, loc,
                                             builder.getF32FloatAttr(INFINITY));
  auto loop =
      scf::ForOp::create(builder, loc, index(0), index(4), index(1), acc);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value giver = toI32(loop.getInductionVar());
  Value from = add(firstOfRow, giver);
  Values sums(loop.getRegionIterArgs());
  for (int64_t c = 0; c < a.columns(); ++c) {
    Value depth = add(mul(giver, i32(a.grid.columns)), i32(a.columnBase(c)));
    Values given, counts;
    for (int64_t h = 0; h < a.halves(); ++h) {
      Value x = left[a.indexOf(h, c) / (isPaired ? 2 : 1)];
      x = shuffled(x, from);
      if (isPaired)
        x = toF32(LLVM::ExtractElementOp::create(builder, loc, x, i32(c % 2)));
      given.push_back(x);
      Value bits = LLVM::BitcastOp::create(builder, loc, builder.getI32Type(),
                                           given.back());
      counts.push_back(
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, bits,
                                i32(std::numeric_limits<int32_t>::min())));
    }
    for (int64_t n = 0; n < result.columns(); ++n) {
      Value row = depth, column = columnOf(result, n);
      if (op.getTransposeB())
        std::swap(row, column);
      Value right = toF32(rightElement(base, layout, element, row, column));
      Value isInfinite = arith::CmpFOp::create(
          builder, loc, arith::CmpFPredicate::UGE,
          math::AbsFOp::create(builder, loc, right), infinity);
      for (int64_t h = 0; h < result.halves(); ++h) {
        Value &sum = sums[result.indexOf(h, n)];
        Value more = math::FmaOp::create(builder, loc, given[h], right, sum);
        sum = select(both(counts[h], isInfinite), more, sum);
      }
    }
  }
  scf::YieldOp::create(builder, loc, sums);
  return Values(loop.getResults());
}

//===- SkippedPairs.cpp - products with pairs that do not count -----------===//
//
// A pair that does not count has a left element of -0, which a tensor core
// multiplies like any other: it does no harm unless the right element is
// infinite or NaN, and then the sum is NaN. So a product is right where it is
// not NaN. Where a warp finds a new NaN, it multiplies once more by itself,
// element by element, and leaves out what does not count.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <limits>

using namespace mlir;
using namespace llsa::gpu;
using namespace llsa::tile;

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
  scf::YieldOp::create(builder, loc, multiplyCounted(op, base, before));
  return Values(choice.getResults());
}

/// Lane t of a row gives its left elements to all four, for t = 0 .. 3 in turn.
SmallVector<Value> KernelLowering::multiplyCounted(DotOp op, Value base,
                                                   ValueRange acc) {
  auto b = tileOf(op.getB());
  Type f32 = builder.getF32Type(), element = b.getElementType();
  TileLayout a = layoutOf(op.getA()), result = layoutOf(op.getResult());
  SlotLayout layout(b.getDimSize(0),
                    b.getDimSize(1) * element.getIntOrFloatBitWidth() / 8);
  auto toF32 = [&](Value x) -> Value {
    return element.isF32() ? x : arith::ExtFOp::create(builder, loc, f32, x);
  };
  Values left;
  for (Value x : elementsOf(op.getA()))
    left.push_back(toF32(x));
  Value firstOfRow = arith::SubIOp::create(builder, loc, lane, laneInRow);

  auto loop =
      scf::ForOp::create(builder, loc, index(0), index(4), index(1), acc);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value giver = toI32(loop.getInductionVar());
  Value from = add(firstOfRow, giver);
  Values sums(loop.getRegionIterArgs());
  for (int64_t c = 0; c < a.columns(); ++c) {
    Value depth = add(mul(giver, i32(a.laneColumns)), i32(a.columnBase(c)));
    Values given, counts;
    for (int64_t h = 0; h < a.halves(); ++h) {
      given.push_back(nvvm.shuffle(loc, left[a.indexOf(h, c)], from));
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
      for (int64_t h = 0; h < result.halves(); ++h) {
        Value &sum = sums[result.indexOf(h, n)];
        Value more = math::FmaOp::create(builder, loc, given[h], right, sum);
        sum = select(counts[h], more, sum);
      }
    }
  }
  scf::YieldOp::create(builder, loc, sums);
  return Values(loop.getResults());
}

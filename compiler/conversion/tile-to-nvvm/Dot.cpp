//===- Dot.cpp - products on tensor cores ---------------------------------===//
//
// The left operand and the accumulator are in registers, as fragments; the
// right operand is in shared memory. With 16-bit elements it is read by
// ldmatrix: as it lies for `a b^T` (the operand's fragment wants neighbours
// along the depth, and so do rows of b), transposed for `a b`.
//
// float32 goes through tf32 four times: x = big + small, each rounded to tf32,
// and all four products (with `tf32`: big big alone, summed by the tensor
// core). Without small small, as is usual, great scores have up to three times
// the error, which is more than the rule for errors allows. A tensor core
// truncates its sums, always towards zero: over a long sum that adds up. So
// each fragment's products (8 terms) are summed from zero, and the sums are
// added in registers, where rounding is to nearest. The order of the depth is
// free, so that a lane's two neighbouring columns of `a` serve as the columns t
// and t + 4 of the instruction.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;
using namespace llsa;
using namespace llsa::gpu;
using namespace llsa::tile;

LogicalResult KernelLowering::lowerDot(DotOp op) {
  auto base = staged.find(op.getB());
  if (base == staged.end())
    return op.emitOpError("needs its right operand in shared memory: expected "
                          "a tile.shared_tile, as tile-lower-gather makes it");
  if (isGroupDot(op)) {
    startGroupDot(op);
    if (op.getSkipNegativeZero()) {
      settle();
      setElements(op.getResult(),
                  withoutSkipped(op, base->second, elementsOf(op.getAcc()),
                                 elementsOf(op.getResult())));
    }
    return success();
  }
  Values acc = elementsOf(op.getAcc());
  const Values before = acc;
  TileLayout result = layoutOf(op.getResult());
  if (result.isOneColumn() || result.isPartial() || result.isOneRow() ||
      result.cols % 8 != 0 || layoutOf(op.getA()).cols % 8 != 0)
    return op.emitOpError()
           << "needs rows, columns and depth of whole fragments on a GPU: "
              "expected columns and depth to be multiples of 8, got "
           << op.getResult().getType() << " from " << op.getA().getType();
  multiply(op, base->second, acc, Right::All);
  if (op.getSkipNegativeZero())
    acc = withoutSkipped(op, base->second, before, acc);
  setElements(op.getResult(), acc);
  return success();
}

void KernelLowering::multiply(DotOp op, Value base, Values &acc, Right right) {
  if (tileOf(op.getA()).getElementType().isF32())
    multiplyF32(op, base, acc, right);
  else
    multiply16(op, base, acc, right);
}

//===----------------------------------------------------------------------===//
// 16-bit elements
//===----------------------------------------------------------------------===//

SmallVector<SmallVector<Value>>
KernelLowering::rightFragments(DotOp op, Value base, int64_t columns16,
                               int64_t depth16) {
  auto b = tileOf(op.getB());
  bool transposed = op.getTransposeB(); // rows of b are columns of the product
  int64_t columns = b.getDimSize(transposed ? 0 : 1);
  int64_t depth = b.getDimSize(transposed ? 1 : 0);
  bool moreColumns = 16 * columns16 + 8 < columns;
  bool moreDepth = 16 * depth16 + 8 < depth;

  // Lanes 8m .. 8m + 7 give the rows of matrix m.
  Value rowInMatrix = arith::AndIOp::create(builder, loc, lane, i32(7));
  auto bit = [&](int64_t position) -> Value {
    Value shifted =
        arith::ShRUIOp::create(builder, loc, lane, i32(3 + position));
    return arith::AndIOp::create(builder, loc, shifted, i32(1));
  };
  Value depthBit = moreDepth ? bit(0) : i32(0);
  Value columnBit = moreColumns ? bit(moreDepth ? 1 : 0) : i32(0);
  // Along b's rows in steps of 8, along its columns in chunks of 8 elements.
  Value rowBit = transposed ? columnBit : depthBit;
  Value chunkBit = transposed ? depthBit : columnBit;
  int64_t row = 16 * (transposed ? columns16 : depth16);
  int64_t chunk = 2 * (transposed ? depth16 : columns16);

  SlotLayout layout(b.getDimSize(0), b.getDimSize(1) * 2);
  Value turn =
      arith::ShRUIOp::create(builder, loc, rowInMatrix, i32(layout.shift));
  turn = arith::AndIOp::create(builder, loc, turn, i32(layout.mask));
  // chunk + chunkBit = chunk xor chunkBit, since chunk is even.
  Value place = arith::XOrIOp::create(builder, loc, turn, chunkBit);
  place = mul(place, i32(16));
  int64_t low = chunk % layout.chunks % 8 * 16;
  int64_t high = chunk / layout.chunks * layout.panelStride() +
                 chunk % layout.chunks / 8 * 128;
  Value laneRow = add(rowInMatrix, mul(rowBit, i32(8)));
  Value offset = mul(laneRow, i32(layout.panelBytes));
  Value address;
  if (layout.isAligned()) {
    // Of the whole address: one that depends on the slot stays in its loop,
    // where this costs what an addition would, and takes no register outside.
    address = add(base, add(offset, place));
    address = arith::XOrIOp::create(builder, loc, address, i32(low));
  } else {
    place = arith::XOrIOp::create(builder, loc, place, i32(low));
    address = add(base, add(offset, place));
  }
  address = add(address, i32(row * layout.panelBytes + high));

  Values loaded = nvvm.loadMatrices(
      loc, address, (moreColumns ? 2 : 1) * (moreDepth ? 2 : 1), !transposed);
  SmallVector<Values> fragments;
  size_t next = 0;
  for (int64_t c = 0; c < (moreColumns ? 2 : 1); ++c) {
    Value first = loaded[next++];
    fragments.push_back({first, moreDepth ? loaded[next++] : i32(0)});
  }
  return fragments;
}

/// A pair of 16-bit elements, with 0 for those that are infinite or NaN.
Value KernelLowering::finitePair(Value pair, Type element) {
  Value result = i32(0);
  for (int64_t shift : {0, 16}) {
    Value exponent =
        i32(int32_t((element.isBF16() ? 0x7f80u : 0x7c00u) << shift));
    Value bits = arith::AndIOp::create(builder, loc, pair, exponent);
    Value isFinite = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::ne, bits, exponent);
    Value half = arith::AndIOp::create(builder, loc, pair,
                                       i32(int32_t(0xffffu << shift)));
    result = arith::OrIOp::create(builder, loc, result,
                                  select(isFinite, half, i32(0)));
  }
  return result;
}

void KernelLowering::multiply16(DotOp op, Value base, Values &acc, Right kind) {
  TileLayout a = layoutOf(op.getA()), result = layoutOf(op.getResult());
  const Values pairs = tiles[op.getA()];
  Type element = tileOf(op.getA()).getElementType();
  Type bits = builder.getI32Type();
  Value none = i32(0);
  Value empty =
      arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0.0));
  int64_t pairsPerRow = a.columns() / 2;
  auto left = [&](int64_t half, int64_t pair) -> Value {
    if (half >= a.halves() || pair >= pairsPerRow)
      return none;
    return LLVM::BitcastOp::create(builder, loc, bits,
                                   pairs[half * pairsPerRow + pair]);
  };
  // Even and odd steps of the depth, if in two chains: a product of tensor
  // cores takes as long as four independent ones.
  constexpr int64_t kFewColumns = 16, kFewestSteps = 4;
  int64_t steps = llvm::divideCeil(a.cols, 16),
          pieces = llvm::divideCeil(result.cols, 16);
  bool twoChains =
      op.getTwoChains() && result.cols <= kFewColumns && steps >= kFewestSteps;
  Values odd(twoChains ? acc.size() : 0, empty);
  for (int64_t k = 0; k < steps; ++k)
    for (int64_t n = 0; n < pieces; ++n) {
      Values &sums = twoChains && k % 2 == 1 ? odd : acc;
      SmallVector<Values> right = rightFragments(op, base, n, k);
      if (kind == Right::Finite)
        for (Values &fragment : right)
          for (Value &pair : fragment)
            pair = finitePair(pair, element);
      for (auto [j, fragment] : llvm::enumerate(right))
        for (int64_t h = 0; h < result.halves(); h += 2) {
          int64_t column = 2 * (2 * n + j);
          bool whole = h + 1 < result.halves();
          Values c;
          for (int64_t i = 0; i < 4; ++i)
            c.push_back(i < 2 || whole
                            ? sums[result.indexOf(h + i / 2, column + i % 2)]
                            : empty);
          Values sum = nvvm.mma16(loc, element,
                                  {left(h, 2 * k), left(h + 1, 2 * k),
                                   left(h, 2 * k + 1), left(h + 1, 2 * k + 1)},
                                  fragment, c);
          for (int64_t i = 0; i < (whole ? 4 : 2); ++i)
            sums[result.indexOf(h + i / 2, column + i % 2)] = sum[i];
        }
    }
  for (auto [sum, more] : llvm::zip(acc, odd))
    sum = arith::AddFOp::create(builder, loc, sum, more);
}

//===----------------------------------------------------------------------===//
// float32
//===----------------------------------------------------------------------===//

Value KernelLowering::rightElement(Value base, const SlotLayout &layout,
                                   Type element, Value row, Value col) {
  int64_t bytes = element.getIntOrFloatBitWidth() / 8, perChunk = 16 / bytes;
  Value chunk =
      arith::ShRUIOp::create(builder, loc, col, i32(llvm::Log2_64(perChunk)));
  Value within = arith::AndIOp::create(builder, loc, col, i32(perChunk - 1));
  Value panel = arith::DivUIOp::create(builder, loc, chunk, i32(layout.chunks));
  chunk = arith::RemUIOp::create(builder, loc, chunk, i32(layout.chunks));
  Value turn = arith::ShRUIOp::create(builder, loc, row, i32(layout.shift));
  turn = arith::AndIOp::create(builder, loc, turn, i32(layout.mask));
  Value place = arith::XOrIOp::create(builder, loc, chunk, turn);
  Value offset = add(mul(row, i32(layout.panelBytes)),
                     add(mul(place, i32(16)), mul(within, i32(bytes))));
  offset = add(offset, mul(panel, i32(layout.panelStride())));
  return LLVM::LoadOp::create(builder, loc, element,
                              sharedPointer(add(base, offset)));
}

void KernelLowering::multiplyF32(DotOp op, Value base, Values &acc,
                                 Right kind) {
  TileLayout a = layoutOf(op.getA()), result = layoutOf(op.getResult());
  const Values elements = elementsOf(op.getA());
  bool transposed = op.getTransposeB();
  auto b = tileOf(op.getB());
  SlotLayout layout(b.getDimSize(0), b.getDimSize(1) * 4);
  Value none = i32(0);
  Value empty =
      arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0.0));
  Value infinity = arith::ConstantOp::create(builder, loc,
                                             builder.getF32FloatAttr(INFINITY));
  struct Parts {
    Values big, small;
    Values finite; ///< big, or 0: an infinity times a small part of 0 is NaN
  };
  auto split = [&](ValueRange values) {
    Parts parts;
    for (Value value : values) {
      if (!value) {
        for (Values *part : {&parts.big, &parts.small, &parts.finite})
          part->push_back(none);
        continue;
      }
      Value big = nvvm.roundToTf32(loc, value);
      Value back =
          LLVM::BitcastOp::create(builder, loc, builder.getF32Type(), big);
      Value rest = arith::SubFOp::create(builder, loc, value, back);
      rest = nvvm.roundToTf32(loc, rest);
      Value isFinite = arith::CmpFOp::create(
          builder, loc, arith::CmpFPredicate::OLT,
          math::AbsFOp::create(builder, loc, back), infinity);
      parts.big.push_back(big);
      parts.small.push_back(select(isFinite, rest, none));
      parts.finite.push_back(select(isFinite, big, none));
    }
    return parts;
  };
  for (int64_t k = 0; k < a.cols / 8; ++k) {
    // Columns 2t and 2t + 1 of the depth, as the instruction's t and t + 4.
    SmallVector<Parts> left;
    for (int64_t h = 0; h < a.halves(); h += 2) {
      Values values;
      for (int64_t c : {0, 1})
        for (int64_t i : {0, 1})
          values.push_back(h + i < a.halves()
                               ? elements[a.indexOf(h + i, 2 * k + c)]
                               : Value());
      left.push_back(split(values));
    }
    for (int64_t n = 0; n < result.cols / 8; ++n) {
      Values values;
      for (int64_t c : {0, 1}) {
        Value depth = add(mul(laneInRow, i32(2)), i32(8 * k + c));
        Value column = add(rowInHalf, i32(8 * n));
        if (transposed)
          std::swap(depth, column);
        Value x = rightElement(base, layout, b.getElementType(), depth, column);
        if (kind == Right::Finite) {
          Value isFinite = arith::CmpFOp::create(
              builder, loc, arith::CmpFPredicate::OLT,
              math::AbsFOp::create(builder, loc, x), infinity);
          x = select(isFinite, x, empty);
        }
        values.push_back(x);
      }
      Parts right = split(values);
      for (int64_t h = 0; h < result.halves(); h += 2) {
        bool whole = h + 1 < result.halves();
        const Parts &x = left[h / 2];
        if (op.getTf32()) {
          Values sums;
          for (int64_t i = 0; i < 4; ++i)
            sums.push_back(i < 2 || whole
                               ? acc[result.indexOf(h + i / 2, 2 * n + i % 2)]
                               : empty);
          sums = nvvm.mmaTf32(loc, x.big, right.big, sums);
          for (int64_t i = 0; i < (whole ? 4 : 2); ++i)
            acc[result.indexOf(h + i / 2, 2 * n + i % 2)] = sums[i];
          continue;
        }
        // Small terms first.
        Values sum(4, empty);
        sum = nvvm.mmaTf32(loc, x.small, right.small, sum);
        sum = nvvm.mmaTf32(loc, x.small, right.finite, sum);
        sum = nvvm.mmaTf32(loc, x.finite, right.small, sum);
        sum = nvvm.mmaTf32(loc, x.big, right.big, sum);
        for (int64_t i = 0; i < (whole ? 4 : 2); ++i) {
          Value &total = acc[result.indexOf(h + i / 2, 2 * n + i % 2)];
          total = arith::AddFOp::create(builder, loc, total, sum[i]);
        }
      }
    }
  }
}

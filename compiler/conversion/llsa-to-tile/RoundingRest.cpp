//===- RoundingRest.cpp - what rounding took from an output ---------------===//

#include "compiler/conversion/llsa-to-tile/RoundingRest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace llsa;

/// Bits of a float32 below a 256th of `narrow`'s last place.
static int64_t bitsBelowRest(Type narrow) {
  return APFloat::semanticsPrecision(APFloat::IEEEsingle()) -
         cast<FloatType>(narrow).getFPMantissaWidth() - 8;
}

static Value bitsOf(TileBuilder &t, Value tile) {
  return arith::BitcastOp::create(
      t.b, t.loc, t.tileType(sizeOf(tile), t.b.getI32Type()), tile);
}

Value llsa::restOf(TileBuilder &t, Value exact, Value rounded) {
  int64_t below = bitsBelowRest(tileTypeOf(rounded).getElementType());
  auto number = [&](int64_t value) { return t.splatInt(value, {}); };
  Value bits = bitsOf(t, exact), kept = bitsOf(t, t.toF32(rounded));
  Value lost = t.apply<arith::SubIOp>(bits, kept);
  lost = t.apply<arith::MaxSIOp>(lost, number(-(int64_t(128) << below)));
  lost = t.apply<arith::MinSIOp>(lost, number(int64_t(127) << below));
  lost = t.apply<arith::AddIOp>(lost, number(1 << (below - 1)));
  lost = t.apply<arith::ShRSIOp>(lost, number(below));
  return arith::TruncIOp::create(
      t.b, t.loc, t.tileType(sizeOf(lost), t.b.getI8Type()), lost);
}

Value llsa::withRest(TileBuilder &t, Value rounded, Value rest) {
  int64_t below = bitsBelowRest(tileTypeOf(rounded).getElementType());
  Value wide = arith::ExtSIOp::create(
      t.b, t.loc, t.tileType(sizeOf(rest), t.b.getI32Type()), rest);
  Value lost = t.apply<arith::ShLIOp>(wide, t.splatInt(below, {}));
  Value bits = t.apply<arith::AddIOp>(bitsOf(t, t.toF32(rounded)), lost);
  return arith::BitcastOp::create(
      t.b, t.loc, t.tileType(sizeOf(bits), t.b.getF32Type()), bits);
}

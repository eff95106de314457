//===- TileBuilder.cpp - short names for what tile programs say -----------===//

#include "compiler/conversion/llsa-to-tile/TileBuilder.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace llsa;

TileSize llsa::commonSize(ValueRange tiles) {
  TileSize size;
  for (Value tile : tiles) {
    size.rows = std::max(size.rows, sizeOf(tile).rows);
    size.cols = std::max(size.cols, sizeOf(tile).cols);
  }
  return size;
}

TileBuilder::TileBuilder(Block *entry, Location loc)
    : b(OpBuilder::atBlockEnd(entry)), loc(loc), entry(entry) {}

//===----------------------------------------------------------------------===//
// Index arithmetic
//===----------------------------------------------------------------------===//

Value TileBuilder::index(int64_t value) {
  return constant(b.getIndexAttr(value));
}

static std::optional<int64_t> constantOf(Value value) {
  if (auto op = value.getDefiningOp<arith::ConstantIndexOp>())
    return op.value();
  return std::nullopt;
}

// Folding here rather than by the folders keeps every constant at the entry.
Value TileBuilder::add(Value x, Value y) {
  std::optional<int64_t> a = constantOf(x), c = constantOf(y);
  if (a && c)
    return index(*a + *c);
  if (a == 0)
    return y;
  if (c == 0)
    return x;
  return arith::AddIOp::create(b, loc, x, y);
}

Value TileBuilder::sub(Value x, Value y) {
  std::optional<int64_t> a = constantOf(x), c = constantOf(y);
  if (a && c)
    return index(*a - *c);
  if (c == 0)
    return x;
  return arith::SubIOp::create(b, loc, x, y);
}

Value TileBuilder::mul(Value x, int64_t factor) {
  if (std::optional<int64_t> a = constantOf(x))
    return index(*a * factor);
  if (factor == 1)
    return x;
  return arith::MulIOp::create(b, loc, x, index(factor));
}

Value TileBuilder::div(Value x, int64_t divisor) {
  if (std::optional<int64_t> a = constantOf(x))
    return index(*a / divisor);
  if (divisor == 1)
    return x;
  return arith::DivUIOp::create(b, loc, x, index(divisor));
}

Value TileBuilder::rem(Value x, int64_t divisor) {
  if (std::optional<int64_t> a = constantOf(x))
    return index(*a % divisor);
  if (divisor == 1)
    return index(0);
  return arith::RemUIOp::create(b, loc, x, index(divisor));
}

Value TileBuilder::min(Value x, Value y) {
  std::optional<int64_t> a = constantOf(x), c = constantOf(y);
  if (a && c)
    return index(std::min(*a, *c));
  return arith::MinSIOp::create(b, loc, x, y);
}

Value TileBuilder::max(Value x, Value y) {
  std::optional<int64_t> a = constantOf(x), c = constantOf(y);
  if (a && c)
    return index(std::max(*a, *c));
  return arith::MaxSIOp::create(b, loc, x, y);
}

Value TileBuilder::isLess(Value x, Value y) {
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, x, y);
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value TileBuilder::constant(TypedAttr value) {
  Value &known = constants[value];
  if (known)
    return known;
  OpBuilder::InsertionGuard guard(b);
  if (lastConstant)
    b.setInsertionPointAfter(lastConstant);
  else
    b.setInsertionPointToStart(entry);
  lastConstant = arith::ConstantOp::create(b, loc, value);
  return known = lastConstant->getResult(0);
}

Value TileBuilder::splat(TypedAttr value, TileSize size) {
  return constant(DenseElementsAttr::get(tileType(size, value.getType()),
                                         Attribute(value)));
}

Value TileBuilder::splat(double value, TileSize size) {
  return splat(b.getF32FloatAttr(static_cast<float>(value)), size);
}

Value TileBuilder::splatInt(int64_t value, TileSize size) {
  return splat(b.getI32IntegerAttr(static_cast<int32_t>(value)), size);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

RankedTensorType TileBuilder::tileType(TileSize size, Type element) {
  return RankedTensorType::get({size.rows, size.cols}, element);
}

Value TileBuilder::broadcast(Value tile, TileSize size) {
  if (sizeOf(tile) == size)
    return tile;
  RankedTensorType type = tileType(size, tileTypeOf(tile).getElementType());
  // A constant is repeated by writing it larger.
  SplatElementsAttr value;
  if (auto op = tile.getDefiningOp<arith::ConstantOp>())
    if ((value = dyn_cast<SplatElementsAttr>(op.getValue())))
      return constant(value.resizeSplat(type));
  return tile::BroadcastOp::create(b, loc, type, tile);
}

Value TileBuilder::fma(Value x, Value y, Value z) {
  TileSize size = commonSize({x, y, z});
  return math::FmaOp::create(b, loc, broadcast(x, size), broadcast(y, size),
                             broadcast(z, size));
}

Value TileBuilder::select(Value condition, Value x, Value y) {
  TileSize size = commonSize({condition, x, y});
  return arith::SelectOp::create(b, loc, broadcast(condition, size),
                                 broadcast(x, size), broadcast(y, size));
}

Value TileBuilder::both(Value x, Value y) {
  return x && y ? apply<arith::AndIOp>(x, y) : x ? x : y;
}

static Value compare(TileBuilder &t, arith::CmpIPredicate predicate, Value x,
                     Value y) {
  TileSize size = commonSize({x, y});
  return arith::CmpIOp::create(t.b, t.loc, predicate, t.broadcast(x, size),
                               t.broadcast(y, size));
}
static Value compare(TileBuilder &t, arith::CmpFPredicate predicate, Value x,
                     Value y) {
  TileSize size = commonSize({x, y});
  return arith::CmpFOp::create(t.b, t.loc, predicate, t.broadcast(x, size),
                               t.broadcast(y, size));
}

Value TileBuilder::equal(Value x, Value y) {
  return compare(*this, arith::CmpIPredicate::eq, x, y);
}
Value TileBuilder::lessEqual(Value x, Value y) {
  return compare(*this, arith::CmpIPredicate::sle, x, y);
}
Value TileBuilder::less(Value x, Value y) {
  return compare(*this, arith::CmpIPredicate::slt, x, y);
}
Value TileBuilder::equalFloat(Value x, Value y) {
  return compare(*this, arith::CmpFPredicate::OEQ, x, y);
}
Value TileBuilder::greaterFloat(Value x, Value y) {
  return compare(*this, arith::CmpFPredicate::OGT, x, y);
}

Value TileBuilder::repeated(Value value, TileSize size) {
  if (std::optional<int64_t> known = constantOf(value))
    return splatInt(*known, size);
  return range(value, size, /*step=*/0);
}

Value TileBuilder::range(Value start, TileSize size, int64_t step) {
  return tile::RangeOp::create(b, loc, tileType(size, b.getI32Type()), start,
                               b.getI64IntegerAttr(step));
}

Value TileBuilder::toF32(Value tile) {
  if (tileTypeOf(tile).getElementType().isF32())
    return tile;
  return arith::ExtFOp::create(b, loc, tileType(sizeOf(tile), b.getF32Type()),
                               tile);
}

Value TileBuilder::fromF32(Value tile, Type element) {
  if (element.isF32())
    return tile;
  return arith::TruncFOp::create(b, loc, tileType(sizeOf(tile), element), tile);
}

static Value reduce(TileBuilder &t, tile::ReductionKind kind, Value tile,
                    tile::Axis axis) {
  TileSize size = sizeOf(tile);
  (axis == tile::Axis::Rows ? size.rows : size.cols) = 1;
  return tile::ReduceOp::create(t.b, t.loc, t.tileType(size, t.b.getF32Type()),
                                kind, tile, axis);
}
Value TileBuilder::sumCols(Value tile) {
  return reduce(*this, tile::ReductionKind::Add, tile, tile::Axis::Cols);
}
Value TileBuilder::partialSums(Value tile) {
  return tile::ReduceOp::create(
      b, loc, tileType({sizeOf(tile).rows, 4}, b.getF32Type()),
      tile::ReductionKind::Add, tile, tile::Axis::Cols);
}
Value TileBuilder::maxCols(Value tile) {
  return reduce(*this, tile::ReductionKind::Max, tile, tile::Axis::Cols);
}
Value TileBuilder::sumRows(Value tile) {
  return reduce(*this, tile::ReductionKind::Add, tile, tile::Axis::Rows);
}

Value TileBuilder::dot(Value x, Value y, Value acc, bool transposed,
                       bool skipNegativeZero) {
  return tile::DotOp::create(b, loc, acc.getType(), x, y, acc,
                             transposed ? b.getUnitAttr() : UnitAttr(),
                             skipNegativeZero ? b.getUnitAttr() : UnitAttr());
}
Value TileBuilder::exactDot(Value x, Value y, Value acc, bool transposed) {
  Value result = dot(x, y, acc, transposed);
  result.getDefiningOp<tile::DotOp>().setExact(true);
  return result;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static Type elementOf(Value memory) {
  return cast<MemRefType>(memory.getType()).getElementType();
}

/// `row_dim`, left out where it is the default.
static IntegerAttr rowDimAttr(TileBuilder &t, Value memory, int64_t rowDim) {
  if (rowDim < 0 || rowDim == cast<MemRefType>(memory.getType()).getRank() - 2)
    return {};
  return t.b.getI64IntegerAttr(rowDim);
}

Value TileBuilder::load(Value memory, ValueRange indices, TileSize size,
                        Value rows, int64_t rowDim) {
  return tile::LoadOp::create(b, loc, tileType(size, elementOf(memory)), memory,
                              indices, rows, rowDimAttr(*this, memory, rowDim));
}

void TileBuilder::store(Value tile, Value memory, ValueRange indices,
                        Value rows, int64_t rowDim) {
  tile::StoreOp::create(b, loc, tile, memory, indices, rows,
                        rowDimAttr(*this, memory, rowDim));
}

Value TileBuilder::loadIndex(Value memory, ValueRange indices) {
  Value number = memref::LoadOp::create(b, loc, memory, indices);
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), number);
}

Value TileBuilder::blockRows(Value memory, ValueRange indices, int64_t cols,
                             int64_t block, int64_t limit, Value part) {
  return tile::BlockRowsOp::create(b, loc, tileType({1, cols}, b.getI32Type()),
                                   memory, indices, b.getI64IntegerAttr(block),
                                   part, b.getI64IntegerAttr(limit));
}

Value TileBuilder::gather(Value memory, Value batch, Value head, Value rows,
                          int64_t cols) {
  return tile::GatherOp::create(
      b, loc, tileType({sizeOf(rows).cols, cols}, elementOf(memory)), memory,
      ValueRange{batch, head, index(0)}, rows);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

TileBuilder::Values TileBuilder::loop(Value from, Value to, int64_t step,
                                      ValueRange init, LoopBody body) {
  auto loop = scf::ForOp::create(b, loc, from, to, index(step), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Values results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!init.empty()) // without carried values the terminator is there already
    scf::YieldOp::create(b, loc, results);
  return Values(loop.getResults());
}

TileBuilder::Values TileBuilder::repeat(int64_t count, ValueRange init,
                                        LoopBody body) {
  if (count <= 0)
    return Values(init);
  if (count == 1)
    return body(index(0), init);
  return loop(index(0), index(count), 1, init, body);
}

//===- Elementwise.cpp - elementwise tensor ops, and copies ---------------===//
//
// A group of arith and math ops (and unpools) on tensors that share their
// leading sizes: a work item is a tile of rows, all ops run on it in registers.
// bf16 and f16 are computed in f32 and rounded after each op, as the op's type
// says.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;

//===----------------------------------------------------------------------===//
// One op on tiles
//===----------------------------------------------------------------------===//

bool llsa::isElementwise(Operation *op) {
  StringRef dialect = op->getName().getDialectNamespace();
  return (dialect == "arith" || dialect == "math") &&
         op->getNumRegions() == 0 && op->hasTrait<OpTrait::Elementwise>();
}

static bool isIndex(Value value) {
  return getElementTypeOrSelf(value.getType()).isIndex();
}

static bool isNarrowFloat(Type type) {
  return isa<BFloat16Type, Float16Type>(type);
}

/// A tile of integers of another width.
static Value castInteger(TileBuilder &t, Value tile, Type to, bool isSigned) {
  unsigned from = tileTypeOf(tile).getElementType().getIntOrFloatBitWidth();
  RankedTensorType type = t.tileType(sizeOf(tile), to);
  if (to.getIntOrFloatBitWidth() < from)
    return arith::TruncIOp::create(t.b, t.loc, type, tile);
  if (to.getIntOrFloatBitWidth() == from)
    return tile;
  if (isSigned)
    return arith::ExtSIOp::create(t.b, t.loc, type, tile);
  return arith::ExtUIOp::create(t.b, t.loc, type, tile);
}

/// Processors trap on what arith leaves undefined, division by 0 and of the
/// least number by -1: the divisor of a division, with 1 in those places.
static Value safeDivisor(TileBuilder &t, ScalarRanges &ranges, Operation *op,
                         Value dividend, Value divisor) {
  bool isSigned = isa<arith::DivSIOp, arith::RemSIOp, arith::CeilDivSIOp,
                      arith::FloorDivSIOp>(op);
  if (!isSigned && !isa<arith::DivUIOp, arith::RemUIOp, arith::CeilDivUIOp>(op))
    return divisor;
  Type element = tileTypeOf(divisor).getElementType();
  unsigned width = element.getIntOrFloatBitWidth();
  auto splat = [&](const APInt &value) {
    return t.splat(IntegerAttr::get(element, value), sizeOf(divisor));
  };
  auto equal = [&](Value tile, const APInt &value) {
    return arith::CmpIOp::create(t.b, t.loc, arith::CmpIPredicate::eq, tile,
                                 splat(value));
  };
  auto avoid = [&](Value condition) {
    divisor = arith::SelectOp::create(t.b, t.loc, condition,
                                      splat(APInt(width, 1)), divisor);
  };
  Value x = op->getOperand(0), y = op->getOperand(1);
  if (ranges.mayBe(y, 0))
    avoid(equal(divisor, APInt::getZero(width)));
  APInt least = APInt::getSignedMinValue(width);
  if (isSigned && ranges.mayBe(y, -1) && ranges.mayBe(x, least.getSExtValue()))
    avoid(arith::AndIOp::create(t.b, t.loc, equal(dividend, least),
                                equal(divisor, APInt::getAllOnes(width))));
  return divisor;
}

/// Both results of an op that has two, by ops that have one; nothing for other
/// ops.
static SmallVector<Value> emitTwoResults(TileBuilder &t, Operation *op,
                                         ValueRange operands) {
  if (isa<math::SincosOp>(op))
    return {t.apply<math::SinOp>(operands[0]),
            t.apply<math::CosOp>(operands[0])};
  if (isa<arith::AddUIExtendedOp>(op)) {
    Value sum = t.apply<arith::AddIOp>(operands[0], operands[1]);
    return {sum, arith::CmpIOp::create(t.b, t.loc, arith::CmpIPredicate::ult,
                                       sum, operands[0])};
  }
  if (!isa<arith::MulSIExtendedOp, arith::MulUIExtendedOp>(op))
    return {};
  Type element = tileTypeOf(operands[0]).getElementType();
  unsigned width = element.getIntOrFloatBitWidth();
  Type wide = t.b.getIntegerType(2 * width);
  bool isSigned = isa<arith::MulSIExtendedOp>(op);
  Value product =
      t.apply<arith::MulIOp>(castInteger(t, operands[0], wide, isSigned),
                             castInteger(t, operands[1], wide, isSigned));
  Value upper = t.apply<arith::ShRUIOp>(
      product, t.splat(IntegerAttr::get(wide, width), {}));
  return {castInteger(t, product, element, isSigned),
          castInteger(t, upper, element, isSigned)};
}

SmallVector<Value> llsa::emitElementwise(TileBuilder &t, ScalarRanges &ranges,
                                         Operation *op, ValueRange operands) {
  TileSize size = commonSize(operands);
  // Conversions between float types are conversions, not arithmetic.
  if (isa<arith::ExtFOp, arith::TruncFOp>(op))
    return {t.fromF32(t.toF32(operands[0]),
                      getElementTypeOrSelf(op->getResult(0).getType()))};
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
    return {
        castInteger(t, operands[0], ranges.tileElement(op->getResult(0)),
                    isa<arith::IndexCastOp>(op) || isIndex(op->getOperand(0)))};
  bool keepTypes = isa<arith::BitcastOp>(op);
  Type index = ranges.indexTypeWithin(op);
  OperationState state(op->getLoc(), op->getName());
  for (auto [original, operand] : llvm::zip(op->getOperands(), operands)) {
    bool extend =
        !keepTypes && isNarrowFloat(tileTypeOf(operand).getElementType());
    state.operands.push_back(
        isIndex(original) ? castInteger(t, operand, index, /*isSigned=*/true)
        : extend          ? t.toF32(operand)
                          : operand);
  }
  if (state.operands.size() == 2)
    state.operands[1] =
        safeDivisor(t, ranges, op, state.operands[0], state.operands[1]);
  SmallVector<Value> made = emitTwoResults(t, op, state.operands);
  SmallVector<Type> elements;
  for (Type type : op->getResultTypes()) {
    Type element = getElementTypeOrSelf(type);
    if (element.isIndex())
      element = index;
    elements.push_back(element);
    bool extended = !keepTypes && isNarrowFloat(element);
    state.types.push_back(
        t.tileType(size, extended ? t.b.getF32Type() : element));
  }
  if (made.empty()) {
    state.addAttributes(op->getAttrDictionary().getValue());
    made = SmallVector<Value>(t.b.create(state)->getResults());
  }
  SmallVector<Value> results;
  for (auto [original, result, element] :
       llvm::zip(op->getResults(), made, elements)) {
    bool narrow = tileTypeOf(result).getElementType() != element;
    results.push_back(isIndex(original)
                          ? castInteger(t, result, ranges.tileElement(original),
                                        /*isSigned=*/true)
                      : narrow ? t.fromF32(result, element)
                               : Value(result));
  }
  return results;
}

//===----------------------------------------------------------------------===//
// Constants and scalars
//===----------------------------------------------------------------------===//

/// The one element of a constant, be it scalar or a tensor of equal elements.
static TypedAttr elementOf(arith::ConstantOp op) {
  if (auto splat = dyn_cast<SplatElementsAttr>(op.getValue()))
    return cast<TypedAttr>(splat.getSplatValue<Attribute>());
  if (isa<FloatAttr, IntegerAttr>(op.getValue()))
    return op.getValue();
  return {};
}

bool llsa::isUniformTensor(Value tensor) {
  Operation *op = tensor.getDefiningOp();
  if (auto constant = dyn_cast_or_null<arith::ConstantOp>(op))
    return static_cast<bool>(elementOf(constant));
  return isa_and_present<tensor::SplatOp>(op);
}

Value llsa::emitUniform(TileBuilder &t, ScalarRanges &ranges, Value value) {
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast_or_null<arith::ConstantOp>(op)) {
    TypedAttr element = elementOf(constant);
    if (!element)
      return {};
    if (!element.getType().isIndex())
      return t.splat(element, {});
    return t.splat(IntegerAttr::get(ranges.tileElement(value),
                                    cast<IntegerAttr>(element).getInt()),
                   {});
  }
  if (auto splat = dyn_cast_or_null<tensor::SplatOp>(op))
    return splat.getDynamicSizes().empty()
               ? emitUniform(t, ranges, splat.getInput())
               : Value();
  if (!op || !isLaunchConstant(op) || !isElementwise(op))
    return {};
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(emitUniform(t, ranges, operand));
    if (!operands.back())
      return {};
  }
  return emitElementwise(t, ranges, op,
                         operands)[cast<OpResult>(value).getResultNumber()];
}

//===----------------------------------------------------------------------===//
// A group
//===----------------------------------------------------------------------===//

namespace {
/// How a tensor of any rank is cut into tiles. Rank 4 and more: rows along the
/// last dimension but one, all of the last as columns; less: rows along the
/// last, one column. So [B, H, M, D] and [B, H, M] are cut alike.
struct TensorGrid {
  SmallVector<int64_t> leading;
  int64_t rowCount, rows;

  TensorGrid(ArrayRef<int64_t> shape, int64_t rows)
      : leading(shape.take_front(rowDim(shape))),
        rowCount(shape[rowDim(shape)]), rows(rows) {}

  static int64_t rowDim(ArrayRef<int64_t> shape) {
    return shape.size() >= 4 ? shape.size() - 2 : shape.size() - 1;
  }
  bool takes(ArrayRef<int64_t> shape) const {
    return !shape.empty() && leading == shape.take_front(rowDim(shape)) &&
           rowCount == shape[rowDim(shape)];
  }
  SmallVector<int64_t> items() const {
    SmallVector<int64_t> items(leading);
    items.push_back(llvm::divideCeil(rowCount, rows));
    return items;
  }
};

/// Loads and stores the tiles of one work item.
class GroupBuilder {
public:
  GroupBuilder(KernelBuilder &k, const TensorGrid &grid)
      : k(k), rows(grid.rows), run(rows), leading(k.item().drop_back()) {
    start = k.mul(k.item().back(), grid.rows);
    if (grid.rowCount % grid.rows != 0)
      exist = k.sub(k.index(grid.rowCount), start);
  }
  GroupBuilder(KernelBuilder &k, const RowTile &tile, const RowGrid &grid)
      : k(k), rows(grid.rows),
        run(grid.granule), leading{tile.batch, tile.head}, start(tile.start),
        exist(tile.rows) {}

  /// Emits all `ops`, stores what is wanted of them. `tiles` holds what is
  /// there already.
  LogicalResult emit(ArrayRef<Operation *> ops, DenseMap<Value, Value> &tiles,
                     bool canGather);

  TileSize sizeFor(ArrayRef<int64_t> shape) const {
    return {rows, shape.size() >= 4 ? shape.back() : 1};
  }
  Value load(Value memory) {
    ArrayRef<int64_t> shape = cast<MemRefType>(memory.getType()).getShape();
    return k.load(memory, indices(shape), sizeFor(shape), exist,
                  TensorGrid::rowDim(shape));
  }
  void store(Value tile, Value memory) {
    ArrayRef<int64_t> shape = cast<MemRefType>(memory.getType()).getShape();
    k.store(tile, memory, indices(shape), exist, TensorGrid::rowDim(shape));
  }

private:
  SmallVector<Value> indices(ArrayRef<int64_t> shape) {
    SmallVector<Value> result(leading);
    result.push_back(start);
    if (shape.size() >= 4)
      result.push_back(k.index(0));
    return result;
  }

  KernelBuilder &k;
  int64_t rows;
  int64_t run; ///< a tile lies between multiples of that
  SmallVector<Value> leading;
  Value start, exist;
};
} // namespace

LogicalResult GroupBuilder::emit(ArrayRef<Operation *> ops,
                                 DenseMap<Value, Value> &tiles,
                                 bool canGather) {
  ScalarRanges ranges;
  for (Operation *op : ops) {
    TileSize size =
        sizeFor(cast<RankedTensorType>(op->getResult(0).getType()).getShape());
    SmallVector<Value> results;
    if (auto unpool = dyn_cast<UnpoolOp>(op)) {
      // One token of one block: its gradient may be made in this launch.
      Value made = tiles.lookup(unpool.getGradient());
      RowTile tile{leading[0], leading[1], start, exist};
      results.push_back(made ? made
                             : emitUnpool(k, unpool,
                                          k.buffer(unpool.getGradient()), tile,
                                          rows, run, canGather));
    } else {
      SmallVector<Value> operands;
      for (Value operand : op->getOperands()) {
        Value &tile = tiles[operand];
        if (!tile)
          tile = emitUniform(k, ranges, operand);
        if (!tile && isa<TensorType>(operand.getType()))
          tile = load(k.buffer(operand));
        if (!tile)
          return op->emitOpError()
                 << "must take tensors, or scalars that are constants, got an "
                    "operand of type "
                 << operand.getType();
        operands.push_back(k.broadcast(tile, size));
      }
      results = emitElementwise(k, ranges, op, operands);
    }
    for (auto [result, tile] : llvm::zip(op->getResults(), results)) {
      tiles[result] = tile;
      if (k.isWanted(result))
        store(tile, k.buffer(result));
    }
  }
  return success();
}

LogicalResult llsa::emitEpilogue(KernelBuilder &k, ArrayRef<Operation *> ops,
                                 const RowTile &tile, const RowGrid &grid,
                                 DenseMap<Value, Value> &tiles,
                                 bool canGather) {
  return GroupBuilder(k, tile, grid).emit(ops, tiles, canGather);
}

/// A tensor that the grid can cut, or a message.
static LogicalResult verifyTensor(Operation *op, Type type,
                                  const TensorGrid &grid) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor && grid.takes(tensor.getShape()))
    return success();
  SmallVector<int64_t> rows(grid.leading);
  rows.push_back(grid.rowCount);
  std::string sizes;
  for (int64_t size : rows)
    sizes += (sizes.empty() ? "" : "x") + std::to_string(size);
  return op->emitOpError()
         << "must take and give tensors whose leading sizes are those of its "
            "launch, "
         << sizes << ", got " << type;
}

LogicalResult llsa::lowerElementwise(const LaunchContext &context,
                                     ArrayRef<Operation *> ops) {
  LaunchOp launch = context.launch;
  auto first = dyn_cast<RankedTensorType>(ops.front()->getResult(0).getType());
  if (!first || first.getRank() == 0)
    return ops.front()->emitOpError()
           << "must give a tensor of rank 1 or more, got "
           << ops.front()->getResultTypes();
  TensorGrid grid(first.getShape(), context.schedule.getRows());
  for (Operation *op : ops) {
    for (Type type : op->getOperandTypes())
      if (isa<TensorType>(type) && !isa<UnpoolOp>(op) &&
          failed(verifyTensor(op, type, grid)))
        return failure();
    for (Type type : op->getResultTypes())
      if (failed(verifyTensor(op, type, grid)))
        return failure();
  }
  KernelBuilder k(context.host, launch.getLoc(), launch.getName(), grid.items(),
                  context.schedule);
  DenseMap<Value, Value> tiles;
  if (failed(GroupBuilder(k, grid).emit(ops, tiles, context.widenDots)))
    return failure();
  k.finish(launch);
  return success();
}

void llsa::lowerCopy(HostBuilder &host, Value source, Value target,
                     Location loc) {
  auto type = cast<MemRefType>(source.getType());
  auto schedule = tile::ScheduleAttr::get(loc.getContext(), /*rows=*/16,
                                          /*cols=*/16, /*warps=*/1,
                                          /*stages=*/1);
  TensorGrid grid(type.getShape(), schedule.getRows());
  KernelBuilder k(host, loc, "copy", grid.items(), schedule);
  GroupBuilder group(k, grid);
  Value tile = group.load(k.argument(source));
  group.store(tile, k.argument(target));
  k.finish(/*flops=*/0.0,
           2.0 * type.getNumElements() * type.getElementTypeBitWidth() / 8);
}

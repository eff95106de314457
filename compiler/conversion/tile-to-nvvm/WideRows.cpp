//===- WideRows.cpp - rows in pieces of 16 bytes --------------------------===//
//
// A fragment's lane holds neighbours in pairs: with 16-bit elements a row's
// four lanes would load 16 bytes together, and a warp 8 rows at once, which is
// 8 passes through the L1 cache for 128 bytes. So a lane takes 16 bytes, of
// each 32 columns those from 8t to 8t + 7, four pairs. The fragment wants pair
// 4j + t of these columns in lane t: the four lanes transpose 4x4 pairs. Bytes
// lie in pieces of the same columns (WideBytes.cpp).
//
// Where columns are only summed up, their order does not matter, and lanes
// compute with what they loaded.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::gpu;
using namespace llsa::tile;

static constexpr int64_t kPairs = 4; ///< of a piece
static constexpr int64_t kPieceColumns = 2 * kPairs;
static constexpr int64_t kPieceBytes = 16;

/// The columns of a lane's pieces.
TileLayout KernelLowering::wideLayoutOf(Value tile) {
  return TileLayout(tileOf(tile), {kPieceColumns, grid.rowLanes});
}

bool KernelLowering::isWide(Value tile, Value memory, ValueRange indices,
                            int64_t rowDim) {
  TileLayout layout = layoutOf(tile);
  Type element = tileOf(tile).getElementType();
  return (layout.isPaired(element) || element.isInteger(8)) &&
         layout.grid.columns == 2 && layout.cols % (4 * kPieceColumns) == 0 &&
         accessWidth(wideLayoutOf(tile), memory, indices, rowDim) ==
             kPieceColumns;
}
bool KernelLowering::isWide(LoadOp op) {
  return isWide(op.getResult(), op.getSource(), op.getIndices(),
                op.getRowDimension());
}
bool KernelLowering::isWide(StoreOp op) {
  return isWide(op.getTile(), op.getDestination(), op.getIndices(),
                op.getRowDimension());
}

/// Lane t's number j becomes lane j's number t, for every four numbers.
void KernelLowering::transposeQuads(MutableArrayRef<Value> numbers) {
  for (int32_t distance : {1, 2}) {
    Value isUpper = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::ne,
        arith::AndIOp::create(builder, loc, laneInRow, i32(distance)), i32(0));
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (i & distance)
        continue;
      Value &low = numbers[i], &high = numbers[i + distance];
      Value got = nvvm.shuffleXor(loc, select(isUpper, low, high), distance);
      low = select(isUpper, got, low);
      high = select(isUpper, high, got);
    }
  }
}

void KernelLowering::loadWide(LoadOp op) {
  if (tileOf(op.getResult()).getElementType().isInteger(8))
    return loadWideBytes(op);
  TileLayout layout = wideLayoutOf(op.getResult());
  Type i32Type = builder.getI32Type();
  auto piece = VectorType::get(kPairs, i32Type);
  auto pair = VectorType::get(2, tileOf(op.getResult()).getElementType());
  auto asPairs = [&](ArrayRef<Value> numbers) {
    Values pairs;
    for (Value number : numbers)
      pairs.push_back(LLVM::BitcastOp::create(builder, loc, pair, number));
    return pairs;
  };
  Values numbers;
  for (int64_t h = 0; h < layout.halves(); ++h) {
    Value exists;
    Value row = loadedRow(op, layout, h, exists);
    Value start = atFirstColumn(row, layout, pair.getElementType());
    for (int64_t c = 0; c < layout.columns(); c += kPieceColumns) {
      Value loaded = LLVM::LoadOp::create(
          builder, loc, piece, advance(start, layout.columnBase(c) * 2),
          kPieceBytes);
      for (int64_t i = 0; i < kPairs; ++i)
        numbers.push_back(
            select(exists,
                   LLVM::ExtractElementOp::create(builder, loc, loaded, i32(i)),
                   i32(0)));
    }
  }
  wideTiles[op.getResult()] = asPairs(numbers);
  if (isOrderFree(op))
    return;
  transposeQuads(numbers);
  tiles[op.getResult()] = asPairs(numbers);
}

void KernelLowering::storeWide(StoreOp op) {
  if (tileOf(op.getTile()).getElementType().isInteger(8))
    return storeWideBytes(op);
  TileLayout layout = wideLayoutOf(op.getTile());
  Type i32Type = builder.getI32Type();
  Values numbers;
  for (Value pair : tiles[op.getTile()])
    numbers.push_back(LLVM::BitcastOp::create(builder, loc, i32Type, pair));
  transposeQuads(numbers);
  auto piece = VectorType::get(kPairs, i32Type);
  const Value *next = numbers.begin();
  for (int64_t h = 0; h < layout.halves(); ++h) {
    Values pieces;
    for (int64_t c = 0; c < layout.columns(); c += kPieceColumns) {
      Value stored = LLVM::PoisonOp::create(builder, loc, piece);
      for (int64_t i = 0; i < kPairs; ++i)
        stored = LLVM::InsertElementOp::create(builder, loc, stored, *next++,
                                               i32(i));
      pieces.push_back(stored);
    }
    storeRow(op, layout, h, [&](Value start) {
      for (auto [i, stored] : llvm::enumerate(pieces))
        LLVM::StoreOp::create(
            builder, loc, stored,
            advance(start, layout.columnBase(i * kPieceColumns) * 2),
            kPieceBytes);
    });
  }
}

//===----------------------------------------------------------------------===//
// Where the order of columns does not matter
//===----------------------------------------------------------------------===//

bool KernelLowering::isOrderFree(LoadOp op) {
  return llvm::all_of(op->getUsers(), [&](Operation *user) {
    return orderFree.contains(user);
  });
}

/// Finds ops on tiles that were loaded in pieces, or computed from such, whose
/// results end in sums and the like over columns.
void KernelLowering::findOrderFree() {
  auto isTile = [](Value value) {
    return isa<RankedTensorType>(value.getType());
  };
  auto isReduced = [](Operation *op) {
    auto reduce = dyn_cast<ReduceOp>(op);
    return reduce && reduce.getAxis() == Axis::Cols;
  };
  auto isFree = [&](Operation *op) {
    if (!isReduced(op) && (!isElementwise(*op) ||
                           !llvm::all_of(op->getUsers(), [&](Operation *user) {
                             return orderFree.contains(user);
                           })))
      return false;
    bool any = false;
    for (Value operand : op->getOperands()) {
      Operation *source = operand.getDefiningOp();
      bool isConstant = isa_and_nonnull<arith::ConstantOp>(source);
      auto load = dyn_cast_or_null<LoadOp>(source);
      if (isTile(operand) && !isConstant && !(load && isWide(load)) &&
          !(source && orderFree.contains(source)))
        return false;
      any |= isTile(operand) && !isConstant;
    }
    return any;
  };
  kernel.walk([&](Operation *op) {
    if (isReduced(op) || (op->getNumResults() == 1 && isElementwise(*op)))
      orderFree.insert(op);
  });
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation *op : llvm::to_vector(orderFree))
      if (!isFree(op)) {
        orderFree.remove(op);
        changed = true;
      }
  }
}

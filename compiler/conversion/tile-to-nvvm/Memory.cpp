//===- Memory.cpp - loads and stores of tiles -----------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::gpu;
using namespace llsa::tile;

static int64_t bytesOf(Type element) {
  return element.getIntOrFloatBitWidth() / 8;
}

/// `value` is known to be a multiple of `factor`.
static bool isMultiple(Value value, int64_t factor) {
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return number.getSExtValue() % factor == 0;
  if (auto product = value.getDefiningOp<arith::MulIOp>())
    return isMultiple(product.getLhs(), factor) ||
           isMultiple(product.getRhs(), factor);
  return false;
}

/// Tensors whose last dimension is a multiple of 16 bytes start, and have all
/// rows, at multiples of 16 bytes (the runtime sees to it).
int64_t KernelLowering::accessWidth(const TileLayout &layout, Value memory,
                                    ValueRange indices, int64_t rowDim) {
  auto type = cast<MemRefType>(memory.getType());
  if (layout.isOneColumn() || layout.isPartial() ||
      rowDim == type.getRank() - 1)
    return 1;
  int64_t bytes = bytesOf(type.getElementType());
  int64_t width = std::min(layout.grid.columns, 16 / bytes);
  if (type.getShape().back() * bytes % 16 != 0 || layout.cols % width != 0 ||
      !isMultiple(indices.back(), width))
    return 1;
  return width;
}

Value KernelLowering::loadedRow(LoadOp op, const TileLayout &layout,
                                int64_t half, Value &exists) {
  auto type = cast<MemRefType>(op.getSource().getType());
  int64_t rowDim = op.getRowDimension();
  Value row = layout.isOneRow() ? i32(0) : rowOf(half);
  Values at = mapped(op.getIndices());
  if (rowDim >= 0) {
    if (op.getRows())
      exists = less(toIndex(row), mapped(op.getRows()));
    // A row that does not exist is read from where one does: the first.
    Value from = exists ? select(exists, row, i32(0)) : row;
    at[rowDim] = add(at[rowDim], toIndex(from));
    if (op.getRows() || !layout.rowExists(half))
      at[rowDim] = arith::MinUIOp::create(builder, loc, at[rowDim],
                                          index(type.getDimSize(rowDim) - 1));
  }
  return addressOf(op.getSource(), at);
}

Value KernelLowering::atFirstColumn(Value row, const TileLayout &layout,
                                    Type element) {
  if (layout.isOneColumn())
    return row;
  return advance(row, toIndex(mul(columnOf(layout, 0), i32(bytesOf(element)))));
}

LogicalResult KernelLowering::lowerLoad(LoadOp op) {
  if (isWide(op)) {
    loadWide(op);
    return success();
  }
  TileLayout layout = layoutOf(op.getResult());
  Type element = tileOf(op.getResult()).getElementType();
  int64_t width = accessWidth(layout, op.getSource(), op.getIndices(),
                              op.getRowDimension());
  Values elements(layout.elements());
  for (int64_t h = 0; h < layout.halves(); ++h) {
    Value exists;
    Value row = loadedRow(op, layout, h, exists);
    Value start = atFirstColumn(row, layout, element);
    for (int64_t c = 0; c < layout.columns(); c += width) {
      Value pointer = advance(start, layout.columnBase(c) * bytesOf(element));
      // A column that does not exist is not touched either.
      if (Value column = columnExists(layout, c + width - 1))
        pointer = select(column, pointer, row);
      if (width == 1) {
        Value loaded = LLVM::LoadOp::create(builder, loc, element, pointer);
        elements[layout.indexOf(h, c)] = select(exists, loaded, zero(element));
        continue;
      }
      auto vector = VectorType::get(width, element);
      Value loaded = LLVM::LoadOp::create(builder, loc, vector, pointer,
                                          width * bytesOf(element));
      for (int64_t i = 0; i < width; ++i) {
        Value one =
            LLVM::ExtractElementOp::create(builder, loc, loaded, i32(i));
        elements[layout.indexOf(h, c + i)] = select(exists, one, zero(element));
      }
    }
  }
  setElements(op.getResult(), elements);
  return success();
}

void KernelLowering::storeRow(StoreOp op, const TileLayout &layout,
                              int64_t half,
                              function_ref<void(Value start)> store) {
  int64_t rowDim = op.getRowDimension();
  // One of the lanes that hold the same.
  Value writes;
  auto isZero = [&](Value x) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, x,
                                 i32(0));
  };
  if (layout.isOneColumn())
    writes = isZero(laneInRow);
  if (layout.isOneRow())
    writes = both(writes, isZero(rowInHalf));
  Value row = layout.isOneRow() ? i32(0) : rowOf(half);
  Value exists =
      both(writes, layout.isOneRow() ? Value() : rowExists(layout, half));
  if (op.getRows())
    exists = both(exists, less(toIndex(row), mapped(op.getRows())));
  when(exists, [&] {
    Values at = mapped(op.getIndices());
    if (rowDim >= 0)
      at[rowDim] = add(at[rowDim], toIndex(row));
    store(atFirstColumn(addressOf(op.getDestination(), at), layout,
                        tileOf(op.getTile()).getElementType()));
  });
}

LogicalResult KernelLowering::lowerStore(StoreOp op) {
  if (isWide(op)) {
    storeWide(op);
    return success();
  }
  TileLayout layout = layoutOf(op.getTile());
  Type element = tileOf(op.getTile()).getElementType();
  int64_t width = accessWidth(layout, op.getDestination(), op.getIndices(),
                              op.getRowDimension());
  Values elements = elementsOf(op.getTile());
  for (int64_t h = 0; h < layout.halves(); ++h)
    storeRow(op, layout, h, [&](Value start) {
      for (int64_t c = 0; c < layout.columns(); c += width) {
        when(columnExists(layout, c + width - 1), [&] {
          Value pointer =
              advance(start, layout.columnBase(c) * bytesOf(element));
          Value stored = elements[layout.indexOf(h, c)];
          if (width > 1) {
            auto vector = VectorType::get(width, element);
            stored = LLVM::PoisonOp::create(builder, loc, vector);
            for (int64_t i = 0; i < width; ++i)
              stored = LLVM::InsertElementOp::create(
                  builder, loc, stored, elements[layout.indexOf(h, c + i)],
                  i32(i));
          }
          LLVM::StoreOp::create(builder, loc, stored, pointer,
                                width * bytesOf(element));
        });
      }
    });
  return success();
}

LogicalResult KernelLowering::lowerLookup(LookupOp op) {
  TileLayout layout = layoutOf(op.getResult());
  auto type = cast<MemRefType>(op.getSource().getType());
  SmallVector<Values> indices;
  for (Value tile : op.getIndices())
    indices.push_back(elementsOf(tile));
  Values elements;
  for (int64_t i = 0; i < layout.elements(); ++i) {
    Values at;
    for (auto [dim, numbers] : llvm::enumerate(indices)) {
      Value last = i32(type.getDimSize(dim) - 1);
      Value inside = arith::MinSIOp::create(
          builder, loc,
          arith::MaxSIOp::create(builder, loc, numbers[i], i32(0)), last);
      at.push_back(toIndex(inside));
    }
    elements.push_back(LLVM::LoadOp::create(builder, loc, type.getElementType(),
                                            addressOf(op.getSource(), at)));
  }
  setElements(op.getResult(), elements);
  return success();
}

//===----------------------------------------------------------------------===//
// Index rows
//===----------------------------------------------------------------------===//

Value KernelLowering::blockEntry(BlockRowsOp op, Value number) {
  int64_t entries =
      cast<MemRefType>(op.getSource().getType()).getShape().back();
  Values at = mapped(op.getIndices());
  at.back() = add(at.back(), number);
  Value exists = less(at.back(), index(entries));
  at.back() =
      arith::MinUIOp::create(builder, loc, at.back(), index(entries - 1));
  Value entry = LLVM::LoadOp::create(builder, loc, builder.getI32Type(),
                                     addressOf(op.getSource(), at));
  return select(exists, entry, i32(-1));
}

Value KernelLowering::sharedPointer(Value address) {
  Type type = LLVM::LLVMPointerType::get(builder.getContext(), 3);
  return LLVM::IntToPtrOp::create(builder, loc, type, address);
}

SmallVector<Value> KernelLowering::loadShared(Value address, Type element,
                                              int64_t count) {
  int64_t bytes = count * element.getIntOrFloatBitWidth() / 8;
  Value vector =
      LLVM::LoadOp::create(builder, loc, VectorType::get(count, element),
                           sharedPointer(address), /*alignment=*/bytes);
  Values elements;
  for (int64_t i = 0; i < count; ++i)
    elements.push_back(
        LLVM::ExtractElementOp::create(builder, loc, vector, i32(i)));
  return elements;
}

KernelLowering::BlockRow KernelLowering::findBlockRow(BlockRowsOp op,
                                                      Value column) {
  int64_t block = op.getBlock();
  Value number, within, exists;
  if (op.getPart()) {
    int64_t width = tileOf(op.getResult()).getDimSize(1);
    number = index(0);
    within = add(column, toI32(mul(mapped(op.getPart()), index(width))));
    exists = less(within, i32(block));
  } else {
    number = toIndex(arith::DivUIOp::create(builder, loc, column, i32(block)));
    within = arith::RemUIOp::create(builder, loc, column, i32(block));
  }
  Value entry = blockEntry(op, number);
  // Entries beyond what 32 bits hold as rows are refused before they multiply.
  int64_t blocks = llvm::divideCeil(op.getLimit(), block);
  exists = both(exists,
                arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                      entry, i32(blocks)));
  Value row = add(mul(entry, i32(block)), within);
  // Whole blocks have no rows behind the limit.
  if (op.getLimit() % block != 0)
    exists = both(exists, less(row, i32(op.getLimit())));
  return {row, exists};
}

Value KernelLowering::blockRow(BlockRowsOp op, Value column) {
  BlockRow found = findBlockRow(op, column);
  return select(found.exists, found.row, i32(-1));
}

SmallVector<Value> KernelLowering::blockRows(BlockRowsOp op) {
  TileLayout layout = layoutOf(op.getResult());
  Values rows;
  for (int64_t c = 0; c < layout.columns(); ++c)
    rows.push_back(blockRow(op, columnOf(layout, c)));
  return rows;
}

SmallVector<Value> KernelLowering::blockRowsAgain(BlockRowsOp op) {
  Value known = memories[op.getSource()].pointer;
  memories[op.getSource()].pointer = nvvm.opaque(loc, known);
  Values rows = blockRows(op);
  memories[op.getSource()].pointer = known;
  return rows;
}

void KernelLowering::lowerBlockRows(BlockRowsOp op) {
  // Copies and top-k lists compute their rows themselves; masks want them here.
  if (llvm::all_of(op->getUsers(),
                   llvm::IsaPred<GatherAsyncOp, BulkGatherOp, TopkOp>))
    return;
  setElements(op.getResult(), blockRows(op));
}

//===----------------------------------------------------------------------===//
// Single elements
//===----------------------------------------------------------------------===//

void KernelLowering::lowerMemrefLoad(Operation &op) {
  auto load = cast<memref::LoadOp>(op);
  mapping.map(load.getResult(),
              LLVM::LoadOp::create(
                  builder, loc, load.getResult().getType(),
                  addressOf(load.getMemref(), mapped(load.getIndices()))));
}

void KernelLowering::lowerMemrefStore(Operation &op) {
  auto store = cast<memref::StoreOp>(op);
  LLVM::StoreOp::create(
      builder, loc, mapped(store.getValue()),
      addressOf(store.getMemref(), mapped(store.getIndices())));
}

/// Each lane a sector of a row, or a line of a tile, or several.
void KernelLowering::lowerPrefetch(PrefetchOp op) {
  constexpr int64_t kSectorBytes = 32, kLineBytes = 128;
  auto type = cast<MemRefType>(op.getSource().getType());
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  int64_t rows = op.getRows(), count = op.getCount();
  int64_t most = (rows == 1 ? kSectorBytes : kLineBytes) / bytes;
  // Of one row no lane is idle.
  int64_t apart = rows == 1
                      ? std::min<int64_t>(most, llvm::divideCeil(count, kLanes))
                      : most;
  int64_t perRow = rows == 1 ? kLanes : llvm::divideCeil(count, apart);
  auto moved = [&](Value start, Value by, int64_t dimension) -> Value {
    return arith::MinUIOp::create(builder, loc, add(start, toIndex(by)),
                                  index(type.getDimSize(dimension) - 1));
  };
  int64_t rank = type.getRank();
  for (int64_t first = 0; first < rows * perRow; first += kLanes) {
    Value number = add(lane, i32(first)), inRow = number;
    Values at = mapped(op.getIndices());
    if (rows > 1) {
      Value row = arith::DivUIOp::create(builder, loc, number, i32(perRow));
      inRow = arith::RemUIOp::create(builder, loc, number, i32(perRow));
      at[rank - 2] = moved(at[rank - 2], row, rank - 2);
    }
    at.back() = moved(at.back(), mul(inRow, i32(apart)), rank - 1);
    nvvm.prefetch(loc, addressOf(op.getSource(), at),
                  rows == 1 ? Nvvm::Cache::L1 : Nvvm::Cache::L2);
  }
}

void KernelLowering::lowerSharedTile(SharedTileOp op) {
  Value address = slotAddress(op.getRing(), mapped(op.getSlot()));
  RankedTensorType type = tileOf(op.getResult());
  if (!isSharedVector(type)) {
    staged[op.getResult()] = address;
    return;
  }
  // A column of a lane and its neighbours.
  TileLayout layout = layoutOf(op.getResult());
  int64_t width =
      layout.cols % layout.grid.columns == 0 ? layout.grid.columns : 1;
  Values elements;
  for (int64_t c = 0; c < layout.columns(); c += width) {
    Value column = columnOf(layout, c);
    if (Value exists = columnExists(layout, c + width - 1))
      column = select(exists, column, i32(0));
    llvm::append_range(elements, loadShared(add(address, mul(column, i32(4))),
                                            type.getElementType(), width));
  }
  setElements(op.getResult(), elements);
}

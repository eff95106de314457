//===- Prefetch.cpp - fetch the next step's gathered rows -----------------===//
//
// A gathered block lies anywhere, and a CPU's hardware prefetchers do not guess
// where. But the indices of the next step are known: block_rows also names the
// rows that the next step will gather (the next entries of its index row or,
// behind its end, the first ones of the next row, which the next work item
// takes), and the dot that reads this step's rows asks for the next step's, a
// few with every group of columns, so that memory and arithmetic overlap.
//
// Prefetching changes no value; rows are clamped to ones that exist.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-vector/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace llsa::tile;

/// Tensors below this size stay in the second-level cache by themselves.
static constexpr int64_t kCachedBytes = 512 * 1024;
static constexpr int64_t kCacheLine = 64;

/// Bytes of one head's rows.
static int64_t bytesPerHead(MemRefType type) {
  int64_t rank = type.getRank();
  return type.getDimSize(rank - 1) * type.getDimSize(rank - 2) *
         type.getElementTypeBitWidth() / 8;
}

/// The gather that a dot's right operand comes from, through conversions.
static GatherOp gatherBehind(Value tile) {
  Operation *op = tile.getDefiningOp();
  while (op && op->getNumOperands() == 1 &&
         OpTrait::hasElementwiseMappableTraits(op))
    op = op->getOperand(0).getDefiningOp();
  return dyn_cast_or_null<GatherOp>(op);
}

void KernelLowering::nameNextRows(BlockRowsOp op) {
  bool worthIt = llvm::any_of(op.getResult().getUsers(), [](Operation *user) {
    auto gather = dyn_cast<GatherOp>(user);
    return gather &&
           bytesPerHead(cast<MemRefType>(gather.getSource().getType())) >
               kCachedBytes;
  });
  auto type = cast<MemRefType>(op.getSource().getType());
  int64_t rank = type.getRank();
  if (!worthIt || rank < 2)
    return;
  Value memory = mapped(op.getSource());
  SmallVector<Value> indices = mapped(op.getIndices());
  int64_t block = op.getBlock(), entries = colsOf(op.getResult()) / block;
  Type i32 = builder.getI32Type();
  Value buffer = allocateFor(op.getResult(), Layout::Cols);
  loop(index(0), index(entries), 1, [&](Value g) {
    Value position = arith::AddIOp::create(
        builder, loc, arith::AddIOp::create(builder, loc, indices.back(), g),
        index(entries));
    // Behind the end of this index row the next one begins.
    Value size = index(type.getDimSize(rank - 1));
    Value over = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge,
                                       position, size);
    Value wrapped = arith::SubIOp::create(builder, loc, position, size);
    position = arith::SelectOp::create(builder, loc, over, wrapped, position);
    position = arith::MinUIOp::create(builder, loc, position,
                                      index(type.getDimSize(rank - 1) - 1));
    Value row = indices[rank - 2];
    Value next = arith::AddIOp::create(builder, loc, row, index(1));
    row = arith::SelectOp::create(builder, loc, over, next, row);
    row = arith::MinUIOp::create(builder, loc, row,
                                 index(type.getDimSize(rank - 2) - 1));
    SmallVector<Value> place(indices);
    place[rank - 2] = row;
    place[rank - 1] = position;
    Value entry = memref::LoadOp::create(builder, loc, memory, place);
    Value last = arith::ConstantIntOp::create(
        builder, loc, i32, llvm::divideCeil(int64_t(op.getLimit()), block) - 1);
    Value none = arith::ConstantIntOp::create(builder, loc, i32, 0);
    entry = arith::MinSIOp::create(
        builder, loc, arith::MaxSIOp::create(builder, loc, entry, none), last);
    memref::StoreOp::create(builder, loc, entry, buffer,
                            ValueRange{index(0), g});
  });
  nextBlocks[op.getResult()] = buffer;
}

void KernelLowering::prefetchNext(DotOp op, Value firstColumn,
                                  int64_t columns) {
  GatherOp gather = gatherBehind(op.getB());
  if (!gather)
    return;
  auto type = cast<MemRefType>(gather.getSource().getType());
  Value blocks = nextBlocks.lookup(gather.getRows());
  if (!blocks || bytesPerHead(type) <= kCachedBytes)
    return;
  int64_t block = gather.getRows().getDefiningOp<BlockRowsOp>().getBlock();
  int64_t limit = gather.getRows().getDefiningOp<BlockRowsOp>().getLimit();
  int64_t rows = rowsOf(gather.getResult()), depth = colsOf(gather.getResult());
  int64_t groups = llvm::divideCeil(colsOf(op.getResult()), columns);
  int64_t perGroup = llvm::divideCeil(rows, groups);
  int64_t step = kCacheLine * 8 / type.getElementTypeBitWidth();

  Value memory = mapped(gather.getSource());
  Value group =
      arith::DivUIOp::create(builder, loc, firstColumn, index(columns));
  Value first = arith::MulIOp::create(builder, loc, group, index(perGroup));
  for (int64_t i = 0; i < perGroup; ++i) {
    Value row = arith::AddIOp::create(builder, loc, first, index(i));
    row = arith::MinUIOp::create(builder, loc, row, index(rows - 1));
    Value g = arith::DivUIOp::create(builder, loc, row, index(block));
    Value child = arith::RemUIOp::create(builder, loc, row, index(block));
    Value entry =
        memref::LoadOp::create(builder, loc, blocks, ValueRange{index(0), g});
    Value base = arith::MulIOp::create(
        builder, loc,
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), entry),
        index(block));
    Value token = arith::MinUIOp::create(
        builder, loc, arith::AddIOp::create(builder, loc, base, child),
        index(limit - 1));
    SmallVector<Value> place = mapped(gather.getIndices());
    Value start = place.back();
    place.insert(place.end() - 1, token);
    for (int64_t d = 0; d < depth; d += step) {
      place.back() = arith::AddIOp::create(builder, loc, start, index(d));
      memref::PrefetchOp::create(builder, loc, memory, place, /*isWrite=*/false,
                                 /*localityHint=*/3, /*isDataCache=*/true);
    }
  }
}

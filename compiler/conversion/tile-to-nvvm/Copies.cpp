//===- Copies.cpp - from global to shared memory --------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::gpu;
using namespace llsa::tile;

static constexpr int64_t kChunkBytes = 16;

static int64_t rowBytesOf(MemRefType ring) {
  return ring.getDimSize(2) * ring.getElementTypeBitWidth() / 8;
}

SlotLayout::SlotLayout(MemRefType ring)
    : SlotLayout(ring.getDimSize(1), rowBytesOf(ring)) {}

SlotLayout::SlotLayout(int64_t rows, int64_t rowBytes)
    : rows(rows), panelBytes(rowBytes % 128 == 0 ? 128 : rowBytes),
      chunks(panelBytes / kChunkBytes) {
  int64_t ways = 1;
  while (ways < 8 && chunks % (2 * ways) == 0)
    ways *= 2;
  mask = ways - 1;
  shift = llvm::Log2_64(8 / ways);
}

Value KernelLowering::slotAddress(Value ring, Value slot, int64_t unit) {
  auto alloc = ring.getDefiningOp<AllocSharedOp>();
  Value address = add(sharedMemory, i32(alloc.getOffset().value_or(0)));
  if (unit > 1)
    address =
        arith::ShRUIOp::create(builder, loc, address, i32(llvm::Log2_64(unit)));
  if (alloc.getScope() == Scope::Warp && warps > 1)
    address = add(address, mul(warp, i32(alloc.getRingBytes() / unit)));
  if (alloc.getRing().getType().getDimSize(0) == 1)
    return address;
  return add(address, mul(toI32(slot), i32(alloc.getSlotBytes() / unit)));
}

int64_t KernelLowering::copiersOf(Value ring) {
  bool together = ring.getDefiningOp<AllocSharedOp>().getScope() == Scope::Cta;
  return together ? kLanes * warps : kLanes;
}

int64_t KernelLowering::rowsApart(Value ring) {
  int64_t copiers = copiersOf(ring);
  int64_t rowChunks =
      rowBytesOf(cast<MemRefType>(ring.getType())) / kChunkBytes;
  return copiers % rowChunks == 0 ? copiers / rowChunks : 0;
}

void KernelLowering::forEachChunk(
    Value ring, Value slot,
    function_ref<void(Value row, Value chunk, Value destination)> copy) {
  auto alloc = ring.getDefiningOp<AllocSharedOp>();
  auto type = cast<MemRefType>(ring.getType());
  int64_t rowChunks = rowBytesOf(type) / kChunkBytes, rows = type.getDimSize(1);
  SlotLayout layout(type);
  bool together = alloc.getScope() == Scope::Cta;
  Value who = together ? thread : lane;
  int64_t copiers = copiersOf(ring);
  int64_t total = rows * rowChunks;
  Value base = slotAddress(ring, slot), destination;
  // A lane's rows lie a power of two apart: their numbers differ from the first
  // one's in other bits, and so do their chunks' places in the address.
  int64_t apart = rowsApart(ring);
  bool regular = llvm::isPowerOf2_64(apart) && layout.isAligned();
  for (int64_t first = 0; first < total; first += copiers) {
    Value number = add(who, i32(first));
    Value exists = first + copiers > total ? less(number, i32(total)) : Value();
    when(exists, [&] {
      Value row = arith::DivUIOp::create(builder, loc, number, i32(rowChunks));
      Value chunk =
          arith::RemUIOp::create(builder, loc, number, i32(rowChunks));
      Value panel =
          arith::DivUIOp::create(builder, loc, chunk, i32(layout.chunks));
      Value place =
          arith::RemUIOp::create(builder, loc, chunk, i32(layout.chunks));
      if (layout.mask != 0) {
        Value turn =
            arith::ShRUIOp::create(builder, loc, row, i32(layout.shift));
        turn = arith::AndIOp::create(builder, loc, turn, i32(layout.mask));
        place = arith::XOrIOp::create(builder, loc, place, turn);
      }
      Value offset =
          add(mul(row, i32(layout.panelBytes)), mul(place, i32(kChunkBytes)));
      if (rowChunks > layout.chunks)
        offset = add(offset, mul(panel, i32(layout.panelStride())));
      Value to;
      if (regular && first > 0) {
        int64_t rowsBefore = first / copiers * apart;
        int64_t turn = rowsBefore >> layout.shift & layout.mask;
        to = arith::XOrIOp::create(builder, loc, destination,
                                   i32(turn * kChunkBytes));
        to = add(to, i32(rowsBefore * layout.panelBytes));
      } else {
        to = add(base, offset);
      }
      if (first == 0)
        destination = to;
      copy(row, chunk, to);
    });
  }
}

/// The rows from `start` on, of which `rows` exist (null: all). One address on
/// each side, the lane's others by steps: computed one by one, LLVM takes their
/// parts out of loops, where they cost registers.
void KernelLowering::copyRun(Value ring, Value slot, Value start, Value stride,
                             Value rows, Value elsewhere, Value size) {
  int64_t apart = rowsApart(ring), before = 0; // rows of the lane's
  Value from, left;
  forEachChunk(ring, slot, [&](Value row, Value chunk, Value destination) {
    if (before > 0) {
      from = advance(from, mul(stride, index(apart)));
    } else {
      from = advance(start, add(mul(toIndex(row), stride),
                                toIndex(mul(chunk, i32(kChunkBytes)))));
      if (rows)
        left = arith::SubIOp::create(builder, loc, rows, toIndex(row));
    }
    Value exists = rows ? less(index(before), left) : Value();
    before += apart;
    if (!exists)
      return nvvm.copyAsync(loc, destination, from, size);
    nvvm.copyAsync(
        loc, destination,
        LLVM::SelectOp::create(builder, loc, exists, from, elsewhere),
        select(exists, i32(kChunkBytes), i32(0)));
  });
}

void KernelLowering::lowerCopyAsync(CopyAsyncOp op) {
  auto type = cast<MemRefType>(op.getSource().getType());
  int64_t rowDim = type.getRank() - 2;
  Value start = addressOf(op.getSource(), mapped(op.getIndices()));
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  Value stride = mul(strideOf(op.getSource(), rowDim), index(bytes));
  copyRun(op.getRing(), mapped(op.getSlot()), start, stride,
          op.getRows() ? mapped(op.getRows()) : Value(),
          memories[op.getSource()].pointer, /*size=*/Value());
}

/// All rows of a slot are rows of one block, which exists as a whole or not.
static bool isOneBlock(BlockRowsOp rows, Value ring) {
  int64_t width = cast<MemRefType>(ring.getType()).getDimSize(1);
  int64_t block = rows.getBlock();
  return rows.getLimit() % block == 0 &&
         (rows.getPart() ? block % width == 0 : block == width);
}

void KernelLowering::copyBlock(GatherAsyncOp op, BlockRowsOp rows, Value start,
                               Value stride) {
  Value first = blockRow(rows, i32(0));
  Value exists = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sge,
                                       first, i32(0));
  Value size = select(exists, i32(kChunkBytes), i32(0));
  Value at = toIndex(arith::MaxSIOp::create(builder, loc, first, i32(0)));
  copyRun(op.getRing(), mapped(op.getSlot()), advance(start, mul(at, stride)),
          stride, /*rows=*/Value(), /*elsewhere=*/Value(), size);
}

LogicalResult KernelLowering::lowerGatherAsync(GatherAsyncOp op) {
  auto rows = op.getRows().getDefiningOp<BlockRowsOp>();
  if (!rows)
    return op.emitOpError(
        "gathers rows that the GPU target cannot name one by one: expected "
        "those of a tile.block_rows");
  auto type = cast<MemRefType>(op.getSource().getType());
  int64_t rowDim = type.getRank() - 2;
  Values indices = mapped(op.getIndices());
  indices.insert(indices.end() - 1, index(0));
  Value start = addressOf(op.getSource(), indices);
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  Value stride = mul(strideOf(op.getSource(), rowDim), index(bytes));
  if (isOneBlock(rows, op.getRing())) {
    copyBlock(op, rows, start, stride);
    return success();
  }
  forEachChunk(
      op.getRing(), mapped(op.getSlot()),
      [&](Value row, Value chunk, Value destination) {
        Value named = blockRow(rows, row);
        Value exists = arith::CmpIOp::create(
            builder, loc, arith::CmpIPredicate::sge, named, i32(0));
        Value size = select(exists, i32(kChunkBytes), i32(0));
        Value at = toIndex(arith::MaxSIOp::create(builder, loc, named, i32(0)));
        Value offset =
            add(mul(at, stride), toIndex(mul(chunk, i32(kChunkBytes))));
        nvvm.copyAsync(loc, destination, advance(start, offset), size);
      });
  return success();
}

/// The copy engine sees memory through a proxy of its own. It has to see the
/// barriers that were made, and that a ring which cp.async filled is free.
static void fenceForCopyEngine(Nvvm &nvvm, Location loc) {
  nvvm.assembly(loc, "fence.proxy.async.shared::cta;", {}, "~{memory}");
}

void KernelLowering::lowerBarrier(Scope scope) {
  if (!kernel.getBody().front().getOps<AllocBarriersOp>().empty())
    fenceForCopyEngine(nvvm, loc);
  if (scope == Scope::Cta && warps > 1)
    nvvm.barrier(loc);
  else
    nvvm.warpBarrier(loc);
}

void KernelLowering::lowerWaitGroup(WaitGroupOp op) {
  nvvm.waitGroup(loc, op.getPending());
  lowerBarrier(op.getScope());
}

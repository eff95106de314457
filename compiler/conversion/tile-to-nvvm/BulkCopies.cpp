//===- BulkCopies.cpp - the copy engine and its barriers ------------------===//
//
// Slot s has two mbarriers, *full* at 16 s and *free* at 16 s + 8 behind the
// barriers' start. The producer's arrival and the last byte end a phase of
// *full*; the arrivals of all warps end one of *free*. Round r of a slot is
// phase r of both, told by its parity. Before round 0 a slot counts as given
// back: waiting for the phase before the first one returns at once.
//
// One lane arrives for its warp, whose lanes have met before; all of them where
// they read vectors. (The assembler makes nothing of a meeting of a whole warp,
// so that compute-sanitizer takes plain reads of other lanes for unordered.)
//
// Barriers of a warp need no *free*: its lanes meet before the one of them that
// is the producer goes on.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::gpu;
using namespace llsa::tile;

static constexpr int64_t kBarrierBytes = 8;

/// Its slots hold one row of numbers each, copied by its address; else tiles.
static bool isVectorRing(MemRefType ring) { return ring.getDimSize(1) == 1; }

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

int64_t KernelLowering::boxColumns(MemRefType ring) {
  int64_t bytes = ring.getElementTypeBitWidth() / 8;
  return std::min<int64_t>(ring.getDimSize(2), 128 / bytes);
}

KernelLowering::View &KernelLowering::viewOf(Value memory, int64_t rows,
                                             int64_t cols) {
  for (View &view : views)
    if (view.memory == memory && view.rows == rows && view.cols == cols)
      return view;
  return views.emplace_back(View{memory, rows, cols, Value()});
}

void KernelLowering::findViews() {
  kernel.walk([&](Operation *op) {
    if (auto copy = dyn_cast<BulkCopyOp>(op)) {
      MemRefType ring = copy.getRing().getType();
      if (isVectorRing(ring))
        return;
      viewOf(copy.getSource(), ring.getDimSize(1), boxColumns(ring));
    } else if (auto gather = dyn_cast<BulkGatherOp>(op)) {
      auto rows = gather.getRows().getDefiningOp<BlockRowsOp>();
      viewOf(gather.getSource(), bulkRowsOf(rows),
             boxColumns(gather.getRing().getType()));
    }
  });
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

Value KernelLowering::fullBarrier(Value barriers, Value slot) {
  auto alloc = barriers.getDefiningOp<AllocBarriersOp>();
  Value start = add(sharedMemory, i32(alloc.getOffset().value_or(0)));
  if (alloc.getScope() == Scope::Warp)
    start = add(start, mul(warp, i32(alloc.getBytes())));
  return add(start, mul(toI32(slot), i32(2 * kBarrierBytes)));
}
Value KernelLowering::freeBarrier(Value barriers, Value slot) {
  return add(fullBarrier(barriers, slot), i32(kBarrierBytes));
}

/// The slots hold vectors, which lanes read by plain loads.
static bool guardVectors(Value barriers) {
  return llvm::any_of(barriers.getUsers(), [](Operation *user) {
    auto copy = dyn_cast<BulkCopyOp>(user);
    return copy && isVectorRing(copy.getRing().getType());
  });
}

void KernelLowering::lowerAllocBarriers(AllocBarriersOp op) {
  int64_t arrivals = guardVectors(op.getBarriers()) ? warps * kLanes : warps;
  when(isProducer(op.getScope()), [&] {
    int64_t slots = op.getBarriers().getType().getDimSize(0);
    for (int64_t slot = 0; slot < slots; ++slot) {
      hopper.initBarrier(loc, fullBarrier(op.getBarriers(), index(slot)), 1);
      if (op.getScope() == Scope::Cta)
        hopper.initBarrier(loc, freeBarrier(op.getBarriers(), index(slot)),
                           arrivals);
    }
    hopper.fenceBarrierInit(loc);
  });
}

static Scope scopeOf(Value barriers) {
  return barriers.getDefiningOp<AllocBarriersOp>().getScope();
}

Value KernelLowering::isProducer(Scope scope) {
  Value elected = nvvm.elect(loc);
  if (scope == Scope::Warp || warps == 1)
    return elected;
  return both(elected,
              arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                    warp, i32(0)));
}

void KernelLowering::lowerExpect(ExpectOp op) {
  Value slot = mapped(op.getSlot());
  if (scopeOf(op.getBarriers()) == Scope::Cta) {
    // The round before.
    Value parity = add(toI32(mapped(op.getRound())), i32(1));
    parity = arith::AndIOp::create(builder, loc, parity, i32(1));
    hopper.waitBarrier(loc, freeBarrier(op.getBarriers(), slot), parity);
  }
  hopper.expectBytes(loc, fullBarrier(op.getBarriers(), slot), op.getBytes());
}

void KernelLowering::lowerAwait(AwaitOp op) {
  Value parity =
      arith::AndIOp::create(builder, loc, toI32(mapped(op.getRound())), i32(1));
  hopper.waitBarrier(loc, fullBarrier(op.getBarriers(), mapped(op.getSlot())),
                     parity);
  nvvm.warpBarrier(loc);
}

void KernelLowering::lowerRelease(ReleaseOp op) {
  nvvm.warpBarrier(loc);
  if (scopeOf(op.getBarriers()) == Scope::Warp)
    return;
  Value arrives;
  if (!guardVectors(op.getBarriers()))
    arrives = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                    lane, i32(0));
  when(arrives, [&] {
    hopper.arrive(loc, freeBarrier(op.getBarriers(), mapped(op.getSlot())));
  });
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

/// `at` (index) is the place of the box's first row, outermost first; `to` its
/// place in the first panel.
void KernelLowering::copyPanels(Value ring, Value to, Value source,
                                ValueRange at, int64_t rows, Value full) {
  auto type = cast<MemRefType>(ring.getType());
  SlotLayout layout(type);
  int64_t cols = boxColumns(type);
  Value map = viewOf(source, rows, cols).map;
  Values place;
  for (Value number : llvm::reverse(at))
    place.push_back(toI32(number));
  Value first = place.front();
  for (int64_t panel = 0; panel * cols < type.getDimSize(2); ++panel) {
    place.front() = panel == 0 ? first : add(first, i32(panel * cols));
    hopper.copyBox(loc,
                   panel == 0 ? to : add(to, i32(panel * layout.panelStride())),
                   map, place, full);
  }
}

void KernelLowering::lowerBulkCopy(BulkCopyOp op) {
  Value slot = mapped(op.getSlot());
  if (isVectorRing(op.getRing().getType())) {
    hopper.copyBytes(loc, slotAddress(op.getRing(), slot),
                     addressOf(op.getSource(), mapped(op.getIndices())),
                     op.getRing().getDefiningOp<AllocSharedOp>().getSlotBytes(),
                     fullBarrier(op.getBarriers(), slot));
    return;
  }
  copyPanels(op.getRing(), slotAddress(op.getRing(), slot), op.getSource(),
             mapped(op.getIndices()), op.getRing().getType().getDimSize(1),
             fullBarrier(op.getBarriers(), slot));
}

/// The first of `count` rows of a copy. Where there is no block it lies outside
/// of the tensor, with all rows: the copy engine fills in zeros.
Value KernelLowering::rowOrOutside(BulkGatherOp op, BlockRowsOp rows,
                                   int64_t row, int64_t count) {
  auto source = cast<MemRefType>(op.getSource().getType());
  int64_t tokens = source.getDimSize(source.getRank() - 2);
  int64_t block = rows.getBlock(), limit = rows.getLimit();
  int64_t blocks = llvm::divideCeil(limit, block);
  if (!rows.getPart() && limit == tokens &&
      (blocks + 1) * block <= std::numeric_limits<int32_t>::max()) {
    // As an unsigned number no entry is above this one, which is behind the
    // last block; so are negative ones.
    Value entry = arith::MinUIOp::create(
        builder, loc, blockEntry(rows, index(row / block)), i32(blocks));
    return add(mul(entry, i32(block)), i32(row % block));
  }
  Value first = blockRow(rows, i32(row));
  Value none = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                     first, i32(0));
  return select(none, i32(-count), first);
}

void KernelLowering::lowerBulkGather(BulkGatherOp op) {
  auto rows = op.getRows().getDefiningOp<BlockRowsOp>();
  MemRefType ring = op.getRing().getType();
  int64_t count = bulkRowsOf(rows);
  Value slot = mapped(op.getSlot());
  Value to = slotAddress(op.getRing(), slot);
  Value full = fullBarrier(op.getBarriers(), slot);
  Values indices = mapped(op.getIndices());
  for (int64_t row = 0; row < ring.getDimSize(1); row += count) {
    Values at = indices;
    at.insert(at.end() - 1, toIndex(rowOrOutside(op, rows, row, count)));
    copyPanels(op.getRing(), add(to, i32(row * SlotLayout(ring).panelBytes)),
               op.getSource(), at, count, full);
  }
}

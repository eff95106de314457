//===- KeyGradCuts.cpp - long lists of a transposed index, in pieces ------===//
//
// Scalar code. A work item has some lists; it writes the cuts of the pieces
// whose windows begin in its entries. A cut's window begins in the same list as
// the cut lies in, behind the list's start: so nobody else writes there.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/KeyGradCuts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;

/// Lists of a work item, and work items of a CTA.
static constexpr int64_t kLists = 8, kListWarps = 8;

static int64_t sizeAlong(Value tensor, int64_t dim) {
  return tensorOf(tensor).getDimSize(dim);
}

namespace {
/// The transposed index of one head, in a kernel.
struct Lists {
  KernelBuilder &k;
  AttendKeyGradOp op;
  Value batch, head;

  int64_t entries() { return sizeAlong(op.getRows(), 2); }

  /// Where a list starts; within the entries, whatever a user brings.
  Value start(Value list) {
    Value offset = k.loadIndex(k.buffer(op.getOffsets()), {batch, head, list});
    return k.min(k.max(offset, k.index(0)), k.index(entries()));
  }
};
} // namespace

std::pair<Value, Value> llsa::listBounds(KernelBuilder &k, AttendKeyGradOp op,
                                         Value batch, Value head, Value list) {
  Lists lists{k, op, batch, head};
  return {lists.start(list), lists.start(k.add(list, k.index(1)))};
}

Value llsa::lowerKeyGradCuts(const LaunchContext &context, AttendKeyGradOp op,
                             int64_t most) {
  LaunchOp launch = context.launch;
  int64_t batches = sizeAlong(op.getOffsets(), 0),
          heads = sizeAlong(op.getOffsets(), 1);
  int64_t pieces = llvm::divideCeil(sizeAlong(op.getRows(), 2), most);
  Builder types(launch.getContext());
  Value hostCuts = context.host.allocate(
      MemRefType::get({batches, heads, pieces}, types.getI32Type()),
      launch.getLoc());
  auto schedule = tile::ScheduleAttr::get(launch.getContext(), kLists,
                                          /*cols=*/1, kListWarps, /*stages=*/1);
  int64_t count = sizeAlong(op.getOffsets(), 2) - 1;
  KernelBuilder k(
      context.host, launch.getLoc(), (launch.getName() + "_cuts").str(),
      {batches, heads, int64_t(llvm::divideCeil(count, kLists))}, schedule);
  Lists lists{k, op, k.item()[0], k.item()[1]};
  Value cuts = k.argument(hostCuts);
  auto set = [&](Value piece, Value block) {
    Value number =
        arith::IndexCastOp::create(k.b, k.loc, k.b.getI32Type(), block);
    memref::StoreOp::create(k.b, k.loc, number, cuts,
                            ValueRange{lists.batch, lists.head, piece});
  };
  auto pieceFrom = [&](Value entry) { // the first window from there on
    return k.div(k.add(entry, k.index(most - 1)), most);
  };
  Value first = k.mul(k.item()[2], kLists);
  Value last = k.min(k.add(first, k.index(kLists)), k.index(count));
  // Behind the last list, too, there are windows.
  Value isLast =
      k.isLess(k.add(first, k.index(kLists - 1)), k.index(count - 1));
  Value behind = arith::SelectOp::create(
      k.b, k.loc, isLast, pieceFrom(lists.start(last)), k.index(pieces));
  k.loop(pieceFrom(lists.start(first)), k.min(behind, k.index(pieces)), 1, {},
         [&](Value piece, ValueRange) {
           set(piece, k.index(-1));
           return TileBuilder::Values();
         });
  k.loop(first, last, 1, {}, [&](Value list, ValueRange) {
    Value end = lists.start(k.add(list, k.index(1)));
    k.loop(k.add(lists.start(list), k.index(most)), end, most, {},
           [&](Value at, ValueRange) {
             set(k.div(at, most), list);
             return TileBuilder::Values();
           });
    return TileBuilder::Values();
  });
  k.finish(0.0, 4.0 * batches * heads * (pieces + 2.0 * count));
  return hostCuts;
}

KeyGradPiece llsa::findKeyGradPiece(KernelBuilder &k, AttendKeyGradOp op,
                                    Value cuts, Value batch, Value head,
                                    Value piece, int64_t most) {
  Lists lists{k, op, batch, head};
  int64_t pieces = llvm::divideCeil(lists.entries(), most);
  Value exists = arith::AndIOp::create(k.b, k.loc, k.isLess(k.index(-1), piece),
                                       k.isLess(piece, k.index(pieces)));
  piece = k.max(k.min(piece, k.index(pieces - 1)), k.index(0));
  Value block = k.loadIndex(cuts, {batch, head, piece});
  exists =
      arith::AndIOp::create(k.b, k.loc, exists, k.isLess(k.index(-1), block));
  block = k.max(block, k.index(0));
  auto [start, end] = listBounds(k, op, batch, head, block);
  // The cut: a whole number of pieces behind the list's start, in the window.
  Value window = k.mul(piece, most);
  Value before = k.div(k.add(k.sub(window, start), k.index(most - 1)), most);
  Value from = k.add(start, k.mul(before, most));
  Value to = k.min(k.add(from, k.index(most)), end);
  to = arith::SelectOp::create(k.b, k.loc, exists, to, from);
  return {block, from, to};
}

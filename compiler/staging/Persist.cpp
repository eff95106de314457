//===- Persist.cpp - a CTA works on one group of items after another ------===//

#include "compiler/staging/Passes.h"
#include "compiler/staging/RepeatItem.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace llsa {
#define GEN_PASS_DEF_PERSIST
#include "compiler/staging/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;
using namespace llsa::tile;

namespace {
struct Persist : public llsa::impl::PersistBase<Persist> {
  void runOnOperation() override {
    KernelOp kernel = getOperation();
    ScheduleAttr schedule = kernel.getScheduleAttr();
    if (!schedule || !schedule.getPersistent())
      return;
    int64_t warps = schedule.getWarps();
    // Whole CTAs, and copies that can run ahead into the next item.
    if (kernel.getNumItems() % warps != 0 || !feedsAhead(kernel))
      return;
    Block &body = kernel.getBody().front();
    SmallVector<Operation *> work;
    for (Operation &op : body.without_terminator())
      if (!op.hasTrait<OpTrait::ConstantLike>())
        work.push_back(&op);

    OpBuilder b(body.getTerminator());
    Location loc = kernel.getLoc();
    Value first = CtaOp::create(b, loc), step = NumCtasOp::create(b, loc);
    Value end =
        arith::ConstantIndexOp::create(b, loc, kernel.getNumItems() / warps);
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    Value one = arith::ConstantIndexOp::create(b, loc, 1);
    auto loop = scf::ForOp::create(b, loc, first, end, step, zero);
    loop->setAttr("tile.persistent", b.getUnitAttr());
    b.setInsertionPointToEnd(loop.getBody());
    Value done = arith::AddIOp::create(b, loc, loop.getRegionIterArg(0), one);
    Operation *yield = scf::YieldOp::create(b, loc, done);
    for (Operation *op : work)
      op->moveBefore(done.getDefiningOp());
    (void)yield;
    loop.walk([&](WorkItemOp item) {
      item.getCtaMutable().assign(loop.getInductionVar());
    });
    kernel->setAttr("tile.persistent", b.getUnitAttr());
    bringNextItemNear(loop);
  }

  /// Prefetches what the body loads itself, and what it prefetches, for the
  /// item behind, as soon as this one's is on its way.
  static void bringNextItemNear(scf::ForOp loop) {
    SmallVector<Operation *> loads;
    for (Operation &op : *loop.getBody())
      if (isa<LoadOp, PrefetchOp>(op))
        loads.push_back(&op);
    if (loads.empty())
      return;
    OpBuilder b(loads.back()->getNextNode());
    Location loc = loop.getLoc();
    Value next =
        arith::AddIOp::create(b, loc, loop.getInductionVar(), loop.getStep());
    // Behind the last item: its own once more.
    Value last =
        arith::SubIOp::create(b, loc, loop.getUpperBound(),
                              arith::ConstantIndexOp::create(b, loc, 1));
    next = arith::MinUIOp::create(b, loc, next, last);
    IRMapping mapping;
    auto indicesOf = [](Operation *op) -> ValueRange {
      if (auto load = dyn_cast<LoadOp>(op))
        return load.getIndices();
      return cast<PrefetchOp>(op).getIndices();
    };
    SmallVector<Value> wanted;
    for (Operation *op : loads)
      llvm::append_range(wanted, indicesOf(op));
    repeatItem(b, loop, next, std::move(wanted), mapping);
    for (Operation *op : loads) {
      SmallVector<Value> indices;
      for (Value index : indicesOf(op))
        indices.push_back(mapping.lookupOrDefault(index));
      auto load = dyn_cast<LoadOp>(op);
      if (!load) {
        PrefetchOp::create(b, loc, cast<PrefetchOp>(op).getSource(), indices,
                           cast<PrefetchOp>(op).getCount());
        continue;
      }
      int64_t rows = load.getType().getDimSize(0);
      int64_t cols = load.getType().getDimSize(1);
      int64_t last = int64_t(indices.size()) - 1;
      if (load.getRowDimension() == last && cols == 1) // a number for each row
        PrefetchOp::create(b, loc, load.getSource(), indices, rows);
      else if (load.getRowDimension() == last - 1)
        PrefetchOp::create(b, loc, load.getSource(), indices, cols, rows);
    }
  }

  /// All that is loaded ahead are streams, one of each scope at most: their
  /// rings are there at once.
  static bool feedsAhead(KernelOp kernel) {
    int64_t streams = 0;
    WalkResult walk = kernel.walk([&](Operation *op) {
      if (auto stream = dyn_cast<StreamOp>(op)) {
        if (stream.getLength()) // elements are numbered over all items
          return WalkResult::interrupt();
        ++streams;
        return WalkResult::skip();
      }
      // A window's loads are staged loop by loop.
      bool staged =
          isa<LoadOp, GatherOp>(op) &&
          llvm::any_of(op->getResult(0).getUses(), [](OpOperand &use) {
            return isa<DotOp>(use.getOwner()) && use.getOperandNumber() == 1;
          });
      return staged ? WalkResult::interrupt() : WalkResult::advance();
    });
    return !walk.wasInterrupted() && streams >= 1 && streams <= 2;
  }
};
} // namespace

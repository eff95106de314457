//===- PipelineLoads.cpp - copies of a loop some steps ahead --------------===//

#include "compiler/staging/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace llsa {
#define GEN_PASS_DEF_PIPELINELOADS
#include "compiler/staging/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;
using namespace llsa::tile;

namespace {
/// The one group of copies in a loop's body.
struct CopyGroup {
  BarrierOp barrier;
  SmallVector<Operation *> copies;
  CommitGroupOp commit;
  WaitGroupOp wait;
};

class LoopPipeline {
public:
  LoopPipeline(scf::ForOp loop, int64_t stages) : loop(loop), stages(stages) {}

  void run() {
    if (!findGroup() || !findAddresses())
      return;
    for (Operation *copy : group.copies)
      resizeRing(ringOf(copy));
    emitPrologue();
    emitSteadyState();
  }

private:
  static Value ringOf(Operation *copy) {
    if (auto direct = dyn_cast<CopyAsyncOp>(copy))
      return direct.getRing();
    return cast<GatherAsyncOp>(copy).getRing();
  }
  static OpOperand &slotOf(Operation *copy) {
    return copy->getOpOperand(copy->getNumOperands() - 1);
  }

  bool findGroup() {
    for (Operation &op : *loop.getBody()) {
      if (auto barrier = dyn_cast<BarrierOp>(op)) {
        if (group.barrier)
          return false; // a second group
        group.barrier = barrier;
      } else if (isa<CopyAsyncOp, GatherAsyncOp>(op)) {
        group.copies.push_back(&op);
      } else if (auto commit = dyn_cast<CommitGroupOp>(op)) {
        group.commit = commit;
      } else if (auto wait = dyn_cast<WaitGroupOp>(op)) {
        group.wait = wait;
      }
    }
    return group.barrier && !group.copies.empty() && group.commit && group.wait;
  }

  /// What the copies are computed from in the loop's body; it must depend on
  /// the induction variable alone, and have no effect.
  bool findAddresses() {
    SmallVector<Value> work;
    for (Operation *copy : group.copies)
      llvm::append_range(work, copy->getOperands());
    llvm::SetVector<Operation *> found;
    while (!work.empty()) {
      Value value = work.pop_back_val();
      if (value.getParentBlock() != loop.getBody())
        continue;
      Operation *op = value.getDefiningOp();
      if (!op) {
        if (value != loop.getInductionVar())
          return false; // carried from step to step
        continue;
      }
      if (!isa<BlockRowsOp>(op) && !isPure(op))
        return false;
      if (found.insert(op))
        llvm::append_range(work, op->getOperands());
    }
    for (Operation &op : *loop.getBody())
      if (found.contains(&op))
        addresses.push_back(&op);
    return true;
  }

  void resizeRing(Value ring) {
    auto type = cast<MemRefType>(ring.getType());
    ring.setType(MemRefType::get(
        {stages, type.getDimSize(1), type.getDimSize(2)}, type.getElementType(),
        MemRefLayoutAttrInterface(), type.getMemorySpace()));
  }

  /// The copies of the step with induction variable `step`.
  void emitCopies(OpBuilder &b, Value step, Value slot) {
    IRMapping mapping;
    mapping.map(loop.getInductionVar(), step);
    for (Operation *op : addresses)
      b.clone(*op, mapping);
    for (Operation *copy : group.copies) {
      Operation *clone = b.clone(*copy, mapping);
      slotOf(clone).set(slot);
    }
  }

  /// The copies of a step that may lie behind the loop's end.
  void emitGuardedCopies(OpBuilder &b, Value step, Value slot) {
    Location loc = loop.getLoc();
    Value exists = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                         step, loop.getUpperBound());
    auto guard = scf::IfOp::create(b, loc, exists, /*withElseRegion=*/false);
    OpBuilder inside = guard.getThenBodyBuilder();
    emitCopies(inside, step, slot);
  }

  void emitPrologue() {
    OpBuilder b(loop);
    Location loc = loop.getLoc();
    group.barrier->moveBefore(loop);
    Value step = loop.getLowerBound();
    for (int64_t stage = 0; stage + 1 < stages; ++stage) {
      Value slot = arith::ConstantIndexOp::create(b, loc, stage);
      emitGuardedCopies(b, step, slot);
      CommitGroupOp::create(b, loc);
      step = arith::AddIOp::create(b, loc, step, loop.getStep());
    }
  }

  void emitSteadyState() {
    Location loc = loop.getLoc();
    OpBuilder b = OpBuilder::atBlockBegin(loop.getBody());
    auto number = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(b, loc, value);
    };
    Value step = loop.getInductionVar();
    Value counted = arith::SubIOp::create(b, loc, step, loop.getLowerBound());
    counted = arith::DivUIOp::create(b, loc, counted, loop.getStep());
    Value slots = number(stages);
    Value slot = arith::RemUIOp::create(b, loc, counted, slots);
    WaitGroupOp::create(b, loc, stages - 2, group.wait.getScope());
    Value ahead =
        arith::MulIOp::create(b, loc, loop.getStep(), number(stages - 1));
    Value later = arith::AddIOp::create(b, loc, step, ahead);
    Value laterSlot =
        arith::AddIOp::create(b, loc, counted, number(stages - 1));
    laterSlot = arith::RemUIOp::create(b, loc, laterSlot, slots);
    emitGuardedCopies(b, later, laterSlot);
    CommitGroupOp::create(b, loc);

    for (Operation *copy : group.copies)
      copy->erase();
    group.commit->erase();
    group.wait->erase();
    for (auto shared : loop.getBody()->getOps<SharedTileOp>())
      shared.getSlotMutable().assign(slot);
  }

  scf::ForOp loop;
  int64_t stages;
  CopyGroup group;
  SmallVector<Operation *> addresses; ///< in program order
};

struct PipelineLoads : public llsa::impl::PipelineLoadsBase<PipelineLoads> {
  void runOnOperation() override {
    ScheduleAttr schedule = getOperation().getScheduleAttr();
    if (!schedule || schedule.getStages() < 2)
      return;
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) { loops.push_back(loop); });
    for (scf::ForOp loop : loops)
      LoopPipeline(loop, schedule.getStages()).run();
  }
};
} // namespace

//===- LowerGather.cpp - right operands of dots to shared memory ----------===//

#include "compiler/staging/Passes.h"
#include "compiler/staging/Uniformity.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace llsa {
#define GEN_PASS_DEF_LOWERGATHER
#include "compiler/staging/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;
using namespace llsa::tile;

static bool isRightUse(OpOperand &use) {
  return isa<DotOp>(use.getOwner()) && use.getOperandNumber() == 1;
}

/// Every use is a dot's right operand.
static bool isRightOperand(Value tile) {
  return !tile.use_empty() && llvm::all_of(tile.getUses(), isRightUse);
}

/// Loads a tile once more for dots whose right operand it is, where others want
/// it in registers.
static void loadRightOperandsApart(KernelOp kernel) {
  kernel.walk([](Operation *op) {
    if (!isa<LoadOp, GatherOp>(op))
      return;
    Value tile = op->getResult(0);
    if (isRightOperand(tile) || llvm::none_of(tile.getUses(), isRightUse))
      return;
    Operation *apart = OpBuilder(op).clone(*op);
    tile.replaceUsesWithIf(apart->getResult(0), isRightUse);
  });
}

namespace {
/// Walks over one block and stages, group by group, what its dots read.
class BlockStaging {
public:
  BlockStaging(KernelOp kernel, Uniformity &uniformity)
      : kernel(kernel), uniformity(uniformity) {}

  void run(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (llvm::any_of(pending, [&](Operation *load) {
            return llvm::any_of(load->getUsers(), [&](Operation *user) {
              return op.isAncestor(user);
            });
          }))
        stage(&op);
      if (isa<LoadOp, GatherOp>(op) && isRightOperand(op.getResult(0)))
        pending.push_back(&op);
    }
  }

private:
  bool isShared(Operation *load) {
    return uniformity.isReachedTogether(load) &&
           uniformity.areUniform(load->getOperands());
  }

  /// Copies all pending tiles in front of `user`, which reads some of them.
  /// Shared and private ones wait for each other only where both are there.
  void stage(Operation *user) {
    Scope scope = Scope::Warp;
    SmallVector<Scope> scopes;
    for (Operation *load : pending) {
      scopes.push_back(isShared(load) ? Scope::Cta : Scope::Warp);
      if (scopes.back() == Scope::Cta)
        scope = Scope::Cta;
    }
    OpBuilder b(user);
    Location loc = user->getLoc();
    BarrierOp::create(b, loc, scope);
    Value slot = arith::ConstantIndexOp::create(b, loc, 0);
    SmallVector<Value> rings;
    for (auto [load, scopeOfLoad] : llvm::zip(pending, scopes)) {
      auto type = cast<RankedTensorType>(load->getResult(0).getType());
      OpBuilder atEntry = OpBuilder::atBlockBegin(&kernel.getBody().front());
      auto ringType = MemRefType::get(
          {1, type.getDimSize(0), type.getDimSize(1)}, type.getElementType(),
          MemRefLayoutAttrInterface(), atEntry.getI64IntegerAttr(3));
      Value ring = AllocSharedOp::create(atEntry, load->getLoc(), ringType,
                                         scopeOfLoad, IntegerAttr());
      rings.push_back(ring);
      if (auto gather = dyn_cast<GatherOp>(load))
        GatherAsyncOp::create(b, load->getLoc(), gather.getSource(),
                              gather.getIndices(), gather.getRows(), ring,
                              slot);
      else if (auto direct = dyn_cast<LoadOp>(load))
        CopyAsyncOp::create(b, load->getLoc(), direct.getSource(),
                            direct.getIndices(), direct.getRows(), ring, slot);
    }
    CommitGroupOp::create(b, loc);
    WaitGroupOp::create(b, loc, 0, scope);
    for (auto [load, ring] : llvm::zip(pending, rings)) {
      Value tile = load->getResult(0);
      Value staged =
          SharedTileOp::create(b, load->getLoc(), tile.getType(), ring, slot);
      tile.replaceAllUsesWith(staged);
      load->erase();
    }
    pending.clear();
  }

  KernelOp kernel;
  Uniformity &uniformity;
  SmallVector<Operation *> pending;
};

struct LowerGather : public llsa::impl::LowerGatherBase<LowerGather> {
  void runOnOperation() override {
    KernelOp kernel = getOperation();
    loadRightOperandsApart(kernel);
    Uniformity uniformity(kernel);
    SmallVector<Block *> blocks;
    kernel.walk([&](Block *block) { blocks.push_back(block); });
    for (Block *block : blocks)
      BlockStaging(kernel, uniformity).run(*block);
  }
};
} // namespace

//===- ExpandDeviceArith.cpp - arith without an instruction on a GPU ------===//

#include "compiler/target/passes/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace llsa {
#define GEN_PASS_DEF_EXPANDDEVICEARITHPASS
#include "compiler/target/passes/Passes.h.inc"
} // namespace llsa

namespace {
struct ExpandDeviceArithPass
    : llsa::impl::ExpandDeviceArithPassBase<ExpandDeviceArithPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateExpandBFloat16Patterns(patterns);
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) {
      if (isa<arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp,
              arith::ExtFOp, arith::TruncFOp>(op))
        ops.push_back(op);
    });
    if (failed(applyOpPatternsGreedily(
            ops, std::move(patterns),
            GreedyRewriteConfig().setStrictness(
                GreedyRewriteStrictness::ExistingAndNewOps))))
      signalPassFailure();
  }
};
} // namespace

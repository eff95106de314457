//===- ExpandDeviceArith.cpp - arith without an instruction on a GPU ------===//

#include "compiler/conversion/tile-to-vector/RewriteMath.h"
#include "compiler/target/passes/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"

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
    if (failed(llsa::rewriteOnly(
            getOperation(), std::move(patterns),
            llvm::IsaPred<arith::CeilDivSIOp, arith::CeilDivUIOp,
                          arith::FloorDivSIOp, arith::ExtFOp,
                          arith::TruncFOp>)))
      signalPassFailure();
  }
};
} // namespace

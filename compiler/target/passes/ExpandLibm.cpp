//===- ExpandLibm.cpp - math functions as vector arithmetic -----*- C++ -*-===//
#include "compiler/target/passes/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace llsa {

#define GEN_PASS_DEF_EXPANDLIBMPASS
#include "compiler/target/passes/Passes.h.inc"

namespace {

struct ExpandLibmPass : impl::ExpandLibmPassBase<ExpandLibmPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    // Those with vector instructions of their own (sqrt, fma, floor, ...) are
    // not in upstream's lists and stay as they are.
    auto all = [](StringRef) { return true; };
    populateMathF32ExpansionPatterns(patterns, all);
    populateMathPolynomialApproximationPatterns(patterns, all);
    // Functions that others express: sinh by exp, asinh by log, ...
    math::populateExpansionPatterns(
        patterns, {"sinh", "cosh", "tan", "asinh", "acosh", "atanh",
                   "ctlz", "powf", "fpowi", "rsqrt"});
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace llsa

//===- TileToVector.cpp - the pass convert-tile-to-vector -----------------===//

#include "compiler/conversion/tile-to-vector/KernelLowering.h"
#include "compiler/conversion/tile-to-vector/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace llsa;

namespace llsa {
#define GEN_PASS_DEF_CONVERTTILETOVECTOR
#include "compiler/conversion/tile-to-vector/Passes.h.inc"
} // namespace llsa

namespace {

struct ConvertTileToVectorPass
    : llsa::impl::ConvertTileToVectorBase<ConvertTileToVectorPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (func::FuncOp host :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (!host.getOps<tile::LaunchOp>().empty())
        host.erase();
    for (tile::KernelOp kernel :
         llvm::make_early_inc_range(module.getOps<tile::KernelOp>())) {
      if (failed(tile::KernelLowering(kernel, {vectorBytes, vectorRegisters})
                     .run()))
        return signalPassFailure();
      kernel.erase();
    }
  }
};

} // namespace

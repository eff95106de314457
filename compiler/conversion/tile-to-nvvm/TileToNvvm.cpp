//===- TileToNvvm.cpp - the pass convert-tile-to-nvvm ---------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "compiler/conversion/tile-to-nvvm/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace llsa {
#define GEN_PASS_DEF_CONVERTTILETONVVM
#include "compiler/conversion/tile-to-nvvm/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;

namespace {

struct ConvertTileToNVVM
    : public llsa::impl::ConvertTileToNVVMBase<ConvertTileToNVVM> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto host : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (!host.getOps<tile::LaunchOp>().empty())
        host.erase();
    declareSharedMemory(module);
    for (auto kernel :
         llvm::make_early_inc_range(module.getOps<tile::KernelOp>())) {
      if (failed(llsa::gpu::KernelLowering(kernel, dependentLaunch).run()))
        return signalPassFailure();
      kernel.erase();
    }
  }

  /// One name for the dynamic shared memory of whichever kernel runs.
  static void declareSharedMemory(ModuleOp module) {
    bool needed = false;
    module.walk([&](tile::AllocSharedOp) { needed = true; });
    if (!needed)
      return;
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    auto type = LLVM::LLVMArrayType::get(b.getI8Type(), 0);
    LLVM::GlobalOp::create(b, module.getLoc(), type, /*isConstant=*/false,
                           LLVM::Linkage::External, "llsa_shared", Attribute(),
                           /*alignment=*/1024, /*addrSpace=*/3);
  }
};

} // namespace

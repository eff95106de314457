//===- GpuEntry.cpp - kernels as a GPU's driver launches them -------------===//

#include "compiler/target/passes/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Support/ThreadLocalCache.h"

// The dialect's class, without its ops, as in dialects/Register.cpp.
#include "mlir/Dialect/LLVMIR/NVVMOpsDialect.h.inc"

namespace llsa {
#define GEN_PASS_DEF_GPUENTRYPASS
#include "compiler/target/passes/Passes.h.inc"
} // namespace llsa

using namespace mlir;

/// Something may be stored through `pointer`.
static bool isWritten(Value pointer) {
  return llvm::any_of(pointer.getUses(), [](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<LLVM::GEPOp, LLVM::SelectOp>(user))
      return isWritten(user->getResult(0));
    // A copy to shared memory reads, and bringing near does not even that.
    if (auto assembly = dyn_cast<LLVM::InlineAsmOp>(user))
      return !assembly.getAsmString().starts_with("cp.async.") &&
             !assembly.getAsmString().starts_with("prefetch.");
    return !isa<LLVM::LoadOp>(user);
  });
}

namespace {
struct GpuEntryPass : public llsa::impl::GpuEntryPassBase<GpuEntryPass> {
  void runOnOperation() override {
    Builder b(&getContext());
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (function->hasAttr("llsa.device_function")) {
        // Its result depends on its arguments alone.
        function.setNoUnwind(true);
        function.setWillReturn(true);
        auto none = LLVM::ModRefInfo::NoModRef;
        function.setMemoryEffectsAttr(LLVM::MemoryEffectsAttr::get(
            &getContext(), {none, none, none, none, none, none}));
        continue;
      }
      auto threads = function->getAttrOfType<IntegerAttr>("llsa.threads");
      if (!threads)
        continue;
      function->removeAttr("llsa.threads");
      function->setAttr("nvvm.kernel", b.getUnitAttr());
      function->setAttr(
          "nvvm.reqntid",
          b.getDenseI32ArrayAttr({static_cast<int32_t>(threads.getInt())}));
      // Without a number ptxas spills some registers to make more CTAs fit.
      int64_t ctas = 1;
      if (auto wanted = function->getAttrOfType<IntegerAttr>(
              "llsa.ctas_per_multiprocessor")) {
        function->removeAttr("llsa.ctas_per_multiprocessor");
        ctas = wanted.getInt();
      }
      function->setAttr("nvvm.minctasm", b.getI32IntegerAttr(ctas));
      for (BlockArgument argument : function.getArguments()) {
        if (!isa<LLVM::LLVMPointerType>(argument.getType()))
          continue;
        unsigned i = argument.getArgNumber();
        // A tensor map: stays where the launch put it.
        if (function.getArgAttr(i, "llvm.byval")) {
          function.setArgAttr(i, "nvvm.grid_constant", b.getUnitAttr());
          continue;
        }
        function.setArgAttr(i, "llvm.noalias", b.getUnitAttr());
        if (!isWritten(argument))
          function.setArgAttr(i, "llvm.readonly", b.getUnitAttr());
      }
    }
  }
};
} // namespace

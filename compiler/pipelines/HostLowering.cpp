//===- HostLowering.cpp -----------------------------------------*- C++ -*-===//
#include "compiler/pipelines/HostLowering.h"

#include "compiler/conversion/tile-to-vector/Passes.h"
#include "compiler/target/passes/Passes.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace llsa {

void addHostEntry(OpPassManager &pm) {
  // First, while buffers are still memrefs whose types say what is static.
  pm.addPass(createHostEntryPass());
}

void addGpuEntry(OpPassManager &pm) { pm.addPass(createGpuEntryPass()); }

void addMathExpansion(OpPassManager &pm, bool gpu) {
  // Half-precision math is done in float32, which all expansions are for.
  math::MathExtendToSupportedTypesOptions extend;
  extend.extraTypeStrs = {};
  extend.targetTypeStr = "f32";
  pm.addPass(math::createMathExtendToSupportedTypes(extend));
  if (gpu)
    pm.addPass(createExpandDeviceMathPass());
  pm.addPass(createExpandLibmPass());
  pm.addPass(createExpandMath()); // the exponentials in these
  if (gpu) {
    pm.addPass(createApproximateDivisionPass());
    pm.addPass(createExpandDeviceArithPass());
    return;
  }
  // Also the conversions from and to bfloat16, which LLVM would scalarise.
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  pm.addPass(arith::createArithExpandOpsPass(expand));
}

void addControlFlow(OpPassManager &pm) {
  pm.addPass(createConvertVectorToSCFPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createSCFToControlFlowPass());
}

void addConversionToLLVM(OpPassManager &pm) {
  pm.addPass(createConvertMathToLLVMPass());
  // What is left has neither an expansion nor an intrinsic. Calls take vectors
  // apart, hence before the vector dialect goes.
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void addLaneConversionToLLVM(OpPassManager &pm) {
  pm.addPass(createSCFToControlFlowPass());
  // The patterns are those of registerConversionsToLLVM.
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

} // namespace llsa

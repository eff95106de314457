//===- RegisterUpstreamPasses.cpp -------------------------------*- C++ -*-===//
#include "compiler/pipelines/RegisterPasses.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
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

void registerUpstreamPasses() {
  registerTransformsPasses();
  // One by one: the header that registers all of upstream's conversions links
  // all of them in.
  auto add = [](std::unique_ptr<Pass> (*create)()) { registerPass(create); };
  add([] { return createLowerAffinePass(); });
  add([] { return createArithToLLVMConversionPass(); });
  add([] { return createConvertControlFlowToLLVMPass(); });
  add([] { return createConvertFuncToLLVMPass(); });
  add([] { return createConvertToLLVMPass(); });
  add([] { return createConvertIndexToLLVMPass(); });
  add([] { return createConvertMathToLLVMPass(); });
  add([] { return createConvertMathToLibmPass(); });
  add([] { return createFinalizeMemRefToLLVMConversionPass(); });
  add([] { return createReconcileUnrealizedCastsPass(); });
  add([] { return createSCFToControlFlowPass(); });
  add([] { return createUBToLLVMConversionPass(); });
  add([] { return createConvertVectorToLLVMPass(); });
  add([] { return createConvertVectorToSCFPass(); });
  add([] { return arith::createArithExpandOpsPass(); });
  add([] { return math::createMathExtendToSupportedTypes(); });
  add([] { return memref::createExpandStridedMetadataPass(); });
}

void registerConversionsToLLVM(DialectRegistry &registry) {
  registerConvertToLLVMDependentDialectLoading(registry);
  arith::registerConvertArithToLLVMInterface(registry);
  cf::registerConvertControlFlowToLLVMInterface(registry);
  registerConvertFuncToLLVMInterface(registry);
  registerConvertMathToLLVMInterface(registry);
  ub::registerConvertUBToLLVMInterface(registry);
}

} // namespace llsa

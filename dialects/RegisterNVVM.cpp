//===- RegisterNVVM.cpp - the NVVM dialect --------------------------------===//

#include "dialects/RegisterGroups.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;

void llsa::registerNVVMDialect(DialectRegistry &registry) {
  registry.insert<NVVM::NVVMDialect>();
}

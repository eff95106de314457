//===- RegisterControl.cpp - dialects of control flow -------------------===//

#include "dialects/RegisterGroups.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;

void llsa::registerControlDialects(DialectRegistry &registry) {
  registry.insert<cf::ControlFlowDialect, func::FuncDialect, scf::SCFDialect>();
}

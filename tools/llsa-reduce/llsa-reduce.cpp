//===- llsa-reduce.cpp - shrink a failing .mlir file ----------------------===//
//
// mlir-reduce with our dialects and passes: finds a smaller module that a
// given script still calls interesting.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipelines/RegisterPasses.h"
#include "dialects/Register.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  llsa::registerAllDialects(registry);
  llsa::registerAllPasses();
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}

//===- llsa-opt.cpp - run passes over the llsa and tile dialects ----------===//
//
// mlir-opt with our dialects and passes: every flag of mlir-opt works, the
// printing, timing and reproducer ones included.
//
//===----------------------------------------------------------------------===//

#include "compiler/pipelines/RegisterPasses.h"
#include "dialects/Register.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "runtime/support/OutOfMemory.h"

int main(int argc, char **argv) {
  llsa::rt::exitWhenOutOfMemory("llsa-opt");
  mlir::DialectRegistry registry;
  llsa::registerAllDialects(registry);
  llsa::registerConversionsToLLVM(registry);
  llsa::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "LLSA optimizer driver\n", registry));
}

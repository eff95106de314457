//===- llsa-lsp-server.cpp - the editor's view of variants ----------------===//
//
// MLIR's language server with our dialects: diagnostics, hover and jumping to
// definitions in .mlir files.
//
//===----------------------------------------------------------------------===//

#include "dialects/Register.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  llsa::registerAllDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}

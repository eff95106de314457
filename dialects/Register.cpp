//===- Register.cpp - the list of dialects --------------------------------===//
//
// MLIR's dialect headers are most of a compilation's time, so each group of
// them has a translation unit of its own beside this one.
//
//===----------------------------------------------------------------------===//

#include "dialects/Register.h"
#include "dialects/RegisterGroups.h"
#include "dialects/llsa/LLSADialect.h"
#include "dialects/tile/TileDialect.h"

void llsa::registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<LLSADialect, tile::TileDialect>();
  registerValueDialects(registry);
  registerMemoryDialects(registry);
  registerControlDialects(registry);
  registerVectorDialect(registry);
  registerLLVMDialect(registry);
  registerNVVMDialect(registry);
}

//===- RegisterVector.cpp - the vector dialect --------------------------===//

#include "dialects/RegisterGroups.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;

void llsa::registerVectorDialect(DialectRegistry &registry) {
  registry.insert<vector::VectorDialect>();
}

//===- RegisterMemory.cpp - dialects of memory --------------------------===//

#include "dialects/RegisterGroups.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;

void llsa::registerMemoryDialects(DialectRegistry &registry) {
  registry.insert<affine::AffineDialect, memref::MemRefDialect>();
}

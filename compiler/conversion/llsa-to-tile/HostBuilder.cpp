//===- HostBuilder.cpp - the host's list of buffers and launches ----------===//

#include "compiler/conversion/llsa-to-tile/HostBuilder.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace llsa;

MemRefType llsa::bufferTypeOf(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return MemRefType::get(type.getShape(), type.getElementType());
}

HostBuilder::HostBuilder(Block *body, Operation *function, SymbolTable &symbols)
    : b(OpBuilder::atBlockEnd(body)), function(function), symbols(symbols) {}

Value HostBuilder::allocate(MemRefType type, Location loc) {
  return memref::AllocOp::create(b, loc, type);
}

void HostBuilder::launch(Operation *kernel, ValueRange args) {
  StringAttr name = symbols.insert(kernel, function->getIterator());
  tile::LaunchOp::create(b, kernel->getLoc(), FlatSymbolRefAttr::get(name),
                         args);
}

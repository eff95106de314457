//===- KnownOps.cpp ---------------------------------------------*- C++ -*-===//
#include "compiler/driver/KnownOps.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace llsa {

namespace {

/// Name of the first unknown dialect in `op`'s types and attributes, or "".
std::string unknownDialect(Operation *op) {
  std::string name;
  AttrTypeWalker walker;
  walker.addWalk([&](OpaqueType type) {
    name = ("type !" + type.getDialectNamespace().getValue() + "." +
            type.getTypeData())
               .str();
    return WalkResult::interrupt();
  });
  walker.addWalk([&](OpaqueAttr attr) {
    name = ("attribute #" + attr.getDialectNamespace().getValue() + "." +
            attr.getAttrData())
               .str();
    return WalkResult::interrupt();
  });
  walker.walk(op->getAttrDictionary());
  for (Type type : op->getResultTypes())
    walker.walk(type);
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (Type type : block.getArgumentTypes())
        walker.walk(type);
  return name;
}

} // namespace

LogicalResult checkKnown(ModuleOp module) {
  WalkResult result = module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!op->isRegistered()) {
      // Ops of known dialects have been checked by the verifier.
      op->emitError() << "unknown op '" << op->getName().getStringRef()
                      << "': unknown dialect '"
                      << op->getName().getDialectNamespace() << "'";
      return WalkResult::interrupt();
    }
    std::string name = unknownDialect(op);
    if (name.empty())
      return WalkResult::advance();
    op->emitOpError() << "uses the unknown " << name;
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

} // namespace llsa

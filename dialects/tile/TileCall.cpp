//===- TileCall.cpp - verifiers of tile.call ------------------------------===//

#include "dialects/tile/TileOps.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::tile;

LogicalResult CallOp::verify() {
  RankedTensorType result = cast<RankedTensorType>(getResult().getType());
  for (Type type : getInputs().getTypes())
    if (cast<RankedTensorType>(type).getShape() != result.getShape()) // call_c1
      return emitOpError() << "must have tiles of one shape, got " << type
                           << " for a result of type " << result;
  return success();
}

/// What a device function's `index` is in a kernel.
static Type elementOf(Type type) {
  return type.isIndex() ? IntegerType::get(type.getContext(), 64) : type;
}

LogicalResult CallOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto callee = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getCalleeAttr());
  if (!callee || !callee->hasAttr("llsa.device_function")) // call_c2
    return emitOpError() << "'" << getCallee()
                         << "' is not a function with llsa.device_function";
  SmallVector<Type> inputs;
  for (Type tile : getInputs().getTypes())
    inputs.push_back(getElementTypeOrSelf(tile));
  SmallVector<Type> results = {getElementTypeOrSelf(getResult().getType())};
  if (!llvm::equal(llvm::map_range(callee.getArgumentTypes(), elementOf),
                   inputs) ||
      !llvm::equal(llvm::map_range(callee.getResultTypes(), elementOf),
                   results)) // call_c2
    return emitOpError() << "'" << getCallee() << "' takes ("
                         << callee.getArgumentTypes() << ") and returns ("
                         << callee.getResultTypes() << "), got (" << inputs
                         << ") and (" << results << ")";
  return success();
}

//===- TransposedIndex.cpp - the index behind its transposition -----------===//

#include "dialects/llsa/TransposedIndex.h"

using namespace mlir;
using namespace llsa;

/// Whose result `value` is; a launch's results are what it yields.
static OpResult makerOf(Value value) {
  auto result = dyn_cast_if_present<OpResult>(value);
  if (!result)
    return {};
  if (auto launch = dyn_cast<LaunchOp>(result.getOwner()))
    return makerOf(launch.getBody().front().getTerminator()->getOperand(
        result.getResultNumber()));
  return result;
}

Value llsa::indexBehind(AttendKeyGradOp grad) {
  OpResult offsets = makerOf(grad.getOffsets()), rows = makerOf(grad.getRows());
  if (!offsets || !rows || offsets.getOwner() != rows.getOwner())
    return {};
  auto invert = dyn_cast<InvertIndicesOp>(offsets.getOwner());
  if (!invert || offsets != invert.getOffsets() || rows != invert.getRows())
    return {};
  return invert.getIndices();
}

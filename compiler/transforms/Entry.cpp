//===- Entry.cpp - the entry function of a variant ------------------------===//

#include "compiler/transforms/Entry.h"

using namespace mlir;
using namespace llsa;

FailureOr<func::FuncOp> llsa::findEntry(ModuleOp module) {
  SmallVector<func::FuncOp> found;
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isPublic())
      found.push_back(function);
  if (found.size() != 1) {
    InFlightDiagnostic diagnostic =
        module.emitError()
        << "a variant has exactly one public function, its entry; found ";
    if (found.empty())
      return diagnostic << "none";
    diagnostic << found.size() << ":";
    for (func::FuncOp function : found)
      diagnostic << " @" << function.getName();
    return diagnostic;
  }

  func::FuncOp entry = found.front();
  if (entry.isExternal() || !llvm::hasSingleElement(entry.getBody()))
    return entry.emitOpError()
           << "is the variant's entry and must have a body of one block";
  if (entry.getNumResults() == 0)
    return entry.emitOpError()
           << "is the variant's entry and must return at least one tensor";
  for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes()))
    if (!isa<RankedTensorType>(type))
      return emitError(entry.getArgument(i).getLoc())
             << "argument " << argumentName(entry, i)
             << " of the entry must be a ranked tensor, got " << type;
  for (auto [i, type] : llvm::enumerate(entry.getResultTypes()))
    if (!isa<RankedTensorType>(type))
      return entry.emitOpError()
             << "result " << resultName(entry, i)
             << " of the entry must be a ranked tensor, got " << type;
  return entry;
}

std::string llsa::argumentName(func::FuncOp entry, unsigned i) {
  if (auto name = entry.getArgAttrOfType<StringAttr>(i, kNameAttr))
    return name.str();
  return i < 3 ? std::string(1, "qkv"[i]) : "arg" + std::to_string(i);
}

std::string llsa::resultName(func::FuncOp entry, unsigned i) {
  if (auto name = entry.getResultAttrOfType<StringAttr>(i, kNameAttr))
    return name.str();
  if (i == 0)
    return "o";
  auto type = dyn_cast<RankedTensorType>(entry.getResultTypes()[i]);
  if (i == 1 && type && type.getRank() == 3 && type.getElementType().isF32())
    return "lse";
  return "result" + std::to_string(i);
}

SmallVector<SelectOp> llsa::numberedSelections(func::FuncOp entry) {
  SmallVector<SelectOp> selections;
  entry.walk([&](SelectOp select) { selections.push_back(select); });
  std::reverse(selections.begin(), selections.end());
  return selections;
}

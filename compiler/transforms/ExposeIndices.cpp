//===- ExposeIndices.cpp - return the selected indices too ------*- C++ -*-===//

#include "compiler/transforms/Entry.h"
#include "compiler/transforms/Passes.h"
#include "dialects/llsa/LLSAOps.h"
#include "mlir/IR/Builders.h"

namespace llsa {
#define GEN_PASS_DEF_EXPOSEINDICES
#include "compiler/transforms/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;

namespace {
struct ExposeIndices : public llsa::impl::ExposeIndicesBase<ExposeIndices> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

/// Appends `selected` to the entry's results as `name`, unless it is there.
static LogicalResult expose(func::FuncOp entry, SelectOp select,
                            const std::string &name) {
  if (select->getParentOp() != entry)
    return select.emitOpError()
           << "stands inside another op, so its indices cannot be returned";
  Operation *end = entry.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    std::string given = resultName(entry, i);
    if (given == name && value == select.getResult())
      return success();
    if (given == name)
      return entry.emitOpError() << "returns something else as '" << name
                                 << "', the name of a selection's indices";
    if (value == select.getResult())
      return entry.emitOpError()
             << "returns the indices '" << name << "' as '" << given << "'";
  }
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    if (argumentName(entry, i) == name)
      return entry.emitOpError() << "has an argument '" << name
                                 << "', the name of a selection's indices";
  Builder builder(entry.getContext());
  auto attributes = builder.getDictionaryAttr(
      builder.getNamedAttr(kNameAttr, builder.getStringAttr(name)));
  if (failed(entry.insertResult(entry.getNumResults(), select.getType(),
                                attributes)))
    return failure();
  end->insertOperands(end->getNumOperands(), select.getResult());
  return success();
}

void ExposeIndices::runOnOperation() {
  FailureOr<func::FuncOp> entry = findEntry(getOperation());
  if (failed(entry))
    return signalPassFailure();
  for (auto [i, select] : llvm::enumerate(numberedSelections(*entry)))
    if (failed(expose(*entry, select, "i" + std::to_string(i + 1))))
      return signalPassFailure();
}

//===- RepeatItem.cpp - what a persistent loop computes, once more --------===//

#include "compiler/staging/RepeatItem.h"
#include "dialects/tile/TileOps.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace llsa;

void llsa::repeatItem(OpBuilder &b, scf::ForOp loop, Value cta,
                      SmallVector<Value> values, IRMapping &mapping) {
  llvm::SetVector<Operation *> needed;
  while (!values.empty()) {
    Operation *op = values.pop_back_val().getDefiningOp();
    if (op && op->getBlock() == loop.getBody() && needed.insert(op))
      llvm::append_range(values, op->getOperands());
  }
  for (Operation &op : *loop.getBody())
    if (needed.contains(&op))
      if (auto item = dyn_cast<tile::WorkItemOp>(b.clone(op, mapping)))
        item.getCtaMutable().assign(cta);
}

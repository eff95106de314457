//===- GatherSteps.cpp - index rows, some keys at a time ------------------===//

#include "compiler/conversion/llsa-to-tile/GatherSteps.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;

SelectOp llsa::selectionOf(Value indices) {
  if (auto launch = indices.getDefiningOp<LaunchOp>())
    indices = launch.getBody().front().getTerminator()->getOperand(
        cast<OpResult>(indices).getResultNumber());
  return indices.getDefiningOp<SelectOp>();
}

int64_t llsa::filledEntries(Value indices) {
  int64_t entries = tensorOf(indices).getDimSize(3);
  SelectOp select = selectionOf(indices);
  if (!select)
    return entries;
  Value within = select.getWithin();
  int64_t candidates =
      within ? filledEntries(within) * static_cast<int64_t>(*select.getBlock())
             : tensorOf(select.getKeys()).getDimSize(kToken);
  return std::min(entries, candidates);
}

GatherSteps::GatherSteps(int64_t entries, int64_t block, int64_t cols,
                         bool fragments)
    : block(block) {
  bool whole = !fragments || (block % kFragment == 0 && block <= cols);
  if (whole) {
    steps = llvm::divideCeil(entries, std::max<int64_t>(1, cols / block));
    entriesPerStep = llvm::divideCeil(entries, steps);
    width = entriesPerStep * block;
    even = entries == steps * entriesPerStep;
    return;
  }
  entriesPerStep = 0;
  partsPerEntry = llvm::divideCeil(block, cols);
  width = llvm::alignTo(llvm::divideCeil(block, partsPerEntry), kFragment);
  partsPerEntry = llvm::divideCeil(block, width);
  steps = entries * partsPerEntry;
  even = block == partsPerEntry * width;
}

bool GatherSteps::isBulk() const {
  return tile::bulkRows(width, block, /*arePart=*/entriesPerStep == 0) > 0;
}

Value GatherSteps::keysOf(KernelBuilder &k, Value indices, ValueRange row,
                          Value i, int64_t limit) const {
  SmallVector<Value> at(row);
  if (entriesPerStep != 0) {
    at.push_back(k.mul(i, entriesPerStep));
    return k.blockRows(indices, at, width, block, limit);
  }
  at.push_back(k.div(i, partsPerEntry));
  return k.blockRows(indices, at, width, block, limit, k.rem(i, partsPerEntry));
}

Value GatherSteps::entriesOf(KernelBuilder &k, Value i) const {
  if (entriesPerStep == 0)
    return k.repeated(k.div(i, partsPerEntry), {1, width});
  Value key = k.range(k.mul(i, width), {1, width});
  return k.apply<arith::DivUIOp>(key, k.splatInt(block, {}));
}

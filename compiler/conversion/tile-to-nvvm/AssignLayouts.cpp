//===- AssignLayouts.cpp - columns that a lane holds ----------------------===//

#include "compiler/conversion/tile-to-nvvm/Passes.h"
#include "mlir/IR/Builders.h"

namespace llsa {
#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "compiler/conversion/tile-to-nvvm/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;
using namespace llsa::tile;

static constexpr int64_t kFragmentColumns = 2;
static constexpr int64_t kWidestLoad = 16; ///< bytes

/// Elements of a load of the kernel's narrowest type, as far as the columns of
/// all loads and stores can be dealt out in so many. Wider types take several
/// accesses.
static int64_t columnsOfLoads(KernelOp kernel) {
  SmallVector<RankedTensorType> tiles;
  kernel.walk([&](Operation *op) {
    if (auto load = dyn_cast<LoadOp>(op))
      tiles.push_back(load.getResult().getType());
    if (auto store = dyn_cast<StoreOp>(op))
      tiles.push_back(cast<RankedTensorType>(store.getTile().getType()));
  });
  llvm::erase_if(tiles,
                 [](RankedTensorType tile) { return tile.getDimSize(1) == 1; });
  int64_t columns = kFragmentColumns;
  for (RankedTensorType tile : tiles)
    columns = std::max<int64_t>(
        columns, kWidestLoad / std::max(2u, tile.getElementTypeBitWidth() / 8));
  for (RankedTensorType tile : tiles)
    while (columns > kFragmentColumns &&
           tile.getDimSize(1) % (4 * columns) != 0)
      columns /= 2;
  return columns;
}

namespace {
struct AssignLayouts : public llsa::impl::AssignLayoutsBase<AssignLayouts> {
  void runOnOperation() override {
    KernelOp kernel = getOperation();
    bool fragments = kernel
                         .walk([](Operation *op) {
                           return isa<DotOp, TopkOp, TransposeOp>(op)
                                      ? WalkResult::interrupt()
                                      : WalkResult::advance();
                         })
                         .wasInterrupted();
    int64_t columns = fragments ? kFragmentColumns : columnsOfLoads(kernel);
    kernel->setAttr("tile.lane_columns",
                    Builder(&getContext()).getI64IntegerAttr(columns));
  }
};
} // namespace

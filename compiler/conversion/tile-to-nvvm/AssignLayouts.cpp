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

/// Elements of the widest load that the columns of all of the kernel's loads
/// and stores can be dealt out in.
static int64_t columnsOfLoads(KernelOp kernel) {
  int64_t columns = kWidestLoad / 2;
  auto limit = [&](RankedTensorType tile) {
    if (tile.getDimSize(1) == 1)
      return;
    int64_t bytes = std::max(1u, tile.getElementTypeBitWidth() / 8);
    columns = std::min(columns, kWidestLoad / bytes);
    while (columns > kFragmentColumns &&
           tile.getDimSize(1) % (4 * columns) != 0)
      columns /= 2;
  };
  kernel.walk([&](Operation *op) {
    if (auto load = dyn_cast<LoadOp>(op))
      limit(load.getResult().getType());
    if (auto store = dyn_cast<StoreOp>(op))
      limit(cast<RankedTensorType>(store.getTile().getType()));
  });
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

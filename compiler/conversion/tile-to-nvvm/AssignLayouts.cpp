//===- AssignLayouts.cpp - how tiles lie in a warp's lanes ----------------===//

#include "compiler/conversion/tile-to-nvvm/Passes.h"
#include "compiler/conversion/tile-to-nvvm/TileLayout.h"
#include "mlir/IR/Builders.h"

namespace llsa {
#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "compiler/conversion/tile-to-nvvm/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;
using namespace llsa::gpu;
using namespace llsa::tile;

static constexpr int64_t kWidestLoad = 16; ///< bytes
static constexpr int64_t kMostLanes = 8;   ///< of a row

/// Ops whose tiles lie as tensor cores want them.
static bool wantsFragments(Operation *op) {
  auto reduce = dyn_cast<ReduceOp>(op);
  bool isPartial = reduce && reduce.getAxis() == Axis::Cols &&
                   reduce.getResult().getType().getDimSize(1) != 1;
  return isa<DotOp, TopkOp, TransposeOp>(op) || isPartial;
}

/// The tiles of all loads and stores that have columns.
static SmallVector<RankedTensorType> tilesInMemory(KernelOp kernel) {
  SmallVector<RankedTensorType> tiles;
  kernel.walk([&](Operation *op) {
    if (auto load = dyn_cast<LoadOp>(op))
      tiles.push_back(load.getResult().getType());
    if (auto store = dyn_cast<StoreOp>(op))
      tiles.push_back(cast<RankedTensorType>(store.getTile().getType()));
  });
  llvm::erase_if(tiles,
                 [](RankedTensorType tile) { return tile.getDimSize(1) == 1; });
  return tiles;
}

/// Columns for a load of the kernel's narrowest type, as far as those of all
/// tiles can be dealt out in so many (wider types take several accesses); then
/// as many lanes to a row as they suffice for.
static LaneGrid gridFor(ArrayRef<RankedTensorType> tiles) {
  LaneGrid fragments, grid;
  auto fits = [&](int64_t columns) {
    return llvm::all_of(tiles, [&](RankedTensorType tile) {
      return tile.getDimSize(1) % columns == 0;
    });
  };
  for (RankedTensorType tile : tiles)
    grid.columns = std::max<int64_t>(
        grid.columns,
        kWidestLoad / std::max(2u, tile.getElementTypeBitWidth() / 8));
  while (grid.columns > fragments.columns &&
         !fits(grid.rowLanes * grid.columns))
    grid.columns /= 2;
  if (!tiles.empty() && fits(kMostLanes * grid.columns))
    grid.rowLanes = kMostLanes;
  return grid;
}

namespace {
struct AssignLayouts : public llsa::impl::AssignLayoutsBase<AssignLayouts> {
  void runOnOperation() override {
    KernelOp kernel = getOperation();
    bool fragments = kernel
                         .walk([](Operation *op) {
                           return wantsFragments(op) ? WalkResult::interrupt()
                                                     : WalkResult::advance();
                         })
                         .wasInterrupted();
    LaneGrid grid = fragments ? LaneGrid() : gridFor(tilesInMemory(kernel));
    Builder builder(&getContext());
    kernel->setAttr("tile.lane_columns",
                    builder.getI64IntegerAttr(grid.columns));
    kernel->setAttr("tile.row_lanes", builder.getI64IntegerAttr(grid.rowLanes));
  }
};
} // namespace

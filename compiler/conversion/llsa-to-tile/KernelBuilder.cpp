//===- KernelBuilder.cpp - one tile.kernel and its launch -----------------===//

#include "compiler/conversion/llsa-to-tile/KernelBuilder.h"
#include "dialects/llsa/LLSAOps.h"
#include "dialects/tile/TileOps.h"
#include "llvm/Support/MathExtras.h"
#include <utility>

using namespace mlir;
using namespace llsa;

//===----------------------------------------------------------------------===//
// RowGrid
//===----------------------------------------------------------------------===//

RowGrid RowGrid::plain(RankedTensorType tensor, int64_t rows) {
  return granular(tensor, rows, rows);
}

RowGrid RowGrid::granular(RankedTensorType tensor, int64_t granule,
                          int64_t rows) {
  int64_t tokens = tensor.getDimSize(kToken);
  // Where granules end with tiles, or none ends at all, plain tiles do.
  if (granule % rows == 0 || granule >= tokens)
    granule = rows;
  return {tensor.getDimSize(kBatch), tensor.getDimSize(kHead), tokens, granule,
          rows};
}

SmallVector<int64_t> RowGrid::items() const {
  SmallVector<int64_t> items{
      batch, heads, static_cast<int64_t>(llvm::divideCeil(tokens, granule))};
  if (isGranular())
    items.push_back(llvm::divideCeil(granule, rows));
  return items;
}

//===----------------------------------------------------------------------===//
// KernelBuilder
//===----------------------------------------------------------------------===//

KernelBuilder::KernelBuilder(HostBuilder &host, Location loc, Operation *kernel)
    : TileBuilder(&kernel->getRegion(0).front(), loc), host(host),
      kernel(kernel) {}

static Operation *createKernel(Location loc, StringRef name,
                               ArrayRef<int64_t> items,
                               tile::ScheduleAttr schedule) {
  OpBuilder builder(loc.getContext());
  return tile::KernelOp::create(builder, loc, name, TypeRange(), items,
                                schedule);
}

KernelBuilder::KernelBuilder(HostBuilder &host, Location loc, StringRef name,
                             ArrayRef<int64_t> items,
                             tile::ScheduleAttr schedule)
    : KernelBuilder(host, loc, createKernel(loc, name, items, schedule)) {
  SmallVector<Type> types(items.size(), b.getIndexType());
  auto item = tile::WorkItemOp::create(b, loc, types);
  ids.assign(item->result_begin(), item->result_end());
  // A dimension of one item has one value, which folds into all addresses.
  for (auto [id, size] : llvm::zip(ids, items))
    if (size == 1)
      id = index(0);
}

KernelBuilder::~KernelBuilder() {
  if (kernel)
    kernel->erase();
}

Value KernelBuilder::argument(Value hostBuffer) {
  for (auto [i, known] : llvm::enumerate(hostBuffers))
    if (known == hostBuffer)
      return entry->getArgument(i);
  hostBuffers.push_back(hostBuffer);
  return entry->addArgument(hostBuffer.getType(), loc);
}

RowTile KernelBuilder::rowTile(const RowGrid &grid) {
  RowTile tile{ids[0], ids[1], mul(ids[2], grid.granule), Value()};
  // What limits the rows that exist: the granule's end, the tensor's end.
  if (grid.isGranular()) {
    Value offset = mul(ids[3], grid.rows);
    tile.start = add(tile.start, offset);
    tile.rows = min(index(grid.rows), sub(index(grid.granule), offset));
  }
  if (grid.tokens % grid.granule != 0)
    tile.rows = min(tile.rows ? tile.rows : index(grid.rows),
                    sub(index(grid.tokens), tile.start));
  return tile;
}

void KernelBuilder::finish(double flops, double bytes) {
  kernel->setDiscardableAttr("llsa.flops", b.getF64FloatAttr(flops));
  kernel->setDiscardableAttr("llsa.bytes", b.getF64FloatAttr(bytes));
  auto kernelOp = cast<tile::KernelOp>(kernel);
  kernelOp.setFunctionTypeAttr(
      TypeAttr::get(b.getFunctionType(entry->getArgumentTypes(), {})));
  b.setInsertionPointToEnd(entry);
  tile::ReturnOp::create(b, loc);
  host.launch(std::exchange(kernel, nullptr), hostBuffers);
}

void KernelBuilder::finish(Operation *costs, double share) {
  auto cost = [&](StringRef name) {
    auto value = costs->getAttrOfType<FloatAttr>(name);
    return value ? value.getValueAsDouble() * share : 0.0;
  };
  finish(cost("llsa.flops"), cost("llsa.bytes"));
}

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

RowGrid RowGrid::plain(RankedTensorType tensor, tile::ScheduleAttr schedule) {
  return granular(tensor, schedule.getRows(), schedule);
}

RowGrid RowGrid::granular(RankedTensorType tensor, int64_t granule,
                          tile::ScheduleAttr schedule) {
  int64_t tokens = tensor.getDimSize(kToken), rows = schedule.getRows();
  // Where granules end with tiles, or none ends at all, plain tiles do.
  if (granule % rows == 0 || granule >= tokens)
    granule = rows;
  return {tensor.getDimSize(kBatch),
          tensor.getDimSize(kHead),
          tokens,
          granule,
          rows,
          schedule.getWarps()};
}

int64_t RowGrid::tilesPerGranule() const {
  return llvm::divideCeil(granule, rows);
}

int64_t RowGrid::numTiles() const {
  return llvm::divideCeil(tokens, granule) * tilesPerGranule();
}

SmallVector<int64_t> RowGrid::items() const {
  if (warps > 1)
    return {batch, heads,
            static_cast<int64_t>(llvm::alignTo(numTiles(), warps))};
  SmallVector<int64_t> items{
      batch, heads, static_cast<int64_t>(llvm::divideCeil(tokens, granule))};
  if (isGranular())
    items.push_back(tilesPerGranule());
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

Value KernelBuilder::allocateScratch(int64_t words, tile::Scope scope) {
  constexpr int64_t columns = 32;
  auto type =
      MemRefType::get({1, words / columns, columns}, b.getF32Type(),
                      MemRefLayoutAttrInterface(), b.getI64IntegerAttr(3));
  return tile::AllocSharedOp::create(b, loc, type, scope, IntegerAttr());
}

/// What limits the rows that exist: the granule's end, the tensor's end.
RowTile KernelBuilder::rowTileIn(const RowGrid &grid, Value batch, Value head,
                                 Value granule, Value part) {
  RowTile tile{batch, head, mul(granule, grid.granule), Value()};
  if (grid.isGranular()) {
    Value offset = mul(part, grid.rows);
    tile.start = add(tile.start, offset);
    tile.rows = min(index(grid.rows), sub(index(grid.granule), offset));
  }
  if (grid.tokens % grid.granule != 0)
    tile.rows = min(tile.rows ? tile.rows : index(grid.rows),
                    sub(index(grid.tokens), tile.start));
  return tile;
}

RowTile KernelBuilder::rowTile(const RowGrid &grid, Value batch, Value head,
                               Value number) {
  if (!grid.isGranular())
    return rowTileIn(grid, batch, head, number, Value());
  return rowTileIn(grid, batch, head, div(number, grid.tilesPerGranule()),
                   rem(number, grid.tilesPerGranule()));
}

RowTile KernelBuilder::rowTile(const RowGrid &grid) {
  Value number = ids[2], part = grid.isGranular() ? index(0) : Value();
  Value surplus; // how far behind the last tile
  if (grid.warps > 1) {
    if (grid.numTiles() % grid.warps != 0) {
      Value last = min(number, index(grid.numTiles() - 1));
      surplus = sub(number, last);
      number = last;
    }
    if (grid.isGranular()) {
      part = rem(number, grid.tilesPerGranule());
      number = div(number, grid.tilesPerGranule());
    }
  } else if (grid.isGranular()) {
    part = ids[3];
  }
  RowTile tile = rowTileIn(grid, ids[0], ids[1], number, part);
  if (surplus)
    tile.rows =
        sub(tile.rows ? tile.rows : index(grid.rows), mul(surplus, grid.rows));
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

//===- TileIndex.cpp - work on index rows: verifiers, effects -------------===//
//
// The labels (invert_rows_c1, ...) are the constraints' numbers in
// TileIndexOps.td and the names of the cases in
// test/dialects/tile/invalid-index.mlir.
//
//===----------------------------------------------------------------------===//

#include "dialects/tile/TileOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::tile;

static MemRefType typeOf(Value memory) {
  return cast<MemRefType>(memory.getType());
}

int64_t InvertRowsOp::getNumKeys() {
  return typeOf(getOffsets()).getShape().back() - 1;
}
int64_t InvertRowsOp::getNumRows() {
  return typeOf(getIndices()).getShape().drop_back().back();
}
int64_t InvertRowsOp::getRowLength() {
  return typeOf(getIndices()).getShape().back();
}

int64_t InvertRowsOp::countWords(int64_t count, int64_t warps) {
  return llvm::alignTo(std::max(count, warps + 1), kLanes);
}
int64_t InvertRowsOp::scratchWords(int64_t count, int64_t warps) {
  return (warps + 1) * countWords(count, warps) + warps * kCollected;
}

/// invert_rows_c1
static bool agree(MemRefType indices, size_t leading, MemRefType offsets,
                  MemRefType rows) {
  ArrayRef<int64_t> shape = indices.getShape();
  if (shape.size() != leading + 2 ||
      offsets.getRank() != int64_t(leading) + 1 ||
      rows.getRank() != int64_t(leading) + 1)
    return false;
  ArrayRef<int64_t> head = shape.take_front(leading);
  return indices.hasStaticShape() && offsets.hasStaticShape() &&
         offsets.getShape().drop_back() == head &&
         rows.getShape().drop_back() == head &&
         rows.getShape().back() == shape[leading] * shape[leading + 1];
}

LogicalResult InvertRowsOp::verify() {
  MemRefType indices = typeOf(getIndices()), offsets = typeOf(getOffsets()),
             rows = typeOf(getRows());
  if (!agree(indices, getAt().size(), offsets, rows)) // invert_rows_c1
    return emitOpError() << "needs indices [..., R, K], offsets [..., N + 1] "
                            "and rows [..., R * K] with "
                         << getAt().size() << " leading dimensions, got "
                         << indices << ", " << offsets << " and " << rows;
  if (getCount() < 1) // invert_rows_c2
    return emitOpError() << "must have a count of at least 1, got "
                         << getCount();
  if (!getScratch())
    return success();
  auto kernel = (*this)->getParentOfType<KernelOp>();
  int64_t warps = kernel && kernel.getScheduleAttr()
                      ? kernel.getScheduleAttr().getWarps()
                      : 1;
  MemRefType scratch = typeOf(getScratch());
  int64_t rows32 = scratchWords(getCount(), warps) / kLanes;
  if (scratch.getShape() != ArrayRef<int64_t>({1, rows32, kLanes}) ||
      !scratch.getElementType().isF32()) // invert_rows_c3
    return emitOpError() << "needs a scratch of 1x" << rows32 << "x" << kLanes
                         << "xf32 in shared memory, got " << scratch;
  return success();
}

void InvertRowsOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  auto add = [&](MemoryEffects::Effect *effect, OpOperand &operand) {
    effects.emplace_back(effect, &operand);
  };
  add(MemoryEffects::Read::get(), getIndicesMutable());
  add(MemoryEffects::Write::get(), getOffsetsMutable());
  add(MemoryEffects::Write::get(), getRowsMutable());
  for (OpOperand &scratch : getScratchMutable()) {
    add(MemoryEffects::Read::get(), scratch);
    add(MemoryEffects::Write::get(), scratch);
  }
}

LogicalResult PrefetchOp::verify() {
  MemRefType source = typeOf(getSource());
  int64_t rows = getRows(), count = getCount();
  int64_t fewest = rows > 1 ? 2 : 1;
  if (source.getRank() < fewest ||
      source.getRank() != int64_t(getIndices().size())) // prefetch_c1
    return emitOpError() << "needs one index per dimension of " << source
                         << ", of which there must be at least " << fewest
                         << ", got " << getIndices().size();
  if (count < 1 || rows < 1) // prefetch_c2
    return emitOpError() << "must have a count and rows of at least 1, got "
                         << count << " and " << rows;
  return success();
}

/// Kept, and kept in its place.
void PrefetchOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
  effects.emplace_back(MemoryEffects::Write::get());
}

LogicalResult ScatterAddOp::verify() {
  MemRefType memory = typeOf(getDestination());
  auto tile = cast<RankedTensorType>(getTile().getType());
  if (int64_t(getIndices().size()) != memory.getRank()) // scatter_add_c1
    return emitOpError() << "needs " << memory.getRank() << " index tiles for "
                         << memory << ", got " << getIndices().size();
  for (Value index : getIndices())
    if (cast<RankedTensorType>(index.getType()).getShape() !=
        tile.getShape()) // scatter_add_c1
      return emitOpError() << "index tiles must be " << tile.getDimSize(0)
                           << "x" << tile.getDimSize(1) << ", got "
                           << index.getType();
  if (!memory.getElementType().isF32()) // scatter_add_c2
    return emitOpError() << "must add to memory of f32, got " << memory;
  return success();
}

void ScatterAddOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getDestinationMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getDestinationMutable());
}

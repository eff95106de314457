//===- TileStaging.cpp - verifiers and effects of the staged form ---------===//
//
// The labels (copy_async_c1, ...) are the constraints' numbers in
// TileStagingOps.td and the names of the cases in
// test/dialects/tile/invalid-staging.mlir.
//
//===----------------------------------------------------------------------===//

#include "dialects/tile/TileOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa::tile;

using Effects =
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

static std::string sizes(ArrayRef<int64_t> shape) {
  return std::to_string(shape[0]) + "x" + std::to_string(shape[1]);
}

//===----------------------------------------------------------------------===//
// alloc_shared
//===----------------------------------------------------------------------===//

LogicalResult AllocSharedOp::verify() {
  MemRefType type = getRing().getType();
  if (!type.hasStaticShape() || !type.getLayout().isIdentity() ||
      type.getMemorySpaceAsInt() != 3) // alloc_shared_c1
    return emitOpError() << "must make a row-major SxRxC of static sizes in "
                            "memory space 3, got "
                         << type;
  return success();
}
int64_t AllocSharedOp::getSlotBytes() {
  MemRefType type = getRing().getType();
  return type.getDimSize(1) * type.getDimSize(2) *
         type.getElementTypeBitWidth() / 8;
}
int64_t AllocSharedOp::getRingBytes() {
  return llvm::alignTo(getRing().getType().getDimSize(0) * getSlotBytes(),
                       getAlignment());
}
/// A swizzle repeats after 1024 bytes; a single row has none.
int64_t AllocSharedOp::getAlignment() {
  return getRing().getType().getDimSize(1) == 1 ? 128 : 1024;
}
void AllocSharedOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Allocate::get(),
                       cast<OpResult>(getRing()));
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

/// What both kinds of copies ask of source and ring.
static LogicalResult verifyCopy(Operation *op, MemRefType source,
                                size_t numIndices, size_t expected,
                                Value ring) {
  auto ringType = cast<MemRefType>(ring.getType());
  if (numIndices != expected) // copy_async_c1, gather_async_c1
    return op->emitOpError() << "needs " << expected << " indices for "
                             << source << ", got " << numIndices;
  if (source.getElementType() !=
      ringType.getElementType()) // copy_async_c1, gather_async_c1
    return op->emitOpError()
           << "source and ring must have one element type, "
              "got "
           << source.getElementType() << " and " << ringType.getElementType();
  if (source.getShape().back() <
      ringType.getDimSize(2)) // copy_async_c2, gather_async_c2
    return op->emitOpError()
           << "the last dimension of " << source << " must have at least "
           << ringType.getDimSize(2) << " elements for slots of "
           << sizes(ringType.getShape().drop_front());
  if (!ring.getDefiningOp<AllocSharedOp>()) // copy_async_c3, gather_async_c3
    return op->emitOpError() << "ring must be made by tile.alloc_shared";
  return success();
}

LogicalResult CopyAsyncOp::verify() {
  auto source = cast<MemRefType>(getSource().getType());
  return verifyCopy(*this, source, getIndices().size(), source.getRank(),
                    getRing());
}
LogicalResult GatherAsyncOp::verify() {
  auto source = cast<MemRefType>(getSource().getType());
  if (failed(verifyCopy(*this, source, getIndices().size(),
                        source.getRank() - 1, getRing())))
    return failure();
  ArrayRef<int64_t> rows =
      cast<RankedTensorType>(getRows().getType()).getShape();
  int64_t expected = getRing().getType().getDimSize(1);
  if (rows[0] != 1 || rows[1] != expected) // gather_async_c4
    return emitOpError() << "rows must be 1x" << expected << ", got "
                         << sizes(rows);
  return success();
}

/// What the copy engine asks of a ring and its barriers.
static LogicalResult verifyBulkRing(Operation *op, Value ring, Value barriers,
                                    bool mayBeVector) {
  auto type = cast<MemRefType>(ring.getType());
  int64_t bytes = type.getDimSize(2) * type.getElementTypeBitWidth() / 8;
  bool isVector = mayBeVector && type.getDimSize(1) == 1 && bytes % 16 == 0;
  if (!isBulkRow(bytes) && !isVector) // bulk_copy_c4, bulk_gather_c4
    return op->emitOpError() << "needs a ring with rows of 32, 64 or a "
                                "multiple of 128 bytes, got "
                             << type << " with rows of " << bytes << " bytes";
  Scope scope = ring.getDefiningOp<AllocSharedOp>().getScope();
  auto alloc = barriers.getDefiningOp<AllocBarriersOp>();
  if (!alloc || alloc.getScope() != scope) // bulk_copy_c4, bulk_gather_c4
    return op->emitOpError()
           << "needs barriers made by tile.alloc_barriers with the ring's "
              "scope, "
           << stringifyScope(scope);
  return success();
}

bool llsa::tile::isBulkRow(int64_t bytes) {
  return bytes == 32 || bytes == 64 || (bytes > 0 && bytes % 128 == 0);
}

int64_t llsa::tile::bulkRows(int64_t width, int64_t block, bool arePart) {
  if (arePart)
    return block % width == 0 && width % 8 == 0 ? width : 0;
  return width % block == 0 && block % 8 == 0 ? block : 0;
}

int64_t llsa::tile::bulkRowsOf(BlockRowsOp rows) {
  auto type = cast<RankedTensorType>(rows.getResult().getType());
  return bulkRows(type.getDimSize(1), rows.getBlock(), bool(rows.getPart()));
}

static LogicalResult verifyBulkSource(Operation *op, Value source) {
  if (!isa<BlockArgument>(source)) // bulk_copy_c5, bulk_gather_c6
    return op->emitOpError()
           << "the source must be an argument of the kernel, of which the copy "
              "engine is told before the launch";
  return success();
}

LogicalResult BulkCopyOp::verify() {
  auto source = cast<MemRefType>(getSource().getType());
  if (failed(verifyCopy(*this, source, getIndices().size(), source.getRank(),
                        getRing())) ||
      failed(verifyBulkRing(*this, getRing(), getBarriers(),
                            /*mayBeVector=*/true)))
    return failure();
  return verifyBulkSource(*this, getSource());
}
LogicalResult BulkGatherOp::verify() {
  auto source = cast<MemRefType>(getSource().getType());
  if (failed(verifyCopy(*this, source, getIndices().size(),
                        source.getRank() - 1, getRing())) ||
      failed(verifyBulkRing(*this, getRing(), getBarriers(),
                            /*mayBeVector=*/false)) ||
      failed(verifyBulkSource(*this, getSource())))
    return failure();
  auto rows = getRows().getDefiningOp<BlockRowsOp>();
  if (!rows || bulkRowsOf(rows) == 0) // bulk_gather_c5
    return emitOpError() << "rows must be made by tile.block_rows and name "
                            "whole blocks or pieces that divide one";
  return success();
}

LogicalResult AllocBarriersOp::verify() {
  MemRefType type = getBarriers().getType();
  if (!type.hasStaticShape() ||
      type.getMemorySpaceAsInt() != 3) // alloc_barriers_c1
    return emitOpError() << "must make Sxi64 of static size in memory space 3, "
                            "got "
                         << type;
  return success();
}
int64_t AllocBarriersOp::getBytes() {
  return getBarriers().getType().getDimSize(0) * 2 * 8;
}
void AllocBarriersOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Allocate::get(),
                       cast<OpResult>(getBarriers()));
}

bool llsa::tile::isSharedVector(RankedTensorType tile) {
  return tile.getDimSize(0) == 1 && tile.getElementType().isF32();
}

LogicalResult SharedTileOp::verify() {
  MemRefType ring = getRing().getType();
  auto tile = cast<RankedTensorType>(getResult().getType());
  if (tile.getShape() != ring.getShape().drop_front() ||
      tile.getElementType() != ring.getElementType()) // shared_tile_c1
    return emitOpError() << "result must be "
                         << sizes(ring.getShape().drop_front()) << " of "
                         << ring.getElementType() << ", got " << tile;
  if (isSharedVector(tile))
    return success();
  for (OpOperand &use : getResult().getUses())
    if (!isa<DotOp>(use.getOwner()) ||
        use.getOperandNumber() != 1) // shared_tile_c2
      return emitOpError() << "may only be the right operand of tile.dot, but '"
                           << use.getOwner()->getName() << "' uses it";
  return success();
}

//===----------------------------------------------------------------------===//
// Effects: copies, waits and reads of rings stay in their order.
//===----------------------------------------------------------------------===//

void CopyAsyncOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getRingMutable());
}
void GatherAsyncOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getRingMutable());
}
void SharedTileOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getRingMutable());
}
static void orderEverything(Effects &effects) {
  effects.emplace_back(MemoryEffects::Read::get());
  effects.emplace_back(MemoryEffects::Write::get());
}
void CommitGroupOp::getEffects(Effects &effects) { orderEverything(effects); }
void WaitGroupOp::getEffects(Effects &effects) { orderEverything(effects); }
void BarrierOp::getEffects(Effects &effects) { orderEverything(effects); }
void ExpectOp::getEffects(Effects &effects) { orderEverything(effects); }
void BulkCopyOp::getEffects(Effects &effects) { orderEverything(effects); }
void BulkGatherOp::getEffects(Effects &effects) { orderEverything(effects); }
void AwaitOp::getEffects(Effects &effects) { orderEverything(effects); }
void ReleaseOp::getEffects(Effects &effects) { orderEverything(effects); }

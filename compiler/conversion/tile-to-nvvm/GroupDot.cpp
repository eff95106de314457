//===- GroupDot.cpp - products of four warps (wgmma) ----------------------===//
//
// Four consecutive warps' tiles of 16 rows are the 64 rows of a wgmma, and its
// accumulators lie in registers just as mma.sync's do. The right operand is a
// slot that the copy engine filled, named by a descriptor: its address, how far
// apart groups of eight rows are, and how far panels.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::gpu;
using namespace llsa::tile;

static constexpr int64_t kGroup = 4; ///< warps
static constexpr int64_t kMaxColumns = 256;
static constexpr int64_t kUnit = 16; ///< bytes that descriptors count in

/// The copy engine fills the ring, for all warps.
static bool isBulkRing(Value ring) {
  return ring.getDefiningOp<AllocSharedOp>().getScope() == Scope::Cta &&
         llvm::any_of(ring.getUsers(), llvm::IsaPred<BulkCopyOp, BulkGatherOp>);
}

bool KernelLowering::isGroupDot(DotOp op) {
  auto shared = op.getB().getDefiningOp<SharedTileOp>();
  if (!shared || !isBulkRing(shared.getRing()) || warps % kGroup != 0)
    return false;
  // A branch is for a warp to take, not for four.
  if (op->getParentOfType<scf::IfOp>())
    return false;
  auto a = tileOf(op.getA()), result = tileOf(op.getResult());
  return result.getDimSize(0) == 16 && grid.columns == 2 &&
         a.getDimSize(1) % 16 == 0 && result.getDimSize(1) % 8 == 0 &&
         result.getDimSize(1) <= kMaxColumns;
}

void KernelLowering::startGroupDot(DotOp op) {
  auto a = tileOf(op.getA()), b = tileOf(op.getB()),
       result = tileOf(op.getResult());
  Hopper::Product product;
  product.element = b.getElementType();
  product.columns = result.getDimSize(1);
  product.transposed = op.getTransposeB();

  const Values pairs = tiles[op.getA()];
  int64_t perRow = pairs.size() / 2;
  for (int64_t k = 0; k < a.getDimSize(1) / 16; ++k)
    for (int64_t pair : {2 * k, perRow + 2 * k, 2 * k + 1, perRow + 2 * k + 1})
      product.left.push_back(LLVM::BitcastOp::create(
          builder, loc, builder.getI32Type(), pairs[pair]));

  if (op.getA().getParentBlock() != op->getBlock())
    leftOperands.insert(op.getA()); // used again by the next step

  SlotLayout layout(b.getDimSize(0), b.getDimSize(1) * 2);
  int64_t eightRows = 8 * layout.panelBytes / kUnit;
  product.panel = layout.panelStride() / kUnit;
  if (product.transposed) { // along a row of b, 32 bytes a step
    product.step = 2;
    product.stepsPerPanel = layout.panelBytes / 32;
  } else { // down the rows of b
    product.step = 2 * eightRows;
    product.stepsPerPanel = b.getDimSize(0) / 16;
  }
  int64_t swizzle = layout.panelBytes == 128  ? 1
                    : layout.panelBytes == 64 ? 2
                                              : 3;
  product.rightUpper = swizzle << 30 | eightRows;
  auto shared = op.getB().getDefiningOp<SharedTileOp>();
  Value address =
      slotAddress(shared.getRing(), mapped(shared.getSlot()), kUnit);
  product.right = add(address, i32(product.panel << 16));

  // Fragments of 8 columns: rows g and g + 8 by turns.
  TileLayout order = layoutOf(op.getResult());
  auto inOrder = [&](int64_t i) {
    return order.indexOf(i / 2 % 2, 2 * (i / 4) + i % 2);
  };
  int64_t count = order.elements();
  if (!matchPattern(op.getAcc(), m_AnyZeroFloat())) {
    Values acc = elementsOf(op.getAcc());
    for (int64_t i = 0; i < count; ++i)
      product.acc.push_back(acc[inOrder(i)]);
  }
  Values sums = hopper.startProduct(loc, product);
  Values elements(count);
  for (int64_t i = 0; i < count; ++i)
    elements[inOrder(i)] = sums[i];
  setElements(op.getResult(), elements);
  inFlight.push_back(op.getResult());
}

/// It gives back a slot that products of four warps may read.
static bool givesBackShared(Operation &op) {
  auto release = dyn_cast<ReleaseOp>(op);
  return release &&
         release.getBarriers().getDefiningOp<AllocBarriersOp>().getScope() ==
             Scope::Cta;
}

bool KernelLowering::mustSettleBefore(Operation &op) {
  // Another product may start while some are in flight, but not on their sums.
  bool uses = llvm::any_of(op.getOperands(), [&](Value operand) {
    return llvm::is_contained(inFlight, operand);
  });
  if (uses || givesBackShared(op) || isa<tile::BarrierOp>(op))
    return true;
  // A branch that starts copies.
  if (isa<scf::IfOp>(op) && op.getNumResults() == 0)
    return op
        .walk([&](Operation *inner) {
          return inner != &op && mustSettleBefore(*inner)
                     ? WalkResult::interrupt()
                     : WalkResult::advance();
        })
        .wasInterrupted();
  return op.getNumRegions() > 0;
}

void KernelLowering::settleBefore(Operation &op) {
  if (!inFlight.empty() && mustSettleBefore(op))
    settle();
}

SmallVector<unsigned> KernelLowering::resultsInFlight(Operation &loop) {
  Block &body = loop.getRegion(0).front();
  auto isProduct = [&](Operation &op) {
    auto dot = dyn_cast<DotOp>(op);
    return dot && isGroupDot(dot) && !dot.getSkipNegativeZero();
  };
  bool started = false, late = false;
  for (Operation &op : body) {
    started |= isProduct(op);
    op.walk([&](Operation *inner) {
      if (givesBackShared(*inner))
        late = started;
    });
  }
  SmallVector<unsigned> results;
  if (late)
    for (auto [i, yielded] :
         llvm::enumerate(body.getTerminator()->getOperands()))
      if (Operation *made = yielded.getDefiningOp();
          made && made->getBlock() == &body && isProduct(*made))
        results.push_back(i);
  return results;
}

void KernelLowering::settle() {
  if (inFlight.empty())
    return;
  Values values;
  for (Value tile : inFlight)
    llvm::append_range(values, tiles[tile]);
  values = hopper.waitProducts(loc, values);
  ValueRange rest = values;
  for (Value tile : inFlight) {
    size_t count = tiles[tile].size();
    tiles[tile] = Values(rest.take_front(count));
    rest = rest.drop_front(count);
  }
  inFlight.clear();
}

void KernelLowering::keepLeftOperands(Block &block) {
  for (Value tile : leftOperands) {
    if (tile.getParentBlock() != &block)
      continue;
    Values bits;
    for (Value pair : tiles[tile])
      bits.push_back(
          LLVM::BitcastOp::create(builder, loc, builder.getI32Type(), pair));
    hopper.keep(loc, bits);
  }
}

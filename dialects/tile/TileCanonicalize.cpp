//===- TileCanonicalize.cpp - folders and canonicalisations of tile ops ---===//
//
// Only rewrites that leave every value as it is, bit for bit.
//
//===----------------------------------------------------------------------===//

#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace llsa::tile;

/// The same splat with another tile's sizes; null when `value` is no splat.
static Attribute resizeSplat(Attribute value, Type type) {
  auto splat = dyn_cast_or_null<SplatElementsAttr>(value);
  return splat ? splat.resizeSplat(cast<ShapedType>(type)) : Attribute();
}

// A broadcast to its own type, of a splat, or of another broadcast.
OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getTile().getType() == getResult().getType())
    return getTile();
  if (Attribute splat = resizeSplat(adaptor.getTile(), getResult().getType()))
    return splat;
  if (auto inner = getTile().getDefiningOp<BroadcastOp>()) {
    getTileMutable().assign(inner.getTile());
    return getResult();
  }
  return {};
}

// A transpose of a transpose, or of a splat.
OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (auto inner = getTile().getDefiningOp<TransposeOp>())
    return inner.getTile();
  return resizeSplat(adaptor.getTile(), getResult().getType());
}

// A reduction over one element, and the maximum of a splat.
OpFoldResult ReduceOp::fold(FoldAdaptor adaptor) {
  if (getTile().getType() == getResult().getType())
    return getTile();
  if (getKind() == ReductionKind::Max)
    return resizeSplat(adaptor.getTile(), getResult().getType());
  return {};
}

/// The constant `rows` of a load or store, if it has one.
template <typename OpT> static std::optional<int64_t> constantRows(OpT op) {
  APInt rows;
  if (!op.getRows() || !matchPattern(op.getRows(), m_ConstantInt(&rows)))
    return std::nullopt;
  return rows.getSExtValue();
}

namespace {

/// A constant `rows` that takes all rows says nothing.
template <typename OpT> struct DropFullRows : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  static int64_t countRows(LoadOp op) {
    return op.getResult().getType().getDimSize(0);
  }
  static int64_t countRows(StoreOp op) {
    return op.getTile().getType().getDimSize(0);
  }

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> rows = constantRows(op);
    if (!rows || *rows < countRows(op))
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.getRowsMutable().clear(); });
    return success();
  }
};

/// A load of no rows is a tile of zeros.
struct LoadNoRows : OpRewritePattern<LoadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LoadOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> rows = constantRows(op);
    if (!rows || *rows > 0)
      return failure();
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(
        op, rewriter.getZeroAttr(op.getType()));
    return success();
  }
};

/// A store of no rows does nothing.
struct StoreNoRows : OpRewritePattern<StoreOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(StoreOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> rows = constantRows(op);
    if (!rows || *rows > 0)
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

/// Along a dimension of one work item there is item 0 alone.
struct WorkItemOfOne : OpRewritePattern<WorkItemOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(WorkItemOp op,
                                PatternRewriter &rewriter) const override {
    ArrayRef<int64_t> items = op->getParentOfType<KernelOp>().getItems();
    bool changed = false;
    for (auto [size, id] : llvm::zip(items, op.getIds())) {
      if (size != 1 || id.use_empty())
        continue;
      Value zero = arith::ConstantIndexOp::create(rewriter, op.getLoc(), 0);
      rewriter.replaceAllUsesWith(id, zero);
      changed = true;
    }
    return success(changed);
  }
};

/// Tiles of a stream that no `tile.next` gives to anybody are not loaded; a
/// stream of none is not taken.
struct DropUnusedTiles : OpRewritePattern<NextOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NextOp op,
                                PatternRewriter &rewriter) const override {
    auto stream = op.getStream().getDefiningOp<StreamOp>();
    if (!stream || !llvm::all_of(stream->getUsers(), llvm::IsaPred<NextOp>))
      return failure();
    SmallVector<unsigned> used;
    for (unsigned tile = 0; tile < op.getNumResults(); ++tile)
      if (llvm::any_of(stream->getUsers(), [&](Operation *next) {
            return !next->getResult(tile).use_empty();
          }))
        used.push_back(tile);
    if (used.size() == op.getNumResults())
      return failure();
    auto yield = cast<StreamYieldOp>(stream.getYield());
    auto those = [&](auto &&range) {
      return llvm::map_to_vector(used, [&](unsigned i) { return range[i]; });
    };
    auto type =
        StreamType::get(op.getContext(), those(stream.getType().getTiles()));
    rewriter.modifyOpInPlace(yield, [&] {
      yield.getTilesMutable().assign(those(yield.getTiles()));
    });
    rewriter.modifyOpInPlace(stream, [&] { stream.getResult().setType(type); });
    for (Operation *user : llvm::make_early_inc_range(stream->getUsers())) {
      auto next = cast<NextOp>(user);
      if (!used.empty()) {
        rewriter.setInsertionPoint(next);
        auto smaller = NextOp::create(rewriter, next.getLoc(), type.getTiles(),
                                      stream, next.getElement());
        for (auto [tile, value] : llvm::zip_equal(used, smaller.getTiles()))
          rewriter.replaceAllUsesWith(next.getTiles()[tile], value);
      }
      rewriter.eraseOp(next);
    }
    return success();
  }
};

} // namespace

void LoadOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<DropFullRows<LoadOp>, LoadNoRows>(context);
}

void StoreOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                          MLIRContext *context) {
  patterns.add<DropFullRows<StoreOp>, StoreNoRows>(context);
}

void WorkItemOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns.add<WorkItemOfOne>(context);
}

void NextOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<DropUnusedTiles>(context);
}

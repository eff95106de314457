//===- LLSACanonicalize.cpp - what canonicalize simplifies ----------------===//
//
// Only rewrites that leave every value as it is, bit for bit:
//
//   a score region that yields the score it is given    -> no region
//   a mask region that yields true                      -> no region
//   a window that reaches all keys from every query     -> a dense source
//   a launch's result that nobody uses, or that comes
//   twice, or that was computed outside of the launch   -> not a result
//
//===----------------------------------------------------------------------===//

#include "dialects/llsa/LLSAVerify.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::shared;

namespace {

//===----------------------------------------------------------------------===//
// attend, attention
//===----------------------------------------------------------------------===//

/// Empties `region` without visiting the parent op's other region.
void dropRegion(PatternRewriter &rewriter, Operation *op, Region &region) {
  rewriter.modifyOpInPlace(op, [&] {
    Block &block = region.front();
    while (!block.empty())
      rewriter.eraseOp(&block.back());
    rewriter.eraseBlock(&block);
  });
}

template <typename OpT> struct DropIdentityScore : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Region &score = op.getScore();
    if (score.empty())
      return failure();
    auto yield = cast<YieldOp>(score.front().getTerminator());
    if (yield.getOperand(0) != score.getArgument(0))
      return failure();
    dropRegion(rewriter, op, score);
    return success();
  }
};

template <typename OpT> struct DropTrueMask : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Region &mask = op.getMask();
    if (mask.empty())
      return failure();
    auto yield = cast<YieldOp>(mask.front().getTerminator());
    if (!matchPattern(yield.getOperand(0), m_One()))
      return failure();
    dropRegion(rewriter, op, mask);
    return success();
  }
};

/// Whether a window lets each of `queries` queries see each of `keys` keys.
bool seesAll(SourceAttr window, int64_t queries, int64_t keys) {
  return window.getBefore() >= queries - 1 && window.getAfter() >= keys - 1;
}

struct WindowToDense : OpRewritePattern<AttendOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttendOp op,
                                PatternRewriter &rewriter) const override {
    int64_t queries = tensorOf(op.getQuery()).getDimSize(kToken);
    SmallVector<Attribute> sources;
    bool changed = false;
    for (auto [i, keys] : llvm::enumerate(op.getKeys())) {
      SourceAttr source = op.getSource(i);
      int64_t count = tensorOf(keys).getDimSize(kToken);
      if (source.getKind() == SourceKind::Window &&
          !ShapedType::isDynamic(queries) && !ShapedType::isDynamic(count) &&
          seesAll(source, queries, count)) {
        source = SourceAttr::get(op.getContext(), SourceKind::Dense,
                                 /*block=*/0, /*every=*/0,
                                 /*before=*/0, /*after=*/0, source.getWeight(),
                                 source.getSpan(), source.getUnweighted());
        changed = true;
      }
      sources.push_back(source);
    }
    if (!changed)
      return failure();
    rewriter.modifyOpInPlace(
        op, [&] { op.setSourcesAttr(rewriter.getArrayAttr(sources)); });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// launch
//===----------------------------------------------------------------------===//

/// Keeps the results that somebody uses and that the launch itself computes,
/// each once. A launch that keeps none is dead, and erased as such.
struct TrimLaunchResults : OpRewritePattern<LaunchOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LaunchOp op,
                                PatternRewriter &rewriter) const override {
    Block &body = op.getBody().front();
    auto yield = cast<YieldOp>(body.getTerminator());
    SmallVector<Value> kept;
    SmallVector<Value> replacements(op.getNumResults());
    SmallVector<std::pair<unsigned, unsigned>> moved; // old result, new result
    for (auto [i, value] : llvm::enumerate(yield.getOperands())) {
      if (value.getParentRegion() != &op.getBody()) {
        replacements[i] = value;
        continue;
      }
      if (op.getResult(i).use_empty())
        continue;
      auto *at = llvm::find(kept, value);
      moved.emplace_back(i, at - kept.begin());
      if (at == kept.end())
        kept.push_back(value);
    }
    if (kept.size() == op.getNumResults())
      return failure();
    auto launch =
        LaunchOp::create(rewriter, op.getLoc(), ValueRange(kept).getTypes(),
                         op.getName(), op.getScheduleAttr());
    launch->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.inlineRegionBefore(op.getBody(), launch.getBody(),
                                launch.getBody().end());
    rewriter.modifyOpInPlace(yield, [&] { yield->setOperands(kept); });
    for (auto [from, to] : moved)
      replacements[from] = launch.getResult(to);
    for (auto [result, replacement] : llvm::zip(op.getResults(), replacements))
      if (replacement)
        rewriter.replaceAllUsesWith(result, replacement);
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void AttendOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns
      .add<DropIdentityScore<AttendOp>, DropTrueMask<AttendOp>, WindowToDense>(
          context);
}

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<DropIdentityScore<AttentionOp>, DropTrueMask<AttentionOp>>(
      context);
}

void LaunchOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<TrimLaunchResults>(context);
}

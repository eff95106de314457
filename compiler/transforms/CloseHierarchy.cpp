//===- CloseHierarchy.cpp - block, levels, top-k and scale ----------------===//

#include "compiler/transforms/CloseHierarchy.h"
#include "compiler/transforms/Entry.h"
#include "dialects/llsa/LLSAOps.h"
#include "mlir/IR/Builders.h"
#include "runtime/program/KernelSpec.h"

using namespace mlir;
using namespace llsa;

static constexpr int64_t kDefaultBlock = 16;
static constexpr int64_t kDefaultTopk = 8;
static constexpr int64_t kMaxLevels = 5;

/// The paper's rule, max(1, floor(log_block tokens) - 1), at most kMaxLevels.
static int64_t defaultLevels(int64_t tokens, int64_t block) {
  int64_t logarithm = 0;
  for (int64_t rest = tokens; rest >= block; rest /= block)
    ++logarithm;
  return std::clamp<int64_t>(logarithm - 1, 1, kMaxLevels);
}

/// "8" or "8:8:4", the spec's own text form.
static std::string topkText(ArrayRef<int64_t> topk) {
  std::string text;
  for (int64_t k : topk)
    text += (text.empty() ? "" : ":") + std::to_string(k);
  return text;
}

/// k_l of `topk` for l = 1, 2, ...; one number stands for all levels.
static int64_t topkAt(ArrayRef<int64_t> topk, size_t level) {
  return topk.size() == 1 ? topk[0] : topk[level - 1];
}

template <typename Given, typename Fixed>
static InFlightDiagnostic contradiction(Operation *op, StringRef key,
                                        const Given &given,
                                        const Fixed &fixed) {
  return op->emitOpError() << "spec gives " << key << " = " << given
                           << ", but the variant fixes " << key << " = "
                           << fixed;
}

//===----------------------------------------------------------------------===//
// The composite
//===----------------------------------------------------------------------===//

static_assert(KernelSpec::kMostTopk == LLSADialect::kMaxTokens,
              "a spec's top-k is one of the dialect's");

static LogicalResult closeComposite(AttentionOp op, const KernelSpec &spec) {
  HierarchyAttr open = op.getHierarchy();
  // A number that the variant fixes, the spec gives, or neither.
  auto close = [&](StringRef key, int64_t fixed, std::optional<int64_t> given,
                   int64_t otherwise) -> FailureOr<int64_t> {
    if (fixed == HierarchyAttr::kOpen)
      return given.value_or(otherwise);
    if (given && *given != fixed)
      return contradiction(op, key, *given, fixed);
    return fixed;
  };
  FailureOr<int64_t> block =
      close("block", open.getBlock(), spec.block, kDefaultBlock);
  if (failed(block))
    return failure();
  int64_t tokens =
      cast<RankedTensorType>(op.getKeys().getType()).getDimSize(kToken);
  FailureOr<int64_t> levels = close("levels", open.getLevels(), spec.levels,
                                    defaultLevels(tokens, *block));
  if (failed(levels))
    return failure();

  SmallVector<int64_t> topk(open.getTopk());
  if (topk.empty())
    topk.assign(spec.topk.begin(), spec.topk.end());
  if (topk.empty())
    topk.push_back(kDefaultTopk);
  // Without levels nothing is selected, and top-k means nothing.
  if (*levels == 0)
    topk.resize(1);
  for (ArrayRef<int64_t> list :
       {ArrayRef<int64_t>(topk), ArrayRef<int64_t>(spec.topk)})
    if (*levels > 0 && list.size() > 1 &&
        static_cast<int64_t>(list.size()) != *levels)
      return op.emitOpError()
             << "topk = " << topkText(list) << " has " << list.size()
             << " entries, expected one or one per level, of which there are "
             << *levels;
  if (!spec.topk.empty())
    for (int64_t level = 1; level <= *levels; ++level)
      if (topkAt(topk, level) != topkAt(spec.topk, level))
        return contradiction(op, "topk", topkText(spec.topk), topkText(topk));
  op.setHierarchyAttr(HierarchyAttr::get(op.getContext(), *block, *levels, topk,
                                         open.getEnrichment(),
                                         open.getReweighting()));
  return success();
}

//===----------------------------------------------------------------------===//
// Written out
//===----------------------------------------------------------------------===//

static LogicalResult checkBlock(Operation *op, int64_t block,
                                const KernelSpec &spec, bool &anyBlock) {
  anyBlock = true;
  if (spec.block && *spec.block != block)
    return contradiction(op, "block", *spec.block, block);
  return success();
}

/// A variant without the composite fixes everything. The same spec may go with
/// the composite and the written-out form, so agreeing values are welcome.
static LogicalResult checkWrittenOut(func::FuncOp entry,
                                     const KernelSpec &spec) {
  bool anyBlock = false;
  WalkResult walk = entry.walk([&](Operation *op) -> WalkResult {
    if (auto pool = dyn_cast<PoolOp>(op))
      return checkBlock(op, pool.getBlock(), spec, anyBlock);
    if (auto select = dyn_cast<SelectOp>(op))
      return select.getBlock()
                 ? checkBlock(op, *select.getBlock(), spec, anyBlock)
                 : success();
    if (auto attend = dyn_cast<AttendOp>(op))
      for (unsigned i = 0; i < attend.getSources().size(); ++i)
        if (attend.getSource(i).getKind() == SourceKind::Gathered &&
            failed(
                checkBlock(op, attend.getSource(i).getBlock(), spec, anyBlock)))
          return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();

  SmallVector<SelectOp> selections = numberedSelections(entry);
  int64_t levels = selections.size();
  if (spec.levels && *spec.levels != levels)
    return contradiction(entry, "levels", *spec.levels, levels);
  if (spec.block && !anyBlock)
    return entry.emitOpError() << "spec gives block = " << *spec.block
                               << ", but the variant has no blocks";
  if (spec.topk.empty())
    return success();
  if (levels == 0)
    return entry.emitOpError() << "spec gives topk = " << topkText(spec.topk)
                               << ", but the variant selects nothing";
  if (spec.topk.size() > 1 && static_cast<int64_t>(spec.topk.size()) != levels)
    return entry.emitOpError()
           << "topk = " << topkText(spec.topk) << " has " << spec.topk.size()
           << " entries, expected one or one per level, of which there are "
           << levels;
  for (auto [i, select] : llvm::enumerate(selections))
    if (topkAt(spec.topk, i + 1) != static_cast<int64_t>(select.getTopk()))
      return contradiction(select, "topk", topkText(spec.topk),
                           static_cast<int64_t>(select.getTopk()));
  return success();
}

LogicalResult llsa::closeHierarchy(func::FuncOp entry, const KernelSpec &spec) {
  bool composite = false;
  WalkResult walk = entry.walk([&](AttentionOp op) -> WalkResult {
    composite = true;
    return closeComposite(op, spec);
  });
  if (walk.wasInterrupted())
    return failure();
  return composite ? success() : checkWrittenOut(entry, spec);
}

//===----------------------------------------------------------------------===//
// Scale
//===----------------------------------------------------------------------===//

template <typename OpTy>
static LogicalResult closeScaleOf(OpTy op, double scale) {
  std::optional<APFloat> fixed = op.getScale();
  if (fixed && fixed->convertToDouble() != scale)
    return contradiction(op, "scale", scale, fixed->convertToDouble());
  op.setScaleAttr(Builder(op.getContext()).getF64FloatAttr(scale));
  return success();
}

LogicalResult llsa::closeScale(func::FuncOp entry, const KernelSpec &spec) {
  if (!spec.scale)
    return success();
  bool any = false;
  WalkResult walk = entry.walk([&](Operation *op) -> WalkResult {
    any |= isa<AttentionOp, AttendOp>(op);
    if (auto attention = dyn_cast<AttentionOp>(op))
      return closeScaleOf(attention, *spec.scale);
    if (auto attend = dyn_cast<AttendOp>(op))
      return closeScaleOf(attend, *spec.scale);
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  if (!any)
    return entry.emitOpError() << "spec gives scale = " << *spec.scale
                               << ", but the variant has no llsa.attention or "
                                  "llsa.attend to take it";
  return success();
}

//===- Decompose.cpp - llsa.attention into pool, select, attend -*- C++ -*-===//
//
// The one place where the levels of LLSA are spelled out (algorithm.md). The
// written-out variants of kernels/variants/ hold the same ops in the same
// order; test/kernels/same-kernels.mlir compares them.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"
#include "dialects/llsa/LLSAOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace llsa {
#define GEN_PASS_DEF_DECOMPOSE
#include "compiler/transforms/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;

namespace {

/// The sources of one attend, collected level by level.
struct SourceList {
  SmallVector<Value> keys, values, indices;
  SmallVector<Attribute> sources;

  /// Of sources with a span: leave all their keys the same weight.
  bool unweighted = false;

  void addDense(Value k, Value v, int64_t span) {
    add(k, v, SourceKind::Dense, /*block=*/0, /*every=*/0, span);
  }
  void addGathered(Value k, Value v, Value by, int64_t block, int64_t every,
                   int64_t span) {
    indices.push_back(by);
    add(k, v, SourceKind::Gathered, block, every, span);
  }

private:
  void add(Value k, Value v, SourceKind kind, int64_t block, int64_t every,
           int64_t span) {
    Builder builder(k.getContext());
    keys.push_back(k);
    values.push_back(v);
    sources.push_back(SourceAttr::get(k.getContext(), kind, block, every,
                                      /*before=*/0,
                                      /*after=*/0, builder.getF64FloatAttr(1.0),
                                      span, unweighted && span != 0));
  }
};

struct Decompose : public llsa::impl::DecomposeBase<Decompose> {
  using Base::Base;
  void runOnOperation() override;
};

} // namespace

static SourceList openHierarchy(AttentionOp op, OpBuilder &builder) {
  HierarchyAttr hierarchy = op.getHierarchy();
  int64_t block = hierarchy.getBlock(), levels = hierarchy.getLevels();
  Location loc = op.getLoc();
  SourceList list;
  list.unweighted = !hierarchy.getReweighting();
  if (levels == 0) {
    list.addDense(op.getKeys(), op.getValues(), /*span=*/0);
    return list;
  }

  // X^(l) at position l; level 0 is the input.
  SmallVector<Value> queries{op.getQuery()}, keys{op.getKeys()},
      values{op.getValues()};
  auto pool = [&](SmallVector<Value> &chain) {
    chain.push_back(PoolOp::create(builder, loc, chain.back(), block));
  };
  for (int64_t level = 1; level <= levels; ++level) {
    pool(queries);
    pool(keys);
    if (hierarchy.getEnrichment())
      pool(values);
  }

  // I^(l) at position l, coarse to fine.
  SmallVector<Value> indices(levels + 1);
  for (int64_t level = levels; level >= 1; --level) {
    bool coarsest = level == levels;
    indices[level] = SelectOp::create(
        builder, loc, queries[level], keys[level],
        coarsest ? Value() : indices[level + 1],
        builder.getI64IntegerAttr(hierarchy.getTopkAt(level)),
        coarsest ? IntegerAttr() : builder.getI64IntegerAttr(block));
  }

  list.addGathered(keys[0], values[0], indices[1], block, block, /*span=*/0);
  int64_t span = 1;
  for (int64_t level = 1; hierarchy.getEnrichment() && level <= levels;
       ++level) {
    span *= block;
    if (level == levels)
      list.addDense(keys[level], values[level], span);
    else
      list.addGathered(keys[level], values[level], indices[level + 1], block,
                       span * block, span);
  }
  return list;
}

static LogicalResult decompose(AttentionOp op) {
  if (!op.getHierarchy().isClosed())
    return op.emitOpError() << "hierarchy " << op.getHierarchy()
                            << " is open; llsa-bind-shapes closes it";
  OpBuilder builder(op);
  SourceList list = openHierarchy(op, builder);
  auto attend = AttendOp::create(
      builder, op.getLoc(), op.getQuery(), list.keys, list.values, list.indices,
      builder.getArrayAttr(list.sources), op.getScaleAttr(),
      /*keep_rest=*/UnitAttr());
  attend.getScore().takeBody(op.getScore());
  attend.getMask().takeBody(op.getMask());
  attend->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  op->replaceAllUsesWith(attend);
  op->erase();
  return success();
}

void Decompose::runOnOperation() {
  WalkResult walk = getOperation().walk(
      [&](AttentionOp op) -> WalkResult { return decompose(op); });
  if (walk.wasInterrupted())
    signalPassFailure();
}

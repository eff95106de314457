//===- Topk.cpp - the running top-k lists ---------------------------------===//
//
// Rows lie in lanes, so all rows insert at once: a candidate walks down the
// list from the best place on; where it is better than what stands there they
// change places. Most candidates are worse than every row's last place; one
// comparison settles that.
//
// The order of algorithm.md as integers: a float's bits, with the lower 31
// flipped where it is negative, compare like the numbers; NaN becomes the
// greatest key and an empty place (id -1) the least.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-vector/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace llsa::tile;

namespace {

/// A score with its id, per lane.
struct Entry {
  Value score, id, key;
};

struct Comparer {
  OpBuilder &b;
  Location loc;
  int64_t lanes;

  Value constant(int32_t value) {
    auto type = VectorType::get(lanes, b.getI32Type());
    return arith::ConstantOp::create(b, loc,
                                     DenseElementsAttr::get(type, value));
  }
  Value compare(arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, loc, predicate, x, y);
  }
  Value choose(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, loc, condition, x, y);
  }
  Entry entry(Value score, Value id) {
    auto floats = cast<VectorType>(score.getType());
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(floats));
    // -0 and +0 are equal scores.
    Value sum = arith::AddFOp::create(b, loc, score, zero);
    Value bits = arith::BitcastOp::create(
        b, loc, VectorType::get(lanes, b.getI32Type()), sum);
    Value flipped = arith::XOrIOp::create(b, loc, bits, constant(0x7fffffff));
    Value key = choose(compare(arith::CmpIPredicate::slt, bits, constant(0)),
                       flipped, bits);
    Value nan =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, score, score);
    key = choose(nan, constant(0x7fffffff), key);
    Value empty = compare(arith::CmpIPredicate::slt, id, constant(0));
    return {score, id, choose(empty, constant(int32_t(0x80000000)), key)};
  }
  Value better(const Entry &x, const Entry &y) {
    Value higher = compare(arith::CmpIPredicate::sgt, x.key, y.key);
    Value equal = compare(arith::CmpIPredicate::eq, x.key, y.key);
    Value lower = compare(arith::CmpIPredicate::slt, x.id, y.id);
    return arith::OrIOp::create(b, loc, higher,
                                arith::AndIOp::create(b, loc, equal, lower));
  }
};

} // namespace

LogicalResult KernelLowering::lowerTopk(TopkOp op) {
  int64_t rows = rowsOf(op.getScores()), k = colsOf(op.getScores());
  Value candidates = materialize(op.getCandidates(), Layout::Rows);
  Value candidateIds = materialize(op.getCandidateIds(), Layout::Cols);

  // The lists are updated in place: in the loop's own buffers, or in a copy.
  auto listOf = [&](Value before, Value after) {
    Value destination = destinations.lookup(after);
    Value list = buffers[int(Layout::Rows)].lookup(before);
    if (!destination)
      destination = allocateFor(after, Layout::Rows);
    if (list != destination)
      evaluateInto(before, Layout::Rows, destination);
    return destination;
  };
  Value scores = listOf(op.getScores(), op.getNewScores());
  Value ids = listOf(op.getIds(), op.getNewIds());

  auto floats = VectorType::get(rows, builder.getF32Type());
  auto ints = VectorType::get(rows, builder.getI32Type());
  Comparer comparer{builder, loc, rows};
  auto listEntry = [&](Value place) {
    ValueRange indices{place, index(0)};
    SmallVector<Value> at{place, index(0)};
    return comparer.entry(
        vector::LoadOp::create(builder, loc, floats, scores, at),
        vector::LoadOp::create(builder, loc, ints, ids, at));
  };

  loop(index(0), index(colsOf(op.getCandidates())), 1, [&](Value c) {
    Value id = memref::LoadOp::create(builder, loc, candidateIds,
                                      ValueRange{index(0), c});
    Value idVector = splat(id, rows);
    SmallVector<Value> at{c, index(0)};
    Entry candidate = comparer.entry(
        vector::LoadOp::create(builder, loc, floats, candidates, at), idVector);
    Value any = vector::ReductionOp::create(
        builder, loc, vector::CombiningKind::OR,
        comparer.better(candidate, listEntry(index(k - 1))));
    Value named = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::sge, id,
        arith::ConstantIntOp::create(builder, loc, builder.getI32Type(), 0));
    auto insert = scf::IfOp::create(
        builder, loc, arith::AndIOp::create(builder, loc, any, named));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&insert.getThenRegion().front());
    loop(index(0), index(k), 1, {candidate.score, candidate.id},
         [&](Value place, ValueRange carried) -> SmallVector<Value> {
           Entry walking = comparer.entry(carried[0], carried[1]);
           Entry standing = listEntry(place);
           Value swap = comparer.better(walking, standing);
           SmallVector<Value> to{place, index(0)};
           vector::StoreOp::create(
               builder, loc,
               comparer.choose(swap, walking.score, standing.score), scores,
               to);
           vector::StoreOp::create(
               builder, loc, comparer.choose(swap, walking.id, standing.id),
               ids, to);
           return {comparer.choose(swap, standing.score, walking.score),
                   comparer.choose(swap, standing.id, walking.id)};
         });
  });
  buffers[int(Layout::Rows)][op.getNewScores()] = scores;
  buffers[int(Layout::Rows)][op.getNewIds()] = ids;
  return success();
}

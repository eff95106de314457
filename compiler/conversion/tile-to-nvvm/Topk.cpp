//===- Topk.cpp - running top-k lists -------------------------------------===//
//
// The four lanes of a row hold its list and its candidates. Each of the k best
// of both is found by a maximum over what the lane holds and two exchanges, and
// is then struck off. Score and id are one 64-bit key: the score's bits so that
// they compare as unsigned integers (NaN highest, -0 equal to +0), then the id
// upside down, so that a lower id wins a tie. Key 0 is an empty place.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llsa::gpu;
using namespace llsa::tile;

/// Longer lists would take more registers than a lane has.
static constexpr int64_t kMaxLength = 128;

namespace {
/// Keys of scores and ids, and back.
struct KeyCode {
  OpBuilder &b;
  Location loc;

  Value constant(int64_t value, Type type) {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, value));
  }
  Value encode(Value score, Value id) {
    Type i32 = b.getI32Type(), i64 = b.getI64Type();
    // -0 becomes +0.
    Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0.0));
    Value sum = arith::AddFOp::create(b, loc, score, zero);
    Value bits = LLVM::BitcastOp::create(b, loc, i32, sum);
    Value sign = arith::ShRSIOp::create(b, loc, bits, constant(31, i32));
    Value flip = arith::OrIOp::create(b, loc, sign, constant(0x80000000, i32));
    Value ordered = arith::XOrIOp::create(b, loc, bits, flip);
    Value isNaN = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO,
                                        score, score);
    ordered = arith::SelectOp::create(b, loc, isNaN,
                                      constant(0xFFFFFFFF, i32), ordered);
    Value upper = arith::ExtUIOp::create(b, loc, i64, ordered);
    upper = arith::ShLIOp::create(b, loc, upper, constant(32, i64));
    Value lower = arith::XOrIOp::create(b, loc, id, constant(-1, i32));
    lower = arith::ExtUIOp::create(b, loc, i64, lower);
    Value key = arith::OrIOp::create(b, loc, upper, lower);
    Value isEmpty = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, id,
                                          constant(0, i32));
    return arith::SelectOp::create(b, loc, isEmpty, constant(0, i64), key);
  }
  /// {score, id}; an empty place is {-inf, -1}.
  std::pair<Value, Value> decode(Value key) {
    Type i32 = b.getI32Type(), i64 = b.getI64Type();
    Value upper = arith::ShRUIOp::create(b, loc, key, constant(32, i64));
    Value ordered = arith::TruncIOp::create(b, loc, i32, upper);
    Value lower = arith::TruncIOp::create(b, loc, i32, key);
    Value id = arith::XOrIOp::create(b, loc, lower, constant(-1, i32));
    // The sign is upside down.
    Value sign = arith::ShRSIOp::create(b, loc, ordered, constant(31, i32));
    Value back = arith::XOrIOp::create(b, loc, sign, constant(-1, i32));
    Value flip = arith::OrIOp::create(b, loc, back, constant(0x80000000, i32));
    Value bits = arith::XOrIOp::create(b, loc, ordered, flip);
    Value score = LLVM::BitcastOp::create(b, loc, b.getF32Type(), bits);
    Value isEmpty = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, key,
                                          constant(0, i64));
    Value none = arith::ConstantOp::create(b, loc,
                                           b.getF32FloatAttr(-INFINITY));
    return {arith::SelectOp::create(b, loc, isEmpty, none, score),
            arith::SelectOp::create(b, loc, isEmpty, constant(-1, i32), id)};
  }
};
} // namespace

LogicalResult KernelLowering::lowerTopk(TopkOp op) {
  TileLayout list = layoutOf(op.getScores()),
             candidates = layoutOf(op.getCandidates());
  if (list.cols > kMaxLength)
    return op.emitOpError() << "keeps lists of " << list.cols
                            << " candidates; the GPU target takes up to "
                            << kMaxLength;
  KeyCode code{builder, loc};
  Values oldScores = elementsOf(op.getScores()), oldIds = elementsOf(op.getIds());
  Values newScores = elementsOf(op.getCandidates()),
         candidateIds = elementsOf(op.getCandidateIds());
  Type i64 = builder.getI64Type();
  Value none = code.constant(0, i64);
  auto greater = [&](Value x, Value y) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ugt, x, y);
  };

  Values scores(list.elements()), ids(list.elements());
  for (int64_t h = 0; h < list.halves(); ++h) {
    Values keys;
    for (int64_t c = 0; c < list.columns(); ++c) {
      int64_t i = list.indexOf(h, c);
      Value key = code.encode(oldScores[i], oldIds[i]);
      keys.push_back(select(columnExists(list, c), key, none));
    }
    for (int64_t c = 0; c < candidates.columns(); ++c) {
      Value key = code.encode(newScores[candidates.indexOf(h, c)],
                              candidateIds[c]);
      keys.push_back(select(columnExists(candidates, c), key, none));
    }
    Values best(list.columns(), none);
    for (int64_t place = 0; place < list.cols; ++place) {
      Value top = keys.front();
      for (Value key : ArrayRef<Value>(keys).drop_front())
        top = select(greater(key, top), key, top);
      for (int32_t mask : {1, 2}) {
        Value lower = arith::TruncIOp::create(builder, loc,
                                              builder.getI32Type(), top);
        Value shifted = arith::ShRUIOp::create(builder, loc, top,
                                               code.constant(32, i64));
        Value upper = arith::TruncIOp::create(builder, loc,
                                              builder.getI32Type(), shifted);
        lower = nvvm.shuffleXor(loc, lower, mask);
        upper = nvvm.shuffleXor(loc, upper, mask);
        Value other = arith::ExtUIOp::create(builder, loc, i64, upper);
        other = arith::ShLIOp::create(builder, loc, other,
                                      code.constant(32, i64));
        other = arith::OrIOp::create(
            builder, loc, other,
            arith::ExtUIOp::create(builder, loc, i64, lower));
        top = select(greater(other, top), other, top);
      }
      // Keys differ, since ids do: one lane strikes it off. Ids that are named
      // twice go together, as one candidate.
      for (Value &key : keys) {
        Value isTop = arith::CmpIOp::create(builder, loc,
                                            arith::CmpIPredicate::eq, key, top);
        key = select(isTop, none, key);
      }
      for (int64_t c = 0; c < list.columns(); ++c) {
        int64_t lowest = list.isOneColumn() || list.isPartial()
                             ? 0
                             : list.columnBase(c);
        int64_t highest = list.isOneColumn() ? 0
                          : list.isPartial()
                              ? 3
                              : lowest + 3 * list.laneColumns;
        if (place < lowest || place > highest)
          continue;
        Value mine = arith::CmpIOp::create(builder, loc,
                                           arith::CmpIPredicate::eq,
                                           columnOf(list, c), i32(place));
        best[c] = select(mine, top, best[c]);
      }
    }
    for (int64_t c = 0; c < list.columns(); ++c)
      std::tie(scores[list.indexOf(h, c)], ids[list.indexOf(h, c)]) =
          code.decode(best[c]);
  }
  setElements(op.getNewScores(), scores);
  setElements(op.getNewIds(), ids);
  return success();
}

//===- Topk.cpp - running top-k lists -------------------------------------===//
//
// The four lanes of a row hold its list and its candidates. Score and id are
// one 64-bit key: the score's bits so that they compare as unsigned integers
// (NaN highest, -0 equal to +0), then the id upside down, so that a lower id
// wins a tie. Key 0 is an empty place, which a null Value stands for where that
// is known.
//
// Short lists: a lane sorts its keys in groups of P (a power of two, at least
// the list's length), merges the groups to its P best, and merges these with
// the other lanes' by two exchanges. A candidate that is named twice counts
// once; equal keys end up side by side, and then the slow way is taken.
//
// Long lists, and the slow way: each of the best is found by a maximum over
// what the lane holds and two exchanges, and is then struck off.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace llsa::gpu;
using namespace llsa::tile;

/// Longer lists would take thousands of registers.
static constexpr int64_t kMaxLength = 1024;
/// Longest list that is kept by sorting.
static constexpr int64_t kMaxSorted = 16;

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
    Value isNaN =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, score, score);
    ordered = arith::SelectOp::create(b, loc, isNaN, constant(0xFFFFFFFF, i32),
                                      ordered);
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
    Value none =
        arith::ConstantOp::create(b, loc, b.getF32FloatAttr(-INFINITY));
    return {arith::SelectOp::create(b, loc, isEmpty, none, score),
            arith::SelectOp::create(b, loc, isEmpty, constant(-1, i32), id)};
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Sorted lists
//===----------------------------------------------------------------------===//

namespace {
/// Keys in descending order; null is an empty place.
class SortingNetwork {
public:
  SortingNetwork(OpBuilder &b, Location loc) : b(b), loc(loc) {}
  using Keys = SmallVector<Value>;

  /// Batcher's odd-even mergesort.
  void sort(MutableArrayRef<Value> keys) {
    size_t n = keys.size();
    for (size_t p = 1; p < n; p *= 2)
      for (size_t k = p; k >= 1; k /= 2)
        for (size_t j = k % p; j + k < n; j += 2 * k)
          for (size_t i = 0; i < k && i + j + k < n; ++i)
            if ((i + j) / (2 * p) == (i + j + k) / (2 * p))
              order(keys[i + j], keys[i + j + k]);
  }

  /// The greatest of two descending lists of one length.
  Keys merge(ArrayRef<Value> x, ArrayRef<Value> y) {
    Keys best;
    for (size_t i = 0; i < x.size(); ++i)
      best.push_back(max(x[i], y[x.size() - 1 - i]));
    clean(best);
    return best;
  }

private:
  Value greater(Value x, Value y) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, x, y);
  }
  Value max(Value x, Value y) {
    if (!x || !y)
      return x ? x : y;
    return arith::SelectOp::create(b, loc, greater(x, y), x, y);
  }
  /// The greater one first.
  void order(Value &x, Value &y) {
    if (!x)
      std::swap(x, y);
    if (!y)
      return;
    Value right = greater(x, y);
    Value more = arith::SelectOp::create(b, loc, right, x, y);
    y = arith::SelectOp::create(b, loc, right, y, x);
    x = more;
  }
  /// Sorts a bitonic sequence.
  void clean(MutableArrayRef<Value> keys) {
    for (size_t half = keys.size() / 2; half > 0; half /= 2)
      for (size_t i = 0; i < keys.size(); ++i)
        if (i % (2 * half) < half)
          order(keys[i], keys[i + half]);
  }

  OpBuilder &b;
  Location loc;
};
} // namespace

Value KernelLowering::shuffleKey(Value key, int32_t mask) {
  Type i32Type = builder.getI32Type(), i64 = builder.getI64Type();
  Value bits = arith::ConstantIntOp::create(builder, loc, i64, 32);
  Value lower = arith::TruncIOp::create(builder, loc, i32Type, key);
  Value upper = arith::TruncIOp::create(
      builder, loc, i32Type, arith::ShRUIOp::create(builder, loc, key, bits));
  lower = nvvm.shuffleXor(loc, lower, mask);
  upper = nvvm.shuffleXor(loc, upper, mask);
  Value other = arith::ExtUIOp::create(builder, loc, i64, upper);
  other = arith::ShLIOp::create(builder, loc, other, bits);
  return arith::OrIOp::create(builder, loc, other,
                              arith::ExtUIOp::create(builder, loc, i64, lower));
}

SmallVector<Value> KernelLowering::dealOut(const TileLayout &list,
                                           ValueRange best) {
  Values mine;
  for (int64_t c = 0; c < list.columns(); ++c) {
    Value key;
    for (int64_t place = 0; place < list.cols; ++place) {
      int64_t step = list.isPartial() ? 1 : list.laneColumns;
      int64_t first = list.columnBase(c);
      bool possible = list.isOneColumn() ||
                      (place >= first && (place - first) % step == 0 &&
                       (place - first) / step < 4);
      if (!possible)
        continue;
      if (!key) {
        key = best[place];
        continue;
      }
      Value isMine =
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                columnOf(list, c), i32(place));
      key = select(isMine, best[place], key);
    }
    mine.push_back(key ? key : zero(builder.getI64Type()));
  }
  return mine;
}

SmallVector<Value> KernelLowering::bestBySorting(ArrayRef<Value> keys,
                                                 int64_t length,
                                                 Value &hasDuplicates) {
  size_t width = llvm::PowerOf2Ceil(length);
  Value none = zero(builder.getI64Type());
  SortingNetwork network(builder, loc);
  Values best;
  for (size_t start = 0; start < keys.size(); start += width) {
    Values group(keys.slice(start, std::min(width, keys.size() - start)));
    group.resize(width);
    network.sort(group);
    best = best.empty() ? group : network.merge(best, group);
  }
  for (Value &key : best)
    key = key ? key : none;
  for (int32_t mask : {1, 2}) {
    Values others;
    for (Value key : best)
      others.push_back(shuffleKey(key, mask));
    best = network.merge(best, others);
  }
  for (size_t i = 0; i + 1 < width; ++i) {
    Value same = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                       best[i], best[i + 1]);
    Value full = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                       best[i], none);
    Value twice = both(same, full);
    hasDuplicates =
        hasDuplicates
            ? Value(arith::OrIOp::create(builder, loc, hasDuplicates, twice))
            : twice;
  }
  return best;
}

/// What this lane holds of the best.
SmallVector<Value> KernelLowering::bestByStriking(const TileLayout &list,
                                                  ArrayRef<Value> keys) {
  Value none = zero(builder.getI64Type());
  Values carried(keys);
  carried.append(list.columns(), none);
  auto loop = scf::ForOp::create(builder, loc, index(0), index(list.cols),
                                 index(1), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  carried = Values(loop.getRegionIterArgs());
  MutableArrayRef<Value> left =
                             MutableArrayRef(carried).take_front(keys.size()),
                         mine =
                             MutableArrayRef(carried).drop_front(keys.size());
  auto greater = [&](Value x, Value y) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ugt, x, y);
  };
  auto equal = [&](Value x, Value y) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, x, y);
  };
  Value top = left.front();
  for (Value key : left.drop_front())
    top = select(greater(key, top), key, top);
  for (int32_t mask : {1, 2}) {
    Value other = shuffleKey(top, mask);
    top = select(greater(other, top), other, top);
  }
  // Keys differ, since ids do: one lane strikes it off. Ids that are named
  // twice go together, as one candidate.
  for (Value &key : left)
    key = select(equal(key, top), none, key);
  Value place = toI32(loop.getInductionVar());
  for (auto [c, key] : llvm::enumerate(mine))
    key = select(equal(columnOf(list, c), place), top, key);
  scf::YieldOp::create(builder, loc, carried);
  return Values(loop.getResults().take_back(list.columns()));
}

LogicalResult KernelLowering::lowerTopk(TopkOp op) {
  TileLayout list = layoutOf(op.getScores()),
             candidates = layoutOf(op.getCandidates());
  if (list.cols > kMaxLength)
    return op.emitOpError()
           << "keeps lists of " << list.cols
           << " candidates; the GPU target takes up to " << kMaxLength;
  KeyCode code{builder, loc};
  Values oldScores = elementsOf(op.getScores()),
         oldIds = elementsOf(op.getIds());
  Values newScores = elementsOf(op.getCandidates()),
         candidateIds = elementsOf(op.getCandidateIds());
  Value none = zero(builder.getI64Type());

  DenseIntElementsAttr initial;
  bool startsEmpty = matchPattern(op.getIds(), m_Constant(&initial)) &&
                     initial.isSplat() &&
                     initial.getSplatValue<APInt>().isAllOnes();
  SmallVector<Values> keys(list.halves());
  for (int64_t h = 0; h < list.halves(); ++h) {
    for (int64_t c = 0; c < candidates.columns(); ++c) {
      Value key =
          code.encode(newScores[candidates.indexOf(h, c)], candidateIds[c]);
      keys[h].push_back(select(columnExists(candidates, c), key, none));
    }
    for (int64_t c = 0; !startsEmpty && c < list.columns(); ++c) {
      int64_t i = list.indexOf(h, c);
      Value key = code.encode(oldScores[i], oldIds[i]);
      keys[h].push_back(select(columnExists(list, c), key, none));
    }
  }
  auto byStriking = [&] {
    Values all;
    for (const Values &half : keys)
      llvm::append_range(all, bestByStriking(list, half));
    return all;
  };

  Values best; // half by half, the columns that this lane holds
  if (list.cols > kMaxSorted) {
    best = byStriking();
  } else {
    Value hasDuplicates;
    for (const Values &half : keys)
      llvm::append_range(
          best, dealOut(list, bestBySorting(half, list.cols, hasDuplicates)));
    if (hasDuplicates) {
      auto slow = scf::IfOp::create(builder, loc, ValueRange(best).getTypes(),
                                    nvvm.any(loc, hasDuplicates),
                                    /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(slow.elseBlock());
      scf::YieldOp::create(builder, loc, best);
      builder.setInsertionPointToStart(slow.thenBlock());
      scf::YieldOp::create(builder, loc, byStriking());
      best = Values(slow.getResults());
    }
  }
  Values scores(list.elements()), ids(list.elements());
  for (int64_t h = 0; h < list.halves(); ++h)
    for (int64_t c = 0; c < list.columns(); ++c) {
      int64_t i = list.indexOf(h, c);
      std::tie(scores[i], ids[i]) = code.decode(best[h * list.columns() + c]);
    }
  setElements(op.getNewScores(), scores);
  setElements(op.getNewIds(), ids);
  return success();
}

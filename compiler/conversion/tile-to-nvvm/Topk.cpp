//===- Topk.cpp - running top-k lists, and the exact way ------------------===//

#include "compiler/conversion/tile-to-nvvm/TopkEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace llsa::gpu;
using namespace llsa::tile;
using arith::CmpIPredicate;

/// Longer lists would take thousands of registers.
static constexpr int64_t kMaxLength = 1024;

TopkEmitter::TopkEmitter(KernelLowering &kernel, TopkOp op)
    : k(kernel), b(kernel.builder), loc(kernel.loc), op(op),
      list(kernel.layoutOf(op.getScores())),
      candidates(kernel.layoutOf(op.getCandidates())), i32(b.getI32Type()),
      i64(b.getI64Type()), f32(b.getF32Type()) {
  DenseIntElementsAttr initial;
  startsEmpty = matchPattern(op.getIds(), m_Constant(&initial)) &&
                initial.isSplat() && initial.getSplatValue<APInt>().isAllOnes();
  findSlots();
}

void TopkEmitter::setId(Slot &slot, Value id) {
  slot.id = id;
  slot.exists = k.both(slot.exists,
                       compare(CmpIPredicate::sge, slot.id, constant(0, i32)));
}

/// All four lanes hold a list of one place; it counts once.
Value TopkEmitter::placeExists(int64_t c) {
  return list.isOneColumn() ? compare(CmpIPredicate::eq, k.laneInRow, k.i32(0))
                            : k.columnExists(list, c);
}

void TopkEmitter::findSlots() {
  auto rows = op.getCandidateIds().getDefiningOp<BlockRowsOp>();
  Values oldScores = k.elementsOf(op.getScores()),
         oldIds = k.elementsOf(op.getIds()),
         newScores = k.elementsOf(op.getCandidates()), newIds;
  if (!rows)
    newIds = k.elementsOf(op.getCandidateIds());
  for (int64_t h = 0; h < list.halves(); ++h) {
    SmallVector<Slot> &slots = halves.emplace_back();
    for (int64_t c = 0; c < candidates.columns(); ++c) {
      Slot &slot = slots.emplace_back();
      slot.score = newScores[candidates.indexOf(h, c)];
      slot.exists = k.columnExists(candidates, c);
      if (!rows) {
        setId(slot, newIds[c]);
        continue;
      }
      // Of a block's rows all or none exist: that is one condition.
      auto found = k.findBlockRow(rows, k.columnOf(candidates, c));
      slot.id = found.row;
      slot.exists = k.both(slot.exists, found.exists);
    }
    for (int64_t c = 0; !startsEmpty && c < list.columns(); ++c) {
      int64_t i = list.indexOf(h, c);
      Slot &slot = slots.emplace_back();
      slot.score = oldScores[i];
      slot.exists = placeExists(c);
      setId(slot, oldIds[i]);
    }
  }
}

void TopkEmitter::computeIdsAgain() {
  auto rows = op.getCandidateIds().getDefiningOp<BlockRowsOp>();
  if (!rows)
    return;
  Values ids = k.blockRowsAgain(rows);
  for (SmallVector<Slot> &slots : halves)
    for (auto [c, id] : llvm::enumerate(ids)) { // the list's come behind
      slots[c].exists = k.columnExists(candidates, int64_t(c));
      setId(slots[c], id);
    }
}

void TopkEmitter::emit() {
  List best;
  if (!canSort()) {
    best = emitExact();
  } else {
    Value failed;
    best = canPrune() ? emitPruned(failed) : emitSorted(failed);
    Values found(best.scores);
    found.append(best.ids);
    auto branch = scf::IfOp::create(b, loc, ValueRange(found).getTypes(),
                                    k.nvvm.any(loc, failed),
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, loc, found);
    b.setInsertionPointToStart(branch.thenBlock());
    computeIdsAgain(); // a rare way, for which no register is held
    List exact = emitExact();
    Values both(exact.scores);
    both.append(exact.ids);
    scf::YieldOp::create(b, loc, both);
    best.scores = Values(branch.getResults().take_front(best.scores.size()));
    best.ids = Values(branch.getResults().take_back(best.ids.size()));
  }
  k.setElements(op.getNewScores(), best.scores);
  k.setElements(op.getNewIds(), best.ids);
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

Value TopkEmitter::compare(CmpIPredicate predicate, Value x, Value y) {
  return arith::CmpIOp::create(b, loc, predicate, x, y);
}
Value TopkEmitter::constant(int64_t value, Type type) {
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, value));
}

Value TopkEmitter::orderedBits(Value score) {
  // -0 becomes +0, and any NaN the one whose sign is + and whose bits are all
  // ones, which is above every number.
  Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0.0));
  Value sum = arith::AddFOp::create(b, loc, score, zero);
  Value bits = LLVM::BitcastOp::create(b, loc, i32, sum);
  Value sign = arith::ShRSIOp::create(b, loc, bits, constant(31, i32));
  Value flip = arith::OrIOp::create(b, loc, sign, constant(0x80000000, i32));
  return arith::XOrIOp::create(b, loc, bits, flip);
}

Value TopkEmitter::scoreOf(Value orderedBits) {
  // The sign is upside down.
  Value sign = arith::ShRSIOp::create(b, loc, orderedBits, constant(31, i32));
  Value back = arith::XOrIOp::create(b, loc, sign, constant(-1, i32));
  Value flip = arith::OrIOp::create(b, loc, back, constant(0x80000000, i32));
  Value bits = arith::XOrIOp::create(b, loc, orderedBits, flip);
  return LLVM::BitcastOp::create(b, loc, f32, bits);
}

void TopkEmitter::orInto(Value &any, Value condition) {
  any = any ? Value(arith::OrIOp::create(b, loc, any, condition)) : condition;
}

void TopkEmitter::addPlace(List &chosen, Value bits, Value id) {
  Value none = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(-INFINITY));
  Value isEmpty = compare(CmpIPredicate::eq, bits, constant(0, i32));
  chosen.scores.push_back(k.select(isEmpty, none, scoreOf(bits)));
  chosen.ids.push_back(k.select(isEmpty, constant(-1, i32), id));
}

Value TopkEmitter::keyOf(Value bits, Value id) {
  Value upper = arith::ExtUIOp::create(b, loc, i64, bits);
  upper = arith::ShLIOp::create(b, loc, upper, constant(32, i64));
  Value lower = arith::XOrIOp::create(b, loc, id, constant(-1, i32));
  lower = arith::ExtUIOp::create(b, loc, i64, lower);
  return arith::OrIOp::create(b, loc, upper, lower);
}

Value TopkEmitter::encode(const Slot &slot) {
  Value key = keyOf(orderedBits(slot.score), slot.id);
  return k.select(slot.exists, key, constant(0, i64));
}

std::pair<Value, Value> TopkEmitter::decode(Value key) {
  Value upper = arith::ShRUIOp::create(b, loc, key, constant(32, i64));
  Value ordered = arith::TruncIOp::create(b, loc, i32, upper);
  Value lower = arith::TruncIOp::create(b, loc, i32, key);
  Value id = arith::XOrIOp::create(b, loc, lower, constant(-1, i32));
  Value isEmpty = compare(CmpIPredicate::eq, key, constant(0, i64));
  Value none = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(-INFINITY));
  return {k.select(isEmpty, none, scoreOf(ordered)),
          k.select(isEmpty, constant(-1, i32), id)};
}

Value TopkEmitter::shuffleKey(Value key, int32_t mask) {
  Value bits = constant(32, i64);
  Value lower = arith::TruncIOp::create(b, loc, i32, key);
  Value upper = arith::TruncIOp::create(
      b, loc, i32, arith::ShRUIOp::create(b, loc, key, bits));
  lower = k.nvvm.shuffleXor(loc, lower, mask);
  upper = k.nvvm.shuffleXor(loc, upper, mask);
  Value other = arith::ExtUIOp::create(b, loc, i64, upper);
  other = arith::ShLIOp::create(b, loc, other, bits);
  return arith::OrIOp::create(b, loc, other,
                              arith::ExtUIOp::create(b, loc, i64, lower));
}

//===----------------------------------------------------------------------===//
// The exact way
//===----------------------------------------------------------------------===//

/// What this lane holds of the best. Keys differ where ids do: one lane strikes
/// the greatest off. An id that is named twice is two candidates: both go at
/// once, and the key is taken for as many places.
SmallVector<Value> TopkEmitter::bestByStriking(ArrayRef<Value> keys) {
  Value none = constant(0, i64), zero = constant(0, i32);
  Values carried(keys);
  carried.append(list.columns(), none);
  carried.append({none, zero}); // the last key, and its places that are left
  auto loop = scf::ForOp::create(b, loc, k.index(0), k.index(list.cols),
                                 k.index(1), carried);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  carried = Values(loop.getRegionIterArgs());
  MutableArrayRef<Value>
      left = MutableArrayRef(carried).take_front(keys.size()),
      mine = MutableArrayRef(carried).drop_front(keys.size()).drop_back(2);
  Value &last = carried[carried.size() - 2], &places = carried.back();
  Value top = left.front();
  auto raise = [&](Value key) {
    top = k.select(compare(CmpIPredicate::ugt, key, top), key, top);
  };
  for (Value key : left.drop_front())
    raise(key);
  for (int32_t mask : {1, 2})
    raise(shuffleKey(top, mask));
  Value isAgain = compare(CmpIPredicate::ne, places, zero);
  top = k.select(isAgain, last, top);
  Value struck = zero;
  for (Value &key : left) {
    Value equal = compare(CmpIPredicate::eq, key, top);
    struck = k.add(struck, arith::ExtUIOp::create(b, loc, i32, equal));
    key = k.select(equal, none, key);
  }
  for (int32_t mask : {1, 2})
    struck = k.add(struck, k.nvvm.shuffleXor(loc, struck, mask));
  struck =
      k.select(compare(CmpIPredicate::eq, top, none), constant(1, i32), struck);
  places = arith::SubIOp::create(b, loc, k.select(isAgain, places, struck),
                                 constant(1, i32));
  last = top;
  Value place = k.toI32(loop.getInductionVar());
  for (auto [c, key] : llvm::enumerate(mine))
    key = k.select(compare(CmpIPredicate::eq, k.columnOf(list, c), place), top,
                   key);
  scf::YieldOp::create(b, loc, carried);
  return Values(
      loop.getResults().drop_front(keys.size()).take_front(list.columns()));
}

TopkEmitter::List TopkEmitter::emitExact() {
  List best;
  for (ArrayRef<Slot> slots : halves) {
    Values keys;
    for (const Slot &slot : slots)
      keys.push_back(encode(slot));
    for (Value key : bestByStriking(keys)) {
      auto [score, id] = decode(key);
      best.scores.push_back(score);
      best.ids.push_back(id);
    }
  }
  return best;
}

//===----------------------------------------------------------------------===//
// The op
//===----------------------------------------------------------------------===//

LogicalResult KernelLowering::lowerTopk(TopkOp op) {
  int64_t length = layoutOf(op.getScores()).cols;
  if (length > kMaxLength)
    return op.emitOpError()
           << "keeps lists of " << length
           << " candidates; the GPU target takes up to " << kMaxLength;
  TopkEmitter(*this, op).emit();
  return success();
}

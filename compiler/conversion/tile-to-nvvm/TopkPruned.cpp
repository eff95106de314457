//===- TopkPruned.cpp - short lists of many candidates --------------------===//

#include "compiler/conversion/tile-to-nvvm/TopkEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace llsa::gpu;
using namespace llsa::tile;
using arith::CmpIPredicate;

/// Groups of a lane's candidates: as many as the longest list has places, so
/// that one of a row's groups' greatest is no better than the list's last.
static constexpr int64_t kGroups = TopkOp::kMostPruned;
/// Places of a row that survivors take, and of those most rows take.
static constexpr int64_t kPlaces = TopkOp::kPlaces, kFewPlaces = 12;
static constexpr int64_t kLanesOfRow = 4;
static constexpr int64_t kEntryBytes = 8; ///< a key and an id

bool TopkEmitter::canPrune() {
  return op.getScratch() && list.cols <= kGroups &&
         candidates.cols >= TopkOp::kFewestPruned &&
         candidates.columns() % kGroups == 0;
}

//===----------------------------------------------------------------------===//
// Survivors
//===----------------------------------------------------------------------===//

/// All keys of a row that belong into its list are above this one. Groups run
/// across columns and blocks of candidates: the best are often neighbours, or
/// in the same place of several blocks, and one of a group is enough.
Value TopkEmitter::boundOf(ValueRange keys) {
  SortingNetwork network(b, loc);
  SortingNetwork::Entries best(kGroups);
  for (auto [i, key] : llvm::enumerate(keys)) {
    Value &greatest = best[(i + i / kGroups) % kGroups].key;
    greatest = network.max(greatest, key);
  }
  network.sort(best);
  for (int32_t mask : {1, 2}) {
    SortingNetwork::Entries others;
    for (const SortingNetwork::Entry &entry : best)
      others.push_back({k.nvvm.shuffleXor(loc, entry.key, mask), Value()});
    Value rejected;
    best = network.merge(best, others, rejected);
  }
  return justBelow(best[list.cols - 1].key);
}

/// The same of the list so far: what is below its last changes nothing.
Value TopkEmitter::boundOfList(ValueRange keys) {
  Value last = constant(-1, i32);
  auto lower = [&](Value key) {
    last = arith::MinUIOp::create(b, loc, last, key);
  };
  for (auto [c, key] : llvm::enumerate(keys))
    lower(k.select(placeExists(int64_t(c)), key, constant(-1, i32)));
  for (int32_t mask : {1, 2})
    lower(k.nvvm.shuffleXor(loc, last, mask));
  return justBelow(last);
}

/// Key 0 is no candidate.
Value TopkEmitter::justBelow(Value key) {
  Value least = arith::MaxUIOp::create(b, loc, key, constant(1, i32));
  return arith::SubIOp::create(b, loc, least, constant(1, i32));
}

/// How many of a lane's keys are above `bound`.
Value TopkEmitter::countAbove(Value bound, ValueRange keys) {
  Value count = k.i32(0);
  for (Value key : keys)
    count =
        k.add(count, arith::ExtUIOp::create(
                         b, loc, i32, compare(CmpIPredicate::ugt, key, bound)));
  return count;
}

TopkEmitter::Survivors TopkEmitter::survivorsOf(Value bound, Value mine) {
  auto [start, total] = sumOverRow(mine);
  return {bound, start, total};
}

/// What lanes before this one have of a row, and what all have.
std::pair<Value, Value> TopkEmitter::sumOverRow(Value mine) {
  Value one = k.nvvm.shuffleXor(loc, mine, 1), pair = k.add(mine, one);
  Value other = k.nvvm.shuffleXor(loc, pair, 2);
  auto ifBit = [&](int64_t bit, Value value) {
    Value set = arith::AndIOp::create(b, loc, k.laneInRow, constant(bit, i32));
    return k.select(compare(CmpIPredicate::ne, set, constant(0, i32)), value,
                    constant(0, i32));
  };
  return {k.add(ifBit(1, one), ifBit(2, other)), k.add(pair, other)};
}

//===----------------------------------------------------------------------===//
// A row's memory
//===----------------------------------------------------------------------===//

Value TopkEmitter::placeOf(Value row, Value number) {
  return k.add(row, k.mul(number, k.i32(kEntryBytes)));
}

/// `place`, and behind the candidate if that is above `bound`, and so stored.
Value TopkEmitter::storeIfAbove(Value bound, Value key, Value id, Value place) {
  static_assert(kEntryBytes == 8);
  return k.nvvm
      .assembly(loc,
                "{\n.reg .pred above;\nsetp.gt.u32 above, $1, $3;\n"
                "@above st.shared.v2.b32 [$0], {$1, $2};\n"
                "@above add.u32 $0, $0, 8;\n}",
                i32, "=r,r,r,r,0,~{memory}", {key, id, bound, place})
      .front();
}

//===----------------------------------------------------------------------===//
// Ranks
//===----------------------------------------------------------------------===//

/// Makes the list of the `total` survivors that lie in `row`.
void TopkEmitter::rankSurvivors(Value row, Value total, Value made) {
  struct Own {
    Value key, id, ranking, rank;
  };
  auto own = [&](int64_t i) {
    Values words = k.loadShared(
        placeOf(row, k.add(k.laneInRow, k.i32(kLanesOfRow * i))), i32, 2);
    return Own{words[0], words[1], keyOf(words[0], words[1]), k.i32(0)};
  };
  auto all = [&](int64_t from, int64_t to) {
    Values rankings;
    for (int64_t i = from; i < to; i += 2) {
      Values words = k.loadShared(k.add(row, k.i32(i * kEntryBytes)), i32, 4);
      rankings.push_back(keyOf(words[0], words[1]));
      rankings.push_back(keyOf(words[2], words[3]));
    }
    return rankings;
  };
  auto addBetter = [&](Own &mine, ArrayRef<Value> rankings) {
    for (Value ranking : rankings) {
      Value isBetter = compare(CmpIPredicate::ugt, ranking, mine.ranking);
      mine.rank =
          k.add(mine.rank, arith::ExtUIOp::create(b, loc, i32, isBetter));
    }
  };
  auto place = [&](const Own &mine) {
    Value counts =
        k.both(compare(CmpIPredicate::ne, mine.key, constant(0, i32)),
               compare(CmpIPredicate::ult, mine.rank, k.i32(kGroups)));
    k.when(counts, [&] {
      Value to = k.sharedPointer(placeOf(made, mine.rank));
      Value entry = LLVM::PoisonOp::create(b, loc, VectorType::get(2, i32));
      for (auto [i, word] : llvm::enumerate(Values{mine.key, mine.id}))
        entry = LLVM::InsertElementOp::create(b, loc, entry, word,
                                              constant(int64_t(i), i32));
      LLVM::StoreOp::create(b, loc, entry, to, /*alignment=*/kEntryBytes);
    });
  };

  SmallVector<Own> few;
  for (int64_t i = 0; i < kFewPlaces / kLanesOfRow; ++i)
    few.push_back(own(i));
  const Values first = all(0, kFewPlaces);
  for (Own &mine : few)
    addBetter(mine, first);
  // Some row has more.
  Value isMore =
      k.nvvm.any(loc, compare(CmpIPredicate::ugt, total, k.i32(kFewPlaces)));
  Values ranks;
  for (const Own &mine : few)
    ranks.push_back(mine.rank);
  auto branch = scf::IfOp::create(b, loc, ValueRange(ranks).getTypes(), isMore,
                                  /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, loc, ranks);
    b.setInsertionPointToStart(branch.thenBlock());
    const Values rest = all(kFewPlaces, kPlaces);
    Values more;
    for (Own mine : few) {
      addBetter(mine, rest);
      more.push_back(mine.rank);
    }
    Own last = own(kFewPlaces / kLanesOfRow);
    addBetter(last, first);
    addBetter(last, rest);
    place(last);
    scf::YieldOp::create(b, loc, more);
  }
  for (auto [mine, rank] : llvm::zip(few, branch.getResults())) {
    mine.rank = rank;
    place(mine);
  }
}

//===----------------------------------------------------------------------===//
// The way
//===----------------------------------------------------------------------===//

TopkEmitter::List TopkEmitter::emitPruned(Value &failed) {
  List chosen;
  for (ArrayRef<Slot> slots : halves) {
    Values keys;
    for (const Slot &slot : slots)
      keys.push_back(entryOf(slot).key);
    List made;
    if (startsEmpty) {
      Value bound = boundOf(keys);
      made = listOf(slots, keys, survivorsOf(bound, countAbove(bound, keys)),
                    failed);
    } else {
      made = extendedList(slots, keys, failed);
    }
    llvm::append_range(chosen.scores, made.scores);
    llvm::append_range(chosen.ids, made.ids);
  }
  return chosen;
}

/// The list so far, unless some candidate of the warp is not below the last of
/// its row's. At first many are, so that they are cut by groups, too; the n-th
/// step has 1 / n of the list that are.
TopkEmitter::List TopkEmitter::extendedList(ArrayRef<Slot> slots, Values keys,
                                            Value &failed) {
  size_t held = list.columns();
  ArrayRef<Value> old = ArrayRef(keys).take_back(held);
  Value bound = boundOfList(old);
  Value mine = countAbove(bound, ArrayRef(keys).drop_back(held));
  Value isNew =
      k.nvvm.any(loc, compare(CmpIPredicate::ne, mine, constant(0, i32)));
  Values before;
  for (const Slot &slot : slots.take_back(held))
    before.push_back(slot.score);
  for (const Slot &slot : slots.take_back(held))
    before.push_back(slot.id);
  before.push_back(arith::ConstantOp::create(b, loc, b.getBoolAttr(false)));

  auto extend = scf::IfOp::create(b, loc, ValueRange(before).getTypes(), isNew,
                                  /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(extend.elseBlock());
    scf::YieldOp::create(b, loc, before);
    b.setInsertionPointToStart(extend.thenBlock());
    Survivors few = survivorsOf(bound, k.add(mine, countAbove(bound, old)));
    Value hasFailed;
    List made = listOf(slots, keys, cutByGroups(few, keys), hasFailed);
    Values extended(made.scores);
    llvm::append_range(extended, made.ids);
    extended.push_back(hasFailed);
    scf::YieldOp::create(b, loc, extended);
  }
  ValueRange results = extend.getResults();
  orInto(failed, results.back());
  return {Values(results.take_front(held)), Values(results.slice(held, held))};
}

/// Fewer of a row's survivors where one of the warp's rows has too many.
TopkEmitter::Survivors TopkEmitter::cutByGroups(Survivors survivors,
                                                ValueRange keys) {
  Value areMany = k.nvvm.any(
      loc, compare(CmpIPredicate::ugt, survivors.total, k.i32(kPlaces)));
  auto cut = scf::IfOp::create(b, loc, TypeRange{i32, i32, i32}, areMany,
                               /*withElseRegion=*/true);
  auto yield = [&](const Survivors &s) {
    scf::YieldOp::create(b, loc, ValueRange{s.bound, s.start, s.total});
  };
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(cut.elseBlock());
  yield(survivors);
  b.setInsertionPointToStart(cut.thenBlock());
  Value bound = arith::MaxUIOp::create(b, loc, survivors.bound, boundOf(keys));
  yield(survivorsOf(bound, countAbove(bound, keys)));
  return {cut.getResult(0), cut.getResult(1), cut.getResult(2)};
}

/// The list that a row's survivors make.
TopkEmitter::List TopkEmitter::listOf(ArrayRef<Slot> slots, ValueRange keys,
                                      Survivors survivors, Value &failed) {
  Value row = k.add(k.slotAddress(op.getScratch(), Value()),
                    k.mul(k.rowInHalf, k.i32(TopkOp::kRowBytes)));
  Value made = k.add(row, k.i32(kPlaces * kEntryBytes));
  Value tooMany = compare(CmpIPredicate::ugt, survivors.total, k.i32(kPlaces));
  orInto(failed, tooMany);
  // None is above it.
  Value bound = k.select(tooMany, constant(-1, i32), survivors.bound);

  clearRow(row);
  k.nvvm.warpBarrier(loc);
  Value place = placeOf(row, survivors.start);
  for (auto [key, slot] : llvm::zip(keys, slots))
    place = storeIfAbove(bound, key, slot.id, place);
  k.nvvm.warpBarrier(loc);
  rankSurvivors(row, survivors.total, made);
  k.nvvm.warpBarrier(loc);

  List chosen;
  for (int64_t c = 0; c < list.columns(); ++c) {
    Value column = k.columnOf(list, c);
    Values words = k.loadShared(placeOf(made, column), i32, 2);
    Value isEmpty = compare(CmpIPredicate::eq, words[0], constant(0, i32));
    // A place that nobody took: two have one rank, as an id is named twice.
    Value should =
        k.both(compare(CmpIPredicate::ult, column, survivors.total),
               compare(CmpIPredicate::ult, column, k.i32(list.cols)));
    orInto(failed, k.both(isEmpty, should));
    addPlace(chosen, words[0], words[1]);
  }
  k.nvvm.warpBarrier(loc); // the next row's are cleared
  return chosen;
}

/// All entries: key 0.
void TopkEmitter::clearRow(Value row) {
  constexpr int64_t kBytes = (kPlaces + kGroups) * kEntryBytes / kLanesOfRow;
  static_assert(kBytes % 16 == 0);
  Value zeros = LLVM::ZeroOp::create(b, loc, VectorType::get(4, i32));
  Value start = k.add(row, k.mul(k.laneInRow, k.i32(kBytes)));
  for (int64_t at = 0; at < kBytes; at += 16) {
    Value to = k.sharedPointer(k.add(start, k.i32(at)));
    LLVM::StoreOp::create(b, loc, zeros, to, /*alignment=*/16);
  }
}

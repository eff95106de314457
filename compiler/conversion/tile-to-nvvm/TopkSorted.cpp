//===- TopkSorted.cpp - short top-k lists by sorting ----------------------===//

#include "compiler/conversion/tile-to-nvvm/TopkEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa::gpu;
using arith::CmpIPredicate;

/// Longest list that is kept by sorting.
static constexpr int64_t kMaxSorted = 16;

bool TopkEmitter::canSort() const { return list.cols <= kMaxSorted; }

SortingNetwork::Entry TopkEmitter::entryOf(const Slot &slot) {
  Value key = k.select(slot.exists, orderedBits(slot.score), constant(0, i32));
  return {key, slot.id};
}

SortingNetwork::Entries TopkEmitter::bestBySorting(ArrayRef<Slot> slots,
                                                   Value &tied) {
  size_t width = llvm::PowerOf2Ceil(list.cols);
  SortingNetwork network(b, loc);
  SortingNetwork::Entries best;
  Value rejected; ///< the greatest key of those that are not among the best
  for (size_t start = 0; start < slots.size(); start += width) {
    SortingNetwork::Entries group;
    for (const Slot &slot : slots.slice(start).take_front(width))
      group.push_back(entryOf(slot));
    group.resize(width);
    network.sort(group);
    best = best.empty() ? group : network.merge(best, group, rejected);
  }
  for (SortingNetwork::Entry &entry : best)
    if (!entry.key)
      entry = {constant(0, i32), constant(-1, i32)};
  for (int32_t mask : {1, 2}) {
    SortingNetwork::Entries others;
    for (const SortingNetwork::Entry &entry : best)
      others.push_back({k.nvvm.shuffleXor(loc, entry.key, mask),
                        k.nvvm.shuffleXor(loc, entry.of, mask)});
    if (rejected)
      rejected = network.max(rejected, k.nvvm.shuffleXor(loc, rejected, mask));
    best = network.merge(best, others, rejected);
  }

  orderTies(best, rejected, tied);
  return best;
}

/// Of two equal scores the lower id comes first. Three, one behind the cut, or
/// an id that is named twice: too much for this way.
void TopkEmitter::orderTies(MutableArrayRef<SortingNetwork::Entry> best,
                            Value rejected, Value &tied) {
  int64_t width = best.size(), last = std::min(list.cols, width - 1);
  Values same; ///< entry i and the one behind it
  for (int64_t i = 0; i <= last; ++i) {
    Value next = i + 1 < width ? best[i + 1].key : rejected;
    Value isFull = compare(CmpIPredicate::ne, next, constant(0, i32));
    same.push_back(
        k.both(isFull, compare(CmpIPredicate::eq, best[i].key, next)));
  }
  for (int64_t i = 0; i < last; ++i) {
    Value x = best[i].of, y = best[i + 1].of;
    Value isBehind = compare(CmpIPredicate::sgt, x, y);
    Value swap = k.both(same[i], isBehind);
    best[i].of = k.select(swap, y, x);
    best[i + 1].of = k.select(swap, x, y);
    orInto(tied, k.both(same[i], compare(CmpIPredicate::eq, x, y)));
    orInto(tied, k.both(same[i], same[i + 1]));
  }
  if (width == list.cols)
    orInto(tied, same.back());
}

SmallVector<Value> TopkEmitter::dealOut(ValueRange places) {
  Values mine;
  for (int64_t c = 0; c < list.columns(); ++c) {
    Value value;
    for (int64_t place = 0; place < list.cols; ++place) {
      int64_t step = list.isPartial() ? 1 : list.grid.columns;
      int64_t first = list.columnBase(c);
      bool possible = list.isOneColumn() ||
                      (place >= first && (place - first) % step == 0 &&
                       (place - first) / step < 4);
      if (!possible)
        continue;
      if (!value) {
        value = places[place];
        continue;
      }
      Value isMine =
          compare(CmpIPredicate::eq, k.columnOf(list, c), k.i32(place));
      value = k.select(isMine, places[place], value);
    }
    mine.push_back(value ? value : k.zero(places.front().getType()));
  }
  return mine;
}

TopkEmitter::List TopkEmitter::emitSorted(Value &tied) {
  List chosen;
  for (ArrayRef<Slot> slots : halves) {
    Values keys, ids;
    for (const SortingNetwork::Entry &entry : bestBySorting(slots, tied)) {
      keys.push_back(entry.key);
      ids.push_back(entry.of);
    }
    for (auto [key, id] : llvm::zip(dealOut(keys), dealOut(ids)))
      addPlace(chosen, key, id);
  }
  return chosen;
}

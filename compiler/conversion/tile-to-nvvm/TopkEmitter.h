//===- TopkEmitter.h - code for a tile.topk ---------------------*- C++ -*-===//
//
// The four lanes of a row hold its list and its candidates, each lane a few of
// both: its **slots**. Scores are compared by their bits, as unsigned integers
// (NaN highest, -0 equal to +0). There are three ways.
//
// Exact (Topk.cpp)
//   Score and id are one 64-bit key: the score's bits, then the id upside down,
//   so that a lower id wins a tie. Key 0 is an empty place. Each of the best is
//   found by a maximum over what the lane holds and two exchanges, and is then
//   struck off. An id that is named twice is two candidates.
//
// Sorted (TopkSorted.cpp), for short lists
//   A lane sorts its scores, with their ids, in groups of P (a power of two, at
//   least the list's length), merges the groups to its P best, and merges these
//   with the other lanes' by two exchanges. Equal scores end up side by side.
//   Two are put in order; where there are more, or one at the cut, or an id is
//   named twice, the warp goes the exact way.
//
// Pruned (TopkPruned.cpp), for short lists of many candidates
//   A lane cuts its candidates into eight groups. Of the greatest of all groups
//   of a row, the one that is as many-th as the list is long is a bound: as
//   many candidates are not below it. So is the last of a list that is full.
//   Few are above, most often 8 to 10; they go to shared memory, where each is
//   ranked by how many are better. Where there are more than 16, or an id is
//   named twice, the warp goes the exact way.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_TILETONVVM_TOPKEMITTER_H
#define LLSA_COMPILER_CONVERSION_TILETONVVM_TOPKEMITTER_H

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "compiler/conversion/tile-to-nvvm/SortingNetwork.h"

namespace llsa::gpu {

class TopkEmitter {
public:
  using Value = mlir::Value;
  using Values = llvm::SmallVector<Value>;

  TopkEmitter(KernelLowering &kernel, tile::TopkOp op);
  void emit();

private:
  /// What a lane holds of a row: a candidate, or an entry of the list so far.
  struct Slot {
    Value score, id;
    Value exists; ///< i1
  };
  /// What a lane holds of the new list, half by half.
  struct List {
    Values scores, ids;
  };

  // Topk.cpp
  void findSlots();
  /// i1: this lane's place `c` of the list exists, and counts here; null:
  /// always.
  Value placeExists(int64_t c);
  /// An id below 0 is no candidate's.
  void setId(Slot &slot, Value id);
  List emitExact();
  /// Candidates' ids are not kept for this place if they can be computed here.
  void computeIdsAgain();
  Values bestByStriking(llvm::ArrayRef<Value> keys);
  /// Bits and id as one number: the better of two candidates has the greater.
  Value keyOf(Value bits, Value id);
  Value encode(const Slot &slot);
  std::pair<Value, Value> decode(Value key);
  Value shuffleKey(Value key, int32_t mask);
  /// The score's bits, which compare as unsigned integers, and back. Not 0: no
  /// score's are, -inf's included.
  Value orderedBits(Value score);
  Value scoreOf(Value orderedBits);
  /// Bits of 0: an empty place.
  void addPlace(List &chosen, Value bits, Value id);
  /// `any` (null: false) or `condition`.
  void orInto(Value &any, Value condition);

  // TopkSorted.cpp
  bool canSort() const;
  /// The key is 0 where there is no candidate.
  SortingNetwork::Entry entryOf(const Slot &slot);
  /// `tied` (i1): scores are equal where it matters, and the list may be wrong.
  List emitSorted(Value &tied);
  /// The best of a row's slots, best first, in all its lanes.
  SortingNetwork::Entries bestBySorting(llvm::ArrayRef<Slot> slots,
                                        Value &tied);
  void orderTies(llvm::MutableArrayRef<SortingNetwork::Entry> best,
                 Value rejected, Value &tied);
  /// What this lane holds of a list that all lanes know.
  Values dealOut(mlir::ValueRange places);

  // TopkPruned.cpp
  bool canPrune();
  /// `failed` (i1): there are too many survivors, or places are missing.
  List emitPruned(Value &failed);
  /// A row's candidates above `bound`: how many lanes before this one have, and
  /// how many all have.
  struct Survivors {
    Value bound, start, total;
  };
  List listOf(llvm::ArrayRef<Slot> slots, mlir::ValueRange keys,
              Survivors survivors, Value &failed);
  List extendedList(llvm::ArrayRef<Slot> slots, Values keys, Value &failed);
  Survivors survivorsOf(Value bound, Value mine);
  Survivors cutByGroups(Survivors survivors, mlir::ValueRange keys);
  Value boundOf(mlir::ValueRange keys);
  Value boundOfList(mlir::ValueRange keys);
  Value justBelow(Value key);
  Value countAbove(Value bound, mlir::ValueRange keys);
  std::pair<Value, Value> sumOverRow(Value mine);
  Value placeOf(Value row, Value number);
  Value storeIfAbove(Value bound, Value key, Value id, Value place);
  void rankSurvivors(Value row, Value total, Value made);
  void clearRow(Value row);

  Value compare(mlir::arith::CmpIPredicate predicate, Value x, Value y);
  Value constant(int64_t value, mlir::Type type);

  KernelLowering &k;
  mlir::OpBuilder &b;
  mlir::Location loc;
  tile::TopkOp op;
  TileLayout list, candidates;
  bool startsEmpty;
  llvm::SmallVector<llvm::SmallVector<Slot>> halves; ///< slots of each half
  mlir::Type i32, i64, f32;
};

} // namespace llsa::gpu

#endif // LLSA_COMPILER_CONVERSION_TILETONVVM_TOPKEMITTER_H

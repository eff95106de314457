//===- InvertRows.cpp - a counting sort of index rows by a CTA ------------===//
//
// The entries of a head are cut into one run per warp, and a table in shared
// memory has a row for each warp and a column for each key of the range:
//
//   count   each warp how often its run names each key, and the entries below
//           the range
//   sum     one warp turns counts into places: behind everything below the
//           range, behind lower keys, behind the same key's in earlier runs
//   place   each warp its run again, in order. It collects the entries of the
//           range, and places 32 of these at once; lanes that meet at one key
//           take consecutive places.
//
// So the order follows from the input alone, without atomics whose results
// anybody reads.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa::gpu;
using namespace llsa::tile;

static constexpr int64_t kWarpLanes = InvertRowsOp::kLanes;
/// Entries that a lane loads at once.
static constexpr int64_t kAtOnce = InvertRowsOp::kCollected / kWarpLanes;
/// Bits that name one of them.
static constexpr int64_t kCollectedBits = 8;
static_assert(InvertRowsOp::kCollected == 1 << kCollectedBits);

namespace llsa::gpu {

class InvertRowsEmitter {
public:
  InvertRowsEmitter(KernelLowering &kernel, InvertRowsOp op)
      : k(kernel), b(kernel.builder), loc(kernel.loc), op(op),
        entries(op.getNumRows() * op.getRowLength()),
        columns(InvertRowsOp::countWords(op.getCount(), kernel.warps)),
        table(k.slotAddress(op.getScratch(), Value())),
        first(k.toI32(k.mapped(op.getFirst()))), at(k.mapped(op.getAt())) {
    // Keys of the range: fewer in the last one.
    Value left = arith::SubIOp::create(b, loc, k.i32(op.getNumKeys()), first);
    keys = arith::MinSIOp::create(b, loc, left, k.i32(op.getCount()));
    run =
        llvm::alignTo(llvm::divideCeil(entries, k.warps), kWarpLanes * kAtOnce);
    from = k.mul(k.warp, k.i32(run));
    Value end = k.add(from, k.i32(run));
    to = arith::MinSIOp::create(b, loc, end, k.i32(entries));
  }

  void emit() {
    clearCounts();
    countEntries();
    k.nvvm.barrier(loc);
    k.when(equal(k.warp, 0), [&] { sumCounts(); });
    k.nvvm.barrier(loc);
    placeEntries();
    Value end = k.add(first, k.i32(op.getCount()));
    Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, end,
                                         k.i32(op.getNumKeys()));
    k.when(isLast, [&] { fillRest(); });
  }

private:
  Value equal(Value x, int64_t y) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x, k.i32(y));
  }
  Value below(Value x, Value y) { // unsigned: -1 is above everything
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, x, y);
  }
  Value shiftRight(Value x, Value y) {
    return arith::ShRUIOp::create(b, loc, x, y);
  }

  //===--------------------------------------------------------------------===//
  // Memory
  //===--------------------------------------------------------------------===//

  Value cell(Value row, Value column) {
    Value number = k.add(k.mul(row, k.i32(columns)), column);
    return k.sharedPointer(k.add(table, k.mul(number, k.i32(4))));
  }
  Value get(Value pointer) {
    return LLVM::LoadOp::create(b, loc, b.getI32Type(), pointer);
  }
  void set(Value pointer, Value value) {
    LLVM::StoreOp::create(b, loc, value, pointer);
  }
  /// Place `number` of what this warp collects.
  Value collected(Value number) {
    Value start = k.mul(k.warp, k.i32(InvertRowsOp::kCollected));
    return cell(k.i32(k.warps + 1), k.add(start, number));
  }
  Value inMemory(Value memory, Value last) {
    SmallVector<Value> indices(at);
    indices.push_back(k.toIndex(last));
    return k.addressOf(memory, indices);
  }
  /// Where entry `number` is.
  Value addressOf(Value number) {
    SmallVector<Value> indices(at);
    Value length = k.i32(op.getRowLength());
    indices.push_back(
        k.toIndex(arith::DivUIOp::create(b, loc, number, length)));
    indices.push_back(
        k.toIndex(arith::RemUIOp::create(b, loc, number, length)));
    return k.addressOf(op.getIndices(), indices);
  }
  /// The keys that `kAtOnce` entries name, `first` and those `kWarpLanes` apart
  /// behind it; -1 behind the run.
  SmallVector<Value> entriesFrom(Value first) {
    SmallVector<Value> found;
    if (entries % (kWarpLanes * kAtOnce) == 0 &&
        kWarpLanes % op.getRowLength() == 0) {
      // All are there, in the same place of rows that lie evenly.
      Value apart = k.mul(k.strideOf(op.getIndices(), at.size()),
                          k.index(4 * kWarpLanes / op.getRowLength()));
      Value start = addressOf(first);
      for (int64_t i = 0; i < kAtOnce; ++i)
        found.push_back(get(k.advance(start, k.mul(apart, k.index(i)))));
      return found;
    }
    for (int64_t i = 0; i < kAtOnce; ++i) {
      Value number = k.add(first, k.i32(i * kWarpLanes));
      Value exists =
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, number, to);
      number = arith::MinSIOp::create(b, loc, number, k.i32(entries - 1));
      found.push_back(k.select(exists, get(addressOf(number)), k.i32(-1)));
    }
    return found;
  }

  //===--------------------------------------------------------------------===//
  // Loops
  //===--------------------------------------------------------------------===//

  using Body =
      llvm::function_ref<SmallVector<Value>(Value, ValueRange carried)>;
  SmallVector<Value> loop(Value start, Value end, int64_t step,
                          ValueRange carried, Body body) {
    auto loop = scf::ForOp::create(b, loc, start, end, k.i32(step), carried);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> results =
        body(loop.getInductionVar(), loop.getRegionIterArgs());
    if (!carried.empty())
      scf::YieldOp::create(b, loc, results);
    return SmallVector<Value>(loop.getResults());
  }

  /// Calls `body` with the number of this lane's first entry of a part of the
  /// run, and with the keys that this and those behind it name, `kWarpLanes`
  /// apart; part by part, in order. All lanes of the warp take part.
  SmallVector<Value> forParts(
      ValueRange carried,
      llvm::function_ref<SmallVector<Value>(Value number, ArrayRef<Value> keys,
                                            ValueRange carried)>
          body) {
    return loop(from, to, kWarpLanes * kAtOnce, carried,
                [&](Value start, ValueRange inside) {
                  Value number = k.add(start, k.lane);
                  return body(number, entriesFrom(number), inside);
                });
  }

  //===--------------------------------------------------------------------===//
  // The steps
  //===--------------------------------------------------------------------===//

  void clearCounts() {
    loop(k.lane, k.i32(columns), kWarpLanes, {}, [&](Value column, ValueRange) {
      set(cell(k.warp, column), k.i32(0));
      return SmallVector<Value>();
    });
    k.nvvm.warpBarrier(loc);
  }

  void countEntries() {
    Value lower = forParts(
        k.i32(0), [&](Value, ArrayRef<Value> found, ValueRange carried) {
          Value sum = carried[0];
          for (Value key : found) {
            Value place = arith::SubIOp::create(b, loc, key, first);
            k.when(below(place, keys), [&] {
              LLVM::AtomicRMWOp::create(b, loc, LLVM::AtomicBinOp::add,
                                        cell(k.warp, place), k.i32(1),
                                        LLVM::AtomicOrdering::monotonic);
            });
            sum = k.add(sum, arith::ExtUIOp::create(b, loc, b.getI32Type(),
                                                    below(key, first)));
          }
          return SmallVector<Value>{sum};
        })[0];
    for (int32_t mask = kWarpLanes / 2; mask > 0; mask /= 2)
      lower = k.add(lower, k.nvvm.shuffleXor(loc, lower, mask));
    k.when(equal(k.lane, 0), [&] { set(cell(k.i32(k.warps), k.warp), lower); });
  }

  /// Of one warp: counts become first places, and offsets are written.
  void sumCounts() {
    Value start = k.i32(0);
    for (int64_t w = 0; w < k.warps; ++w)
      start = k.add(start, get(cell(k.i32(k.warps), k.i32(w))));
    Value end = loop(
        k.i32(0), k.i32(columns), kWarpLanes, start,
        [&](Value group, ValueRange carried) {
          Value column = k.add(group, k.lane);
          SmallVector<Value> counts;
          Value sum = k.i32(0);
          for (int64_t w = 0; w < k.warps; ++w) {
            counts.push_back(get(cell(k.i32(w), column)));
            sum = k.add(sum, counts.back());
          }
          Value up = sum; // of this lane's key and those before it
          for (int32_t distance = 1; distance < kWarpLanes; distance *= 2) {
            Value before = k.nvvm.shuffleUp(loc, up, distance);
            Value exists = arith::CmpIOp::create(
                b, loc, arith::CmpIPredicate::sge, k.lane, k.i32(distance));
            up = k.add(up, k.select(exists, before, k.i32(0)));
          }
          Value place =
              arith::SubIOp::create(b, loc, k.add(carried[0], up), sum);
          k.when(below(column, keys), [&] {
            set(inMemory(op.getOffsets(), k.add(first, column)), place);
          });
          for (auto [w, count] : llvm::enumerate(counts)) {
            set(cell(k.i32(w), column), place);
            place = k.add(place, count);
          }
          Value all = k.nvvm.shuffle(loc, up, k.i32(kWarpLanes - 1));
          return SmallVector<Value>{k.add(carried[0], all)};
        })[0];
    // Columns behind the keys count nothing, so this is the range's end.
    k.when(equal(k.lane, 0),
           [&] { set(cell(k.i32(k.warps), k.i32(k.warps)), end); });
  }

  void placeEntries() {
    forParts({}, [&](Value number, ArrayRef<Value> found, ValueRange) {
      Value count = collect(found);
      k.nvvm.warpBarrier(loc);
      Value start = arith::SubIOp::create(b, loc, number, k.lane);
      loop(k.i32(0), count, kWarpLanes, {}, [&](Value group, ValueRange) {
        Value mine = k.add(group, k.lane);
        Value last = arith::SubIOp::create(b, loc, count, k.i32(1));
        Value entry =
            get(collected(arith::MinSIOp::create(b, loc, mine, last)));
        Value within = arith::AndIOp::create(
            b, loc, entry, k.i32(InvertRowsOp::kCollected - 1));
        placeGroup(k.add(start, within),
                   shiftRight(entry, k.i32(kCollectedBits)),
                   below(mine, count));
        return SmallVector<Value>();
      });
      return SmallVector<Value>();
    });
  }

  /// Those of a part that are in the range, in order: what is before them in
  /// the part, and in higher bits their column. Returns how many there are.
  Value collect(ArrayRef<Value> found) {
    Value count = k.i32(0);
    for (auto [i, key] : llvm::enumerate(found)) {
      Value column = arith::SubIOp::create(b, loc, key, first);
      Value inside = below(column, keys);
      Value all = k.nvvm.ballot(loc, inside);
      Value before = LLVM::CtPopOp::create(
          b, loc, arith::AndIOp::create(b, loc, all, k.lanesBelow()));
      Value entry = arith::OrIOp::create(
          b, loc, arith::ShLIOp::create(b, loc, column, k.i32(kCollectedBits)),
          k.add(k.lane, k.i32(i * kWarpLanes)));
      k.when(inside, [&] { set(collected(k.add(count, before)), entry); });
      count = k.add(count, LLVM::CtPopOp::create(b, loc, all));
    }
    return count;
  }

  /// A warp's lanes, those of them that are `inside` at column `column`.
  void placeGroup(Value number, Value column, Value inside) {
    Value meets = k.lanesAt(column, inside);
    Value rank = LLVM::CtPopOp::create(
        b, loc, arith::AndIOp::create(b, loc, meets, k.lanesBelow()));
    Value isLast = equal(shiftRight(meets, k.lane), 1);
    // What is outside reads some cell and does nothing with it.
    Value mine = cell(k.warp, k.select(inside, column, k.i32(0)));
    Value cursor = k.add(get(mine), rank);
    k.nvvm.warpBarrier(loc);
    k.when(inside, [&] {
      Value row =
          arith::DivUIOp::create(b, loc, number, k.i32(op.getRowLength()));
      set(inMemory(op.getRows(), cursor), row);
    });
    k.when(k.both(inside, isLast), [&] { set(mine, k.add(cursor, k.i32(1))); });
    k.nvvm.warpBarrier(loc);
  }

  /// Behind the last key's rows: -1. And the last offset.
  void fillRest() {
    Value end = get(cell(k.i32(k.warps), k.i32(k.warps)));
    k.when(equal(k.thread, 0), [&] {
      set(inMemory(op.getOffsets(), k.i32(op.getNumKeys())), end);
    });
    loop(k.add(end, k.thread), k.i32(entries), k.warps * kWarpLanes, {},
         [&](Value number, ValueRange) {
           set(inMemory(op.getRows(), number), k.i32(-1));
           return SmallVector<Value>();
         });
  }

  KernelLowering &k;
  OpBuilder &b;
  Location loc;
  InvertRowsOp op;
  int64_t entries, columns, run;
  Value table; ///< address of the scratch
  Value first; ///< key
  SmallVector<Value> at;
  Value keys;     ///< how many
  Value from, to; ///< this warp's entries
};

} // namespace llsa::gpu

LogicalResult KernelLowering::lowerInvertRows(InvertRowsOp op) {
  if (!op.getScratch())
    return op.emitOpError() << "needs a scratch on a GPU";
  if (op.getNumRows() * op.getRowLength() > (int64_t(1) << 30))
    return op.emitOpError() << "can have 2^30 entries at most on a GPU, got "
                            << op.getNumRows() << " x " << op.getRowLength();
  InvertRowsEmitter(*this, op).emit();
  return success();
}

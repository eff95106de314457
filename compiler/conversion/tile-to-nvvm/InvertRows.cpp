//===- InvertRows.cpp - a counting sort of index rows by a CTA ------------===//
//
// The entries of a head are cut into one run per warp, and a table in shared
// memory has a row for each warp and a column for each key of the range:
//
//   count   each warp how often its run names each key, and the entries below
//           the range
//   sum     one warp turns counts into places: behind everything below the
//           range, behind lower keys, behind the same key's in earlier runs
//   place   each warp its run again, in order. Lanes that meet at one key take
//           consecutive places.
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

static constexpr int64_t kWarpLanes = 32;
/// Entries that a lane loads at once.
static constexpr int64_t kAtOnce = 8;

namespace llsa::gpu {

class InvertRowsEmitter {
public:
  InvertRowsEmitter(KernelLowering &kernel, InvertRowsOp op)
      : k(kernel), b(kernel.builder), loc(kernel.loc), op(op),
        entries(op.getNumRows() * op.getRowLength()),
        columns(cast<MemRefType>(op.getScratch().getType()).getDimSize(2)),
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
    Type pointer = LLVM::LLVMPointerType::get(b.getContext(), 3);
    return LLVM::IntToPtrOp::create(b, loc, pointer,
                                    k.add(table, k.mul(number, k.i32(4))));
  }
  Value get(Value pointer) {
    return LLVM::LoadOp::create(b, loc, b.getI32Type(), pointer);
  }
  void set(Value pointer, Value value) {
    LLVM::StoreOp::create(b, loc, value, pointer);
  }
  Value inMemory(Value memory, Value last) {
    SmallVector<Value> indices(at);
    indices.push_back(k.toIndex(last));
    return k.addressOf(memory, indices);
  }
  /// Entry number `number`, or -1 behind the run.
  Value entry(Value number) {
    Value exists =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, number, to);
    number = arith::MinSIOp::create(b, loc, number, k.i32(entries - 1));
    SmallVector<Value> indices(at);
    Value length = k.i32(op.getRowLength());
    indices.push_back(
        k.toIndex(arith::DivUIOp::create(b, loc, number, length)));
    indices.push_back(
        k.toIndex(arith::RemUIOp::create(b, loc, number, length)));
    return k.select(exists, get(k.addressOf(op.getIndices(), indices)),
                    k.i32(-1));
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

  /// Calls `body` with number and key of this lane's entries of the run, in
  /// order; all lanes of the warp take part.
  SmallVector<Value>
  forEntries(ValueRange carried,
             llvm::function_ref<SmallVector<Value>(Value number, Value key,
                                                   ValueRange carried)>
                 body) {
    return loop(from, to, kWarpLanes * kAtOnce, carried,
                [&](Value start, ValueRange inside) {
                  SmallVector<Value> numbers, found, state(inside);
                  for (int64_t i = 0; i < kAtOnce; ++i) {
                    numbers.push_back(
                        k.add(k.add(start, k.lane), k.i32(i * kWarpLanes)));
                    found.push_back(entry(numbers.back()));
                  }
                  for (auto [number, key] : llvm::zip(numbers, found))
                    state = body(number, key, state);
                  return state;
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
    Value lower =
        forEntries(k.i32(0), [&](Value, Value key, ValueRange carried) {
          Value place = arith::SubIOp::create(b, loc, key, first);
          k.when(below(place, keys), [&] {
            LLVM::AtomicRMWOp::create(b, loc, LLVM::AtomicBinOp::add,
                                      cell(k.warp, place), k.i32(1),
                                      LLVM::AtomicOrdering::monotonic);
          });
          Value one =
              arith::ExtUIOp::create(b, loc, b.getI32Type(), below(key, first));
          return SmallVector<Value>{k.add(carried[0], one)};
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
    forEntries({}, [&](Value number, Value key, ValueRange) {
      Value place = arith::SubIOp::create(b, loc, key, first);
      Value inside = below(place, keys);
      k.when(k.nvvm.any(loc, inside),
             [&] { placeGroup(number, place, inside); });
      return SmallVector<Value>();
    });
  }

  /// A warp's lanes, those of them that are `inside` at column `column`.
  void placeGroup(Value number, Value column, Value inside) {
    // A lane that is outside meets nobody.
    Value alone = arith::XOrIOp::create(b, loc, k.lane, k.i32(-1));
    Value meets = k.nvvm.matchAny(loc, k.select(inside, column, alone));
    Value one = k.i32(1);
    Value lower = arith::SubIOp::create(
        b, loc, arith::ShLIOp::create(b, loc, one, k.lane), one);
    Value rank = LLVM::CtPopOp::create(
        b, loc, arith::AndIOp::create(b, loc, meets, lower));
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
    k.when(k.both(inside, isLast), [&] { set(mine, k.add(cursor, one)); });
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

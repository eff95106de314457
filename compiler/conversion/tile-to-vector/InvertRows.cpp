//===- InvertRows.cpp - a counting sort of index rows ---------------------===//
//
// Scalar code, linear in the number of entries. `offsets` serves as the count,
// then as the cursor of each key, and needs no memory beside itself:
//
//   offsets[c] = how often c is named
//   offsets[c] = the sum of those below: where c starts
//   rows[offsets[c]++] = r, r ascending; now offsets[c] = where c + 1 starts
//   shift up by one
//
// Entries outside 0 .. N-1 are skipped: what a user brings cannot reach beyond
// the buffers.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-vector/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace llsa::tile;

namespace {
class InvertRowsEmitter {
public:
  InvertRowsEmitter(OpBuilder &b, Location loc, InvertRowsOp op,
                    IRMapping &mapping)
      : b(b), loc(loc), op(op),
        indices(mapping.lookupOrDefault(op.getIndices())),
        offsets(mapping.lookupOrDefault(op.getOffsets())),
        rows(mapping.lookupOrDefault(op.getRows())),
        first(mapping.lookupOrDefault(op.getFirst())) {
    for (Value index : op.getAt())
      at.push_back(mapping.lookupOrDefault(index));
    end = arith::MinSIOp::create(b, loc, add(first, op.getCount()),
                                 index(op.getNumKeys()));
  }

  void emit() {
    forRange(first, end, [&](Value c) { set(offsets, c, number(0)); });
    Value below = countEntries();
    Value sum = sumCounts(below);
    forEntries({}, [&](Value row, Value key, ValueRange) {
      when(isInside(key), [&] {
        Value c = toIndex(key);
        Value place = get(offsets, c);
        set(offsets, c, plus(place, number(1)));
        set(rows, toIndex(place), toNumber(row));
      });
      return SmallVector<Value>();
    });
    // From the end, or each would read what it wrote.
    Value count = arith::SubIOp::create(b, loc, end, first);
    forRange(index(1), count, [&](Value i) {
      Value c = arith::SubIOp::create(b, loc, end, i);
      set(offsets, c, get(offsets, add(c, -1)));
    });
    set(offsets, first, below);
    Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, end,
                                         index(op.getNumKeys()));
    when(isLast, [&] {
      set(offsets, end, sum);
      forRange(toIndex(sum), index(op.getNumRows() * op.getRowLength()),
               [&](Value i) { set(rows, i, number(-1)); });
    });
  }

private:
  using Results = SmallVector<Value>;

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value number(int32_t value) {
    return arith::ConstantIntOp::create(b, loc, b.getI32Type(), value);
  }
  Value toIndex(Value x) {
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), x);
  }
  Value toNumber(Value x) {
    return arith::IndexCastOp::create(b, loc, b.getI32Type(), x);
  }
  Value add(Value x, int64_t y) {
    return arith::AddIOp::create(b, loc, x, index(y));
  }
  Value plus(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value isBelow(Value x, Value y) { // unsigned: -1 is above everything
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, x, y);
  }
  Value isInside(Value key) {
    Value place = arith::SubIOp::create(b, loc, key, toNumber(first));
    return isBelow(place, toNumber(arith::SubIOp::create(b, loc, end, first)));
  }

  SmallVector<Value> inHead(Value last) {
    SmallVector<Value> place(at);
    place.push_back(last);
    return place;
  }
  Value get(Value memory, Value i) {
    return memref::LoadOp::create(b, loc, memory, inHead(i));
  }
  void set(Value memory, Value i, Value value) {
    memref::StoreOp::create(b, loc, value, memory, inHead(i));
  }

  void when(Value condition, function_ref<void()> body) {
    auto branch =
        scf::IfOp::create(b, loc, condition, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(branch.thenYield());
    body();
  }
  Results loop(Value from, Value to, ValueRange carried,
               function_ref<Results(Value, ValueRange)> body) {
    auto loop = scf::ForOp::create(b, loc, from, to, index(1), carried);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Results results = body(loop.getInductionVar(), loop.getRegionIterArgs());
    if (!carried.empty())
      scf::YieldOp::create(b, loc, results);
    return Results(loop.getResults());
  }
  void forRange(Value from, Value to, function_ref<void(Value)> body) {
    loop(from, to, {}, [&](Value i, ValueRange) {
      body(i);
      return Results();
    });
  }
  /// Calls `body` with row and key of every entry, rows ascending.
  Results forEntries(
      ValueRange carried,
      function_ref<Results(Value row, Value key, ValueRange carried)> body) {
    return loop(index(0), index(op.getNumRows()), carried,
                [&](Value row, ValueRange outer) {
                  return loop(index(0), index(op.getRowLength()), outer,
                              [&](Value entry, ValueRange inner) {
                                SmallVector<Value> place = inHead(row);
                                place.push_back(entry);
                                Value key = memref::LoadOp::create(
                                    b, loc, indices, place);
                                return body(row, key, inner);
                              });
                });
  }

  /// Counts the range's keys; the number of entries below them.
  Value countEntries() {
    return forEntries(number(0), [&](Value, Value key, ValueRange carried) {
      when(isInside(key), [&] {
        Value c = toIndex(key);
        set(offsets, c, plus(get(offsets, c), number(1)));
      });
      Value one = arith::ExtUIOp::create(b, loc, b.getI32Type(),
                                         isBelow(key, toNumber(first)));
      return Results{plus(carried[0], one)};
    })[0];
  }

  /// Turns counts into places from `start` on; the range's end.
  Value sumCounts(Value start) {
    return loop(first, end, start, [&](Value c, ValueRange carried) {
      Value count = get(offsets, c);
      set(offsets, c, carried[0]);
      return Results{plus(carried[0], count)};
    })[0];
  }

  OpBuilder &b;
  Location loc;
  InvertRowsOp op;
  Value indices, offsets, rows;
  Value first, end; ///< of the range of keys
  SmallVector<Value> at;
};
} // namespace

LogicalResult KernelLowering::lowerInvertRows(InvertRowsOp op) {
  InvertRowsEmitter(builder, loc, op, mapping).emit();
  return success();
}

//===- ScatterAdd.cpp - additions where tiles of indices say --------------===//
//
// The elements that a lane holds are taken one after the other, each with its
// counterparts in the other lanes:
//
//   meet   lanes whose elements are for one place find each other
//   sum    each lane points to the next one that it meets. It adds what that
//          one has, then points where that one pointed: after log2(n) times the
//          first of n lanes has the sum.
//   add    the first lane adds it to memory. The next element's lanes wait for
//          that: their places may be the same.
//
// So the order follows from the places alone, without atomics. An element that
// is 0 takes no part, which a mask makes of many.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <limits>

using namespace mlir;
using namespace llsa::gpu;
using namespace llsa::tile;

namespace llsa::gpu {

class ScatterAddEmitter {
public:
  ScatterAddEmitter(KernelLowering &kernel, ScatterAddOp op)
      : k(kernel), b(kernel.builder), loc(kernel.loc),
        memory(op.getDestination()), layout(k.layoutOf(op.getTile())),
        elements(k.elementsOf(op.getTile())) {
    for (Value tile : op.getIndices())
      indices.push_back(k.elementsOf(tile));
  }

  void emit() {
    // What other lanes of the warp added is read: through a pointer of which
    // LLVM does not know that this lane alone writes there.
    Value known = k.memories[memory].pointer;
    k.memories[memory].pointer = k.nvvm.opaque(loc, known);
    for (int64_t h = 0; h < layout.halves(); ++h)
      for (int64_t c = 0; c < layout.columns(); ++c)
        addElement(h, c);
    k.nvvm.warpBarrier(loc);
    k.memories[memory].pointer = known;
  }

private:
  using Values = SmallVector<Value>;

  Value compare(arith::CmpIPredicate predicate, Value x, int64_t y) {
    return arith::CmpIOp::create(b, loc, predicate, x, k.i32(y));
  }

  /// Element `c` of half `h`, of all lanes.
  void addElement(int64_t h, int64_t c) {
    int64_t number = layout.indexOf(h, c);
    Value x = elements[number];
    Value takes = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x,
                                        k.zero(x.getType()));
    takes = k.both(takes, isMine(h, c));
    k.when(k.nvvm.any(loc, takes), [&] {
      Values place = placeOf(number);
      Value meets = lanesAt(place, takes);
      Value sum = sumOf(x, meets);
      Value first = compare(arith::CmpIPredicate::eq, below(meets), 0);
      k.nvvm.warpBarrier(loc);
      k.when(k.both(takes, first), [&] { addToMemory(place, sum); });
    });
  }

  /// i1: this lane's element exists, and no other lane holds it; null: always.
  Value isMine(int64_t h, int64_t c) {
    Value mine =
        k.both(layout.isOneRow() ? Value() : k.rowExists(layout, h),
               layout.isOneColumn() ? Value() : k.columnExists(layout, c));
    if (layout.isOneColumn())
      mine = k.both(mine, compare(arith::CmpIPredicate::eq, k.laneInRow, 0));
    if (layout.isOneRow())
      mine = k.both(mine, compare(arith::CmpIPredicate::eq, k.rowInHalf, 0));
    return mine;
  }

  /// i32, within the memory.
  Values placeOf(int64_t number) {
    Values place;
    auto type = cast<MemRefType>(memory.getType());
    for (auto [dim, tile] : llvm::enumerate(indices)) {
      Value i = arith::MaxSIOp::create(b, loc, tile[number], k.i32(0));
      place.push_back(
          arith::MinSIOp::create(b, loc, i, k.i32(type.getDimSize(dim) - 1)));
    }
    return place;
  }

  /// Numbers of 31 bits that together tell places apart; one where there are
  /// few enough.
  Values keysOf(ValueRange place) {
    auto type = cast<MemRefType>(memory.getType());
    Values keys;
    int64_t count = 0; // of the last key's values
    for (auto [dim, at] : llvm::enumerate(place)) {
      int64_t size = type.getDimSize(dim);
      if (keys.empty() || count > std::numeric_limits<int32_t>::max() / size) {
        keys.push_back(at);
        count = size;
        continue;
      }
      keys.back() = k.add(k.mul(keys.back(), k.i32(size)), at);
      count *= size;
    }
    if (keys.empty())
      keys.push_back(k.i32(0));
    return keys;
  }

  /// A bit for each lane that takes part at this lane's place; for one that
  /// does not, its own alone.
  Value lanesAt(ValueRange place, Value takes) {
    Values keys = keysOf(place);
    Value meets = k.lanesAt(keys[0], takes);
    for (Value key : ArrayRef(keys).drop_front())
      meets = arith::AndIOp::create(b, loc, meets, k.nvvm.matchAny(loc, key));
    return meets;
  }

  /// Those of `lanes` below this one.
  Value below(Value lanes) {
    return arith::AndIOp::create(b, loc, lanes, k.lanesBelow());
  }

  /// In the first of the lanes that meet: the sum of what they have.
  Value sumOf(Value x, Value meets) {
    Value above = arith::AndIOp::create(
        b, loc, meets, arith::ShLIOp::create(b, loc, k.i32(-2), k.lane));
    Value next = k.select(compare(arith::CmpIPredicate::ne, above, 0),
                          LLVM::CountTrailingZerosOp::create(
                              b, loc, above.getType(), above, false),
                          k.i32(-1));
    auto loop = scf::WhileOp::create(
        b, loc, TypeRange{x.getType(), next.getType()}, ValueRange{x, next},
        [&](OpBuilder &, Location, ValueRange state) {
          Value has = compare(arith::CmpIPredicate::sge, state[1], 0);
          scf::ConditionOp::create(b, loc, k.nvvm.any(loc, has), state);
        },
        [&](OpBuilder &, Location, ValueRange state) {
          Value has = compare(arith::CmpIPredicate::sge, state[1], 0);
          Value from = arith::AndIOp::create(b, loc, state[1], k.i32(31));
          Value more = arith::AddFOp::create(
              b, loc, state[0], k.nvvm.shuffle(loc, state[0], from));
          Value behind = k.nvvm.shuffle(loc, state[1], from);
          scf::YieldOp::create(b, loc,
                               ValueRange{k.select(has, more, state[0]),
                                          k.select(has, behind, k.i32(-1))});
        });
    return loop.getResult(0);
  }

  void addToMemory(ValueRange place, Value sum) {
    Values at;
    for (Value i : place)
      at.push_back(k.toIndex(i));
    Value pointer = k.addressOf(memory, at);
    Value there = LLVM::LoadOp::create(b, loc, sum.getType(), pointer);
    LLVM::StoreOp::create(b, loc, arith::AddFOp::create(b, loc, there, sum),
                          pointer);
  }

  KernelLowering &k;
  OpBuilder &b;
  Location loc;
  Value memory;
  TileLayout layout;
  Values elements;
  SmallVector<Values> indices; ///< of each dimension: as `elements`
};

} // namespace llsa::gpu

void KernelLowering::lowerScatterAdd(ScatterAddOp op) {
  ScatterAddEmitter(*this, op).emit();
}

//===- InvertIndices.cpp - CSR to CSC, one work item per head -------------===//
//
// Scalar code, linear in the number of entries. `offsets` serves as the count,
// then as the cursor of each key, and needs no memory beside itself:
//
//   offsets[c + 1] = how often c is named; then the sums: offsets[c] = start of
//   c rows[offsets[c]++] = r, r ascending;   now offsets[c] = start of c + 1
//   shift up by one
//
// Entries outside 0 .. N-1 are skipped: what a user brings cannot reach beyond
// the buffers.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace llsa;

namespace {
class InvertLowering {
public:
  InvertLowering(KernelBuilder &k, Value indices, Value offsets, Value rows,
                 int64_t keys)
      : k(k), indices(indices), offsets(offsets), rows(rows), keys(keys) {}

  void run() {
    int64_t numRows = cast<MemRefType>(rows.getType()).getDimSize(2);
    Value none = number(-1), zero = number(0);
    repeat(numRows, [&](Value i) { set(rows, i, none); });
    repeat(keys + 1, [&](Value c) { set(offsets, c, zero); });
    forEntries([&](Value, Value c) { bump(k.add(c, k.index(1))); });
    k.loop(k.index(1), k.index(keys + 1), 1, {}, [&](Value c, ValueRange) {
      Value before = get(offsets, k.sub(c, k.index(1)));
      set(offsets, c,
          arith::AddIOp::create(k.b, k.loc, before, get(offsets, c)));
      return TileBuilder::Values();
    });
    forEntries([&](Value row, Value c) {
      Value place =
          arith::IndexCastOp::create(k.b, k.loc, k.b.getIndexType(), bump(c));
      set(rows, place,
          arith::IndexCastOp::create(k.b, k.loc, k.b.getI32Type(), row));
    });
    repeat(keys, [&](Value i) {
      Value c = k.sub(k.index(keys),
                      i); // from the end, or each would read what it wrote
      set(offsets, c, get(offsets, k.sub(c, k.index(1))));
    });
    set(offsets, k.index(0), zero);
  }

private:
  Value number(int32_t value) {
    return k.constant(k.b.getI32IntegerAttr(value));
  }
  Value get(Value memory, Value i) {
    return memref::LoadOp::create(k.b, k.loc, memory,
                                  ValueRange{k.item()[0], k.item()[1], i});
  }
  void set(Value memory, Value i, Value value) {
    memref::StoreOp::create(k.b, k.loc, value, memory,
                            ValueRange{k.item()[0], k.item()[1], i});
  }
  /// offsets[i]++
  Value bump(Value i) {
    Value old = get(offsets, i);
    set(offsets, i, arith::AddIOp::create(k.b, k.loc, old, number(1)));
    return old;
  }
  void repeat(int64_t count, function_ref<void(Value)> body) {
    k.loop(k.index(0), k.index(count), 1, {}, [&](Value i, ValueRange) {
      body(i);
      return TileBuilder::Values();
    });
  }
  /// Calls `body` with row and key of every entry, rows ascending.
  void forEntries(function_ref<void(Value, Value)> body) {
    auto type = cast<MemRefType>(indices.getType());
    repeat(type.getDimSize(2), [&](Value row) {
      repeat(type.getDimSize(3), [&](Value entry) {
        Value key = memref::LoadOp::create(
            k.b, k.loc, indices,
            ValueRange{k.item()[0], k.item()[1], row, entry});
        // Unsigned, so that -1 is greater than every key.
        Value exists =
            arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::ult, key,
                                  number(static_cast<int32_t>(keys)));
        auto branch =
            scf::IfOp::create(k.b, k.loc, exists, /*withElseRegion=*/false);
        OpBuilder::InsertionGuard guard(k.b);
        k.b.setInsertionPoint(branch.thenYield());
        body(row,
             arith::IndexCastOp::create(k.b, k.loc, k.b.getIndexType(), key));
      });
    });
  }

  KernelBuilder &k;
  Value indices, offsets, rows;
  int64_t keys;
};
} // namespace

LogicalResult llsa::lowerInvertIndices(const LaunchContext &context,
                                       InvertIndicesOp op) {
  auto type = cast<RankedTensorType>(op.getIndices().getType());
  LaunchOp launch = context.launch;
  // Both are needed on the way, wanted or not.
  auto bufferFor = [&](Value result) {
    Value buffer = context.host.bufferOf(result);
    return buffer ? buffer
                  : context.host.allocate(bufferTypeOf(result.getType()),
                                          launch.getLoc());
  };
  Value hostOffsets = bufferFor(op.getOffsets()),
        hostRows = bufferFor(op.getRows());
  KernelBuilder k(context.host, launch.getLoc(), launch.getName(),
                  {type.getDimSize(kBatch), type.getDimSize(kHead)},
                  context.schedule);
  Value indices = k.buffer(op.getIndices());
  Value offsets = k.argument(hostOffsets), rows = k.argument(hostRows);
  int64_t keys =
      cast<RankedTensorType>(op.getOffsets().getType()).getDimSize(2) - 1;
  InvertLowering(k, indices, offsets, rows, keys).run();
  k.finish(launch);
  return success();
}

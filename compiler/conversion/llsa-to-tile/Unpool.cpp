//===- Unpool.cpp - each token its share of its block's gradient ----------===//
//
// Part of an elementwise launch: a tile of rows takes the rows of the blocks
// that they lie in. Where a tile lies in one block, that is one row.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;

namespace {
class UnpoolEmitter {
public:
  UnpoolEmitter(KernelBuilder &k, UnpoolOp op, const RowTile &tile,
                int64_t rows, int64_t run)
      : k(k), tile(tile), rows(rows), run(run), block(op.getBlock()),
        parents(llvm::divideCeil(op.getTokens(), block)),
        rest(op.getTokens() % block), depth(op.getType().getDimSize(kDepth)) {}

  Value emit(Value memory, bool canGather) {
    if (block % run == 0) {
      Value parent = k.div(tile.start, block);
      Value row = k.load(memory, {tile.batch, tile.head, parent, k.index(0)},
                         {1, depth});
      return scaled(row, k.repeated(parent, {1, 1}));
    }
    return scaled(canGather ? gather(memory) : lookup(memory),
                  parentsOf({rows, 1}));
  }

private:
  /// The block of every row; rows behind the end are in the last one.
  Value parentsOf(TileSize size) {
    Value ids = k.apply<arith::DivUIOp>(k.range(tile.start, size),
                                        k.splatInt(block, {}));
    return k.apply<arith::MinSIOp>(ids, k.splatInt(parents - 1, {}));
  }

  Value gather(Value memory) {
    return k.gather(memory, tile.batch, tile.head, parentsOf({1, rows}), depth);
  }

  Value lookup(Value memory) {
    TileSize size{rows, depth};
    auto repeated = [&](Value index) {
      return k.broadcast(k.repeated(index, {rows, 1}), size);
    };
    return tile::LookupOp::create(
        k.b, k.loc, k.tileType(size, k.b.getF32Type()), memory,
        ValueRange{repeated(tile.batch), repeated(tile.head),
                   k.broadcast(parentsOf({rows, 1}), size),
                   k.broadcast(k.range(k.index(0), {1, depth}), size)});
  }

  Value scaled(Value gradient, Value parent) {
    Value share = k.splat(1.0 / static_cast<double>(block), {});
    if (rest != 0)
      share = k.select(k.equal(parent, k.splatInt(parents - 1, {})),
                       k.splat(1.0 / static_cast<double>(rest), {}), share);
    return k.broadcast(k.apply<arith::MulFOp>(gradient, share), {rows, depth});
  }

  KernelBuilder &k;
  const RowTile &tile;
  int64_t rows, run, block, parents, rest, depth;
};
} // namespace

Value llsa::emitUnpool(KernelBuilder &k, UnpoolOp op, Value memory,
                       const RowTile &tile, int64_t rows, int64_t run,
                       bool canGather) {
  return UnpoolEmitter(k, op, tile, rows, run).emit(memory, canGather);
}

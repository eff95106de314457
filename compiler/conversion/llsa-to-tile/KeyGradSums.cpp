//===- KeyGradSums.cpp - sums of pieces of queries, in memory -------------===//

#include "compiler/conversion/llsa-to-tile/KeyGradSums.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace llsa;

void KeyGradSums::store(KernelBuilder &k, const RowTile &tile, Value head,
                        Value row, ValueRange state) const {
  SmallVector<Value> at{tile.batch, head, row, k.index(0)};
  for (auto [sum, buffer] :
       {std::pair(state[0], keys), std::pair(state[1], values)}) {
    Type element = cast<MemRefType>(buffer.getType()).getElementType();
    k.store(k.fromF32(sum, element), k.argument(buffer), at, tile.rows);
  }
}

KeyGradSums::State KeyGradSums::add(KernelBuilder &k, Value batch,
                                    TileSize size, ArrayRef<Piece> pieces,
                                    ValueRange state) const {
  SmallVector<State> loaded;
  for (const Piece &piece : pieces) {
    SmallVector<Value> at{batch, piece.head, piece.row, k.index(0)};
    loaded.emplace_back();
    for (Value buffer : {keys, values})
      loaded.back().push_back(k.load(k.argument(buffer), at, size, piece.rows));
  }
  State results(state);
  for (const State &piece : loaded)
    for (auto [result, sum] : llvm::zip(results, piece))
      result = k.apply<arith::AddFOp>(result, k.toF32(sum));
  return results;
}

KeyGradSums::State
KeyGradSums::addRun(KernelBuilder &k, Value batch, TileSize size, int64_t count,
                    llvm::function_ref<Piece(Value i)> pieceAt,
                    ValueRange state) const {
  auto addSome = [&](Value first, int64_t number, ValueRange carried) {
    SmallVector<Piece> pieces;
    for (int64_t i = 0; i < number; ++i)
      pieces.push_back(pieceAt(k.add(first, k.index(i))));
    return add(k, batch, size, pieces, carried);
  };
  int64_t full = count / kTogether;
  State result = k.repeat(full, State(state), [&](Value i, ValueRange carried) {
    return addSome(k.mul(i, kTogether), kTogether, carried);
  });
  return addSome(k.index(full * kTogether), count % kTogether, result);
}

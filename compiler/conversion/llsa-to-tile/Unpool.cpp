//===- Unpool.cpp - each token its share of its block's gradient ----------===//
//
// Part of an elementwise launch: a tile of rows takes the rows of the blocks
// that they lie in.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;

Value llsa::emitUnpool(KernelBuilder &k, UnpoolOp op, Value memory, Value batch,
                       Value head, Value start, int64_t rows) {
  int64_t block = op.getBlock(), tokens = op.getTokens();
  int64_t parents = llvm::divideCeil(tokens, block);
  int64_t depth = cast<RankedTensorType>(op.getType()).getDimSize(kDepth);
  // The block of every row; rows behind the end are in the last one.
  auto blocks = [&](TileSize size) {
    Value ids =
        k.apply<arith::DivUIOp>(k.range(start, size), k.splatInt(block, {}));
    return k.apply<arith::MinSIOp>(ids, k.splatInt(parents - 1, {}));
  };
  Value gradient = k.gather(memory, batch, head, blocks({1, rows}), depth);
  Value share = k.splat(static_cast<double>(1.0 / block), {});
  if (int64_t rest = tokens % block)
    share = k.select(k.equal(blocks({rows, 1}), k.splatInt(parents - 1, {})),
                     k.splat(1.0 / static_cast<double>(rest), {}), share);
  return k.apply<arith::MulFOp>(gradient, share);
}

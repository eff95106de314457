//===- InvertIndices.cpp - CSR to CSC, a range of keys for each CTA -------===//
//
// tile.invert_rows does the work, for `rows` keys of the schedule at once; on
// a GPU all warps of a CTA share a range.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "dialects/tile/TileOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;

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
  int64_t keys =
      cast<RankedTensorType>(op.getOffsets().getType()).getDimSize(2) - 1;
  int64_t count = std::min(keys, context.schedule.getRows()),
          warps = context.schedule.getWarps();
  KernelBuilder k(context.host, launch.getLoc(), launch.getName(),
                  {type.getDimSize(kBatch), type.getDimSize(kHead),
                   int64_t(llvm::divideCeil(keys, count)) * warps},
                  context.schedule);
  Value scratch;
  if (context.streams)
    scratch = k.allocateScratch(tile::InvertRowsOp::scratchWords(count, warps),
                                tile::Scope::Cta);
  Value indices = k.buffer(op.getIndices()), offsets = k.argument(hostOffsets),
        rows = k.argument(hostRows);
  Value first = k.mul(k.div(k.item()[2], warps), count);
  tile::InvertRowsOp::create(
      k.b, k.loc, indices, ValueRange{k.item()[0], k.item()[1]}, first,
      k.b.getI64IntegerAttr(count), offsets, rows, scratch);
  k.finish(launch);
  return success();
}

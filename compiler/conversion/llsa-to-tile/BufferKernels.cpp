//===- BufferKernels.cpp - kernels over whole buffers ---------------------===//
//
// A work item has a run of the last dimension. A buffer of rank 0 is a run of
// one element.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;

static constexpr int64_t kLongestRun = 128;
static constexpr int64_t kRunWarps = 4;

namespace {
class RunKernel {
public:
  RunKernel(const LaunchContext &context, StringRef name, Value buffer)
      : shape(cast<MemRefType>(buffer.getType()).getShape()),
        length(std::min<int64_t>(
            kLongestRun, llvm::PowerOf2Ceil(shape.empty() ? 1 : shape.back()))),
        k(context.host, buffer.getLoc(), name, items(),
          scheduleOf(context, length)),
        memory(k.argument(buffer)) {
    if (shape.empty())
      return;
    place.assign(k.item().begin(), k.item().end());
    place.back() = k.mul(place.back(), length);
    if (shape.back() % length != 0)
      exist = k.sub(k.index(shape.back()), place.back());
  }

  TileSize size() const { return {length, 1}; }

  /// This run of number `piece` of some buffers.
  Value loadOf(Value pieces, Value piece) {
    SmallVector<Value> at{piece};
    at.append(place);
    return k.load(pieces, at, size(), exist, /*rowDim=*/at.size() - 1);
  }
  /// `sum` null: 0.
  void store(Value sum = {}) {
    if (!shape.empty())
      return k.store(sum ? sum : k.splat(0.0, size()), memory, place, exist,
                     /*rowDim=*/shape.size() - 1);
    Value zero = k.constant(k.b.getF32FloatAttr(0));
    memref::StoreOp::create(k.b, k.loc, zero, memory, ValueRange());
    if (sum)
      tile::ScatterAddOp::create(k.b, k.loc, sum, memory, ValueRange());
  }
  void finish(int64_t tensors) {
    double elements = ShapedType::getNumElements(shape);
    k.finish(elements * (tensors - 1), 4.0 * elements * tensors);
  }

private:
  SmallVector<int64_t> items() const {
    if (shape.empty())
      return {1};
    SmallVector<int64_t> items(shape);
    items.back() = llvm::divideCeil(items.back(), length);
    return items;
  }
  static tile::ScheduleAttr scheduleOf(const LaunchContext &context,
                                       int64_t length) {
    return tile::ScheduleAttr::get(context.schedule.getContext(), length,
                                   /*cols=*/1,
                                   context.widenDots ? 1 : kRunWarps,
                                   /*stages=*/1);
  }

  ArrayRef<int64_t> shape;
  int64_t length;

public:
  KernelBuilder k;

private:
  Value memory;
  SmallVector<Value> place; ///< of the run; empty at rank 0
  Value exist;              ///< null: all of the run
};
} // namespace

void llsa::lowerClear(const LaunchContext &context, StringRef name,
                      Value buffer) {
  RunKernel run(context, name, buffer);
  run.store();
  run.finish(/*tensors=*/1);
}

void llsa::lowerSumOfPieces(const LaunchContext &context, StringRef name,
                            Value pieces, Value target) {
  RunKernel run(context, name, target);
  KernelBuilder &k = run.k;
  int64_t count = cast<MemRefType>(pieces.getType()).getDimSize(0);
  Value memory = k.argument(pieces);
  TileBuilder::Values sum = k.repeat(
      count, {k.splat(0.0, run.size())}, [&](Value i, ValueRange carried) {
        return TileBuilder::Values{
            k.apply<arith::AddFOp>(carried[0], run.loadOf(memory, i))};
      });
  run.store(sum[0]);
  run.finish(count + 1);
}

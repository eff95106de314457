//===- AttendRegions.cpp - regions on tiles of pairs ----------------------===//

#include "compiler/conversion/llsa-to-tile/AttendRegions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <limits>

using namespace mlir;
using namespace llsa;

SmallVector<Value> AttendRegions::arguments(const Source &source, Value score,
                                            Value batch, Value head,
                                            Value queries, Value keys) {
  int64_t span = std::max<int64_t>(source.attr.getSpan(), 1);
  if (span != 1)
    keys = k.apply<arith::MulIOp>(keys, k.splatInt(span, {}));
  int64_t rows = sizeOf(score).rows;
  // A span may be too large for 32 bits when there is one key.
  bool isWide = span > std::numeric_limits<int32_t>::max();
  return {
      score,
      k.repeated(batch, {rows, 1}),
      k.repeated(head, {rows, 1}),
      queries,
      keys,
      k.splat(k.b.getIntegerAttr(k.b.getIntegerType(isWide ? 64 : 32), span),
              {})};
}

SmallVector<Value> AttendRegions::emitAll(const Source &source, Region &region,
                                          ArrayRef<Value> args) {
  if (hasFailed) // one diagnostic is enough
    return {};
  int64_t span = std::max<int64_t>(source.attr.getSpan(), 1);
  auto query = cast<RankedTensorType>(form.query.getType());
  ScalarRanges ranges;
  ranges.declare(region.getArgument(1), 0, query.getDimSize(kBatch) - 1);
  ranges.declare(region.getArgument(2), 0, query.getDimSize(kHead) - 1);
  ranges.declare(region.getArgument(3), 0, query.getDimSize(kToken) - 1);
  ranges.declare(region.getArgument(4), 0, (source.tokens - 1) * span);
  ranges.declare(region.getArgument(5), span, span);
  SmallVector<Value> results = emitScoreRegion(k, ranges, region, args);
  hasFailed |= results.empty();
  return results;
}

Value AttendRegions::emit(const Source &source, Region &region,
                          ArrayRef<Value> args) {
  SmallVector<Value> results = emitAll(source, region, args);
  return results.empty()
             ? args[0]
             : k.broadcast(results[0], commonSize({args[0], results[0]}));
}

Value AttendRegions::score(const Source &source, ArrayRef<Value> args) {
  return form.score ? emit(source, *form.score, args) : args[0];
}

Value AttendRegions::mask(const Source &source, ArrayRef<Value> args) {
  if (!form.mask)
    return {};
  Value result = emit(source, *form.mask, args);
  return hasFailed ? Value() : result;
}

Value AttendRegions::derivative(const Source &source, ArrayRef<Value> args,
                                Value gradient) {
  if (!form.derivative)
    return gradient;
  SmallVector<Value> all(args);
  all.push_back(gradient);
  return emit(source, *form.derivative, all);
}

SmallVector<Value> AttendRegions::reads(const Source &source,
                                        ArrayRef<Value> args, Value gradient) {
  SmallVector<Value> all(args);
  all.push_back(gradient);
  return emitAll(source, *form.reads, all);
}

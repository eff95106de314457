//===- LLSAVerify.cpp - checks that the ops' verifiers share --------------===//

#include "dialects/llsa/LLSAVerify.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <string>

using namespace mlir;
using namespace llsa;
using namespace llsa::shared;

/// "16", or "?".
static std::string sizeText(int64_t size) {
  return ShapedType::isDynamic(size) ? "?" : std::to_string(size);
}

bool shared::agree(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b;
}

LogicalResult shared::verifySizes(Operation *op, RankedTensorType type,
                                  StringRef name) {
  constexpr int64_t kMostElements = (int64_t(1) << 59) - 1;
  int64_t elements = 1;
  for (int64_t size : type.getShape()) {
    if (ShapedType::isDynamic(size))
      continue;
    if (size < 1)
      return op->emitOpError()
             << "sizes of " << name << " must be at least 1, got " << type;
    if (llvm::MulOverflow(elements, size, elements) || elements > kMostElements)
      return op->emitOpError()
             << name << " must have fewer than 2^59 elements, got " << type;
  }
  return success();
}

LogicalResult shared::verifyTokens(Operation *op, Value value, StringRef name) {
  RankedTensorType type = tensorOf(value);
  if (type.getRank() != 4)
    return op->emitOpError()
           << name << " must have rank 4 [B, H, N, D], got " << type;
  if (failed(verifySizes(op, type, name)))
    return failure();
  int64_t tokens = type.getDimSize(kToken), depth = type.getDimSize(kDepth);
  if (!ShapedType::isDynamic(tokens) && tokens > LLSADialect::kMaxTokens)
    return op->emitOpError()
           << name << " must have at most " << LLSADialect::kMaxTokens
           << " tokens, got " << tokens;
  if (!ShapedType::isDynamic(depth) &&
      (depth < 8 || depth > 256 || depth % 8 != 0))
    return op->emitOpError()
           << "head dimension of " << name
           << " must be a multiple of 8 between 8 and 256, got " << depth;
  return success();
}

LogicalResult shared::verifyHeads(Operation *op, Value query, Value keys,
                                  StringRef name) {
  if (failed(verifyTokens(op, query, "query")) ||
      failed(verifyTokens(op, keys, name)))
    return failure();
  RankedTensorType q = tensorOf(query), k = tensorOf(keys);
  if (q.getElementType() != k.getElementType())
    return op->emitOpError()
           << name << " must have the query's element type "
           << q.getElementType() << ", got " << k.getElementType();
  if (!agree(q.getDimSize(kBatch), k.getDimSize(kBatch)))
    return op->emitOpError()
           << name << " must have the query's batch " << q.getDimSize(kBatch)
           << ", got " << k.getDimSize(kBatch);
  if (!agree(q.getDimSize(kDepth), k.getDimSize(kDepth)))
    return op->emitOpError()
           << name << " must have the query's head dimension "
           << q.getDimSize(kDepth) << ", got " << k.getDimSize(kDepth);
  int64_t h = q.getDimSize(kHead), g = k.getDimSize(kHead);
  if (!ShapedType::isDynamic(h) && !ShapedType::isDynamic(g) && h % g != 0)
    return op->emitOpError()
           << "heads of " << name << " must divide the query's " << h
           << " heads, got " << g;
  return success();
}

LogicalResult shared::verifyQueryKeysValues(Operation *op, Value query,
                                            Value keys, Value values) {
  if (failed(verifyHeads(op, query, keys, "keys")))
    return failure();
  if (keys.getType() != values.getType())
    return op->emitOpError() << "keys and values must have one type, got "
                             << keys.getType() << " and " << values.getType();
  return success();
}

LogicalResult shared::verifyIndexRows(Operation *op, Value indices, Value query,
                                      int64_t every, StringRef name) {
  RankedTensorType i = tensorOf(indices), q = tensorOf(query);
  if (i.getRank() != 4)
    return op->emitOpError()
           << name << " must have rank 4 [B, H, rows, k], got " << i;
  if (failed(verifySizes(op, i, name)))
    return failure();
  int64_t rows = ceilDivSize(q.getDimSize(kToken), every);
  if (!agree(i.getDimSize(kBatch), q.getDimSize(kBatch)) ||
      !agree(i.getDimSize(kHead), q.getDimSize(kHead)) ||
      !agree(i.getDimSize(kToken), rows))
    return op->emitOpError() << name << " must have one row per " << every
                             << " queries: " << sizeText(q.getDimSize(kBatch))
                             << "x" << sizeText(q.getDimSize(kHead)) << "x"
                             << sizeText(rows) << "xk, got " << i;
  return success();
}

LogicalResult shared::verifyBlock(Operation *op, int64_t block) {
  if (block < 4 || block > 128)
    return op->emitOpError()
           << "block must be between 4 and 128, got " << block;
  return success();
}

LogicalResult shared::verifyScale(Operation *op,
                                  std::optional<llvm::APFloat> scale) {
  if (scale && !std::isfinite(static_cast<float>(scale->convertToDouble())))
    return op->emitOpError() << "scale must be finite in float32, got "
                             << scale->convertToDouble();
  return success();
}

FailureOr<RankedTensorType> shared::inferFrom(std::optional<Location> loc,
                                              Value value, StringRef what) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (type && type.getRank() == 4)
    return type;
  return emitOptionalError(loc, what, " must have rank 4 [B, H, N, D], got ",
                           value.getType());
}

void shared::inferAttention(RankedTensorType query,
                            SmallVectorImpl<Type> &types) {
  types.push_back(query);
  types.push_back(RankedTensorType::get(query.getShape().drop_back(),
                                        Float32Type::get(query.getContext())));
}

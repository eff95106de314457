//===- LLSAOps.cpp - shape inference and verifiers of llsa ops ------------===//
//
// The labels (pool_c1, ...) are the constraints' numbers in LLSAOps.td and the
// names of the cases in test/dialects/llsa/invalid.mlir. `llsa.attend` and
// `llsa.attention` are in LLSAAttention.cpp, gradients in LLSAGradOps.cpp.
//
//===----------------------------------------------------------------------===//

#include "dialects/llsa/LLSAOps.h"
#include "dialects/llsa/LLSAVerify.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace llsa;
using namespace llsa::shared;

int64_t llsa::ceilDivSize(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) ? a : llvm::divideCeil(a, b);
}

//===----------------------------------------------------------------------===//
// pool
//===----------------------------------------------------------------------===//

LogicalResult PoolOp::inferReturnTypes(MLIRContext *context,
                                       std::optional<Location> loc,
                                       Adaptor adaptor,
                                       SmallVectorImpl<Type> &types) {
  FailureOr<RankedTensorType> x =
      inferFrom(loc, adaptor.getInput(), "'llsa.pool' op input");
  if (failed(x)) // pool_c1
    return failure();
  int64_t block = adaptor.getBlock();
  if (block < 4 || block > 128) // pool_c2: dividing by 0 must not come first
    return emitOptionalError(
        loc, "'llsa.pool' op block must be between 4 and 128, got ", block);
  SmallVector<int64_t> shape(x->getShape());
  shape[kToken] = ceilDivSize(shape[kToken], block);
  types.push_back(RankedTensorType::get(shape, x->getElementType())); // pool_c3
  return success();
}

LogicalResult PoolOp::verify() {
  if (failed(verifyTokens(*this, getInput(), "input"))) // pool_c1
    return failure();
  return verifyBlock(*this, getBlock()); // pool_c2
}

//===----------------------------------------------------------------------===//
// widen
//===----------------------------------------------------------------------===//

LogicalResult WidenOp::inferReturnTypes(MLIRContext *context,
                                        std::optional<Location> loc,
                                        Adaptor adaptor,
                                        SmallVectorImpl<Type> &types) {
  Type f32 = Float32Type::get(context), input = adaptor.getInput().getType();
  auto shaped = dyn_cast<RankedTensorType>(input); // widen_c1
  types.push_back(shaped ? Type(shaped.clone(f32)) : f32);
  return success();
}

//===----------------------------------------------------------------------===//
// select
//===----------------------------------------------------------------------===//

LogicalResult SelectOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  FailureOr<RankedTensorType> q =
      inferFrom(loc, adaptor.getQuery(), "'llsa.select' op query");
  if (failed(q)) // select_c1
    return failure();
  int64_t topk = adaptor.getTopk();
  if (topk < 1 || topk > LLSADialect::kMaxTokens) // select_c2
    return emitOptionalError(loc,
                             "'llsa.select' op topk must be between 1 and ",
                             LLSADialect::kMaxTokens, ", got ", topk);
  types.push_back(
      RankedTensorType::get({q->getDimSize(kBatch), q->getDimSize(kHead),
                             q->getDimSize(kToken), topk},
                            IntegerType::get(context, 32))); // select_c5
  return success();
}

LogicalResult SelectOp::verify() {
  if (failed(verifyHeads(*this, getQuery(), getKeys(), "keys"))) // select_c1
    return failure();
  if (static_cast<bool>(getWithin()) != getBlock().has_value()) // select_c3
    return emitOpError()
           << "block must be given exactly when a coarser selection is";
  if (getWithin() &&
      (failed(verifyBlock(*this, *getBlock())) || // select_c3
       failed(verifyIndexRows(*this, getWithin(), getQuery(), *getBlock(),
                              "within")))) // select_c4
    return failure();
  return verifySizes(*this, getType(), "result"); // select_c5
}

//===----------------------------------------------------------------------===//
// invert_indices
//===----------------------------------------------------------------------===//

LogicalResult InvertIndicesOp::inferReturnTypes(MLIRContext *context,
                                                std::optional<Location> loc,
                                                Adaptor adaptor,
                                                SmallVectorImpl<Type> &types) {
  FailureOr<RankedTensorType> i =
      inferFrom(loc, adaptor.getIndices(), "'llsa.invert_indices' op indices");
  if (failed(i)) // invert_indices_c1
    return failure();
  FailureOr<RankedTensorType> k =
      inferFrom(loc, adaptor.getKeys(), "'llsa.invert_indices' op keys");
  if (failed(k)) // invert_indices_c1
    return failure();
  int64_t keys = k->getDimSize(kToken), rows = i->getDimSize(kToken),
          perRow = i->getDimSize(3);
  if (std::optional<int64_t> block = adaptor.getBlock()) {
    if (*block < 4 || *block > 128) // invert_indices_c4: before it divides
      return emitOptionalError(loc,
                               "'llsa.invert_indices' op block must be between "
                               "4 and 128, got ",
                               *block);
    keys = ceilDivSize(keys, *block);
  }
  int64_t offsets = ShapedType::isDynamic(keys) ? keys : keys + 1;
  int64_t entries = ShapedType::kDynamic;
  if (!ShapedType::isDynamic(rows) && !ShapedType::isDynamic(perRow) &&
      (llvm::MulOverflow(rows, perRow, entries) ||
       entries > std::numeric_limits<int32_t>::max())) // invert_indices_c3
    return emitOptionalError(
        loc, "'llsa.invert_indices' op indices must have at most ",
        std::numeric_limits<int32_t>::max(), " entries per head, got ", *i);
  Type i32 = IntegerType::get(context, 32);
  int64_t batch = i->getDimSize(kBatch), heads = i->getDimSize(kHead);
  types.push_back(
      RankedTensorType::get({batch, heads, offsets}, i32)); // invert_indices_c2
  types.push_back(RankedTensorType::get({batch, heads, entries}, i32));
  return success();
}

LogicalResult InvertIndicesOp::verify() {
  RankedTensorType i = tensorOf(getIndices()), k = tensorOf(getKeys());
  if (i.getRank() != 4) // invert_indices_c1
    return emitOpError() << "indices must have rank 4 [B, H, M, k], got " << i;
  if (failed(verifySizes(*this, i, "indices")) ||
      failed(verifyTokens(*this, getKeys(), "keys"))) // invert_indices_c1
    return failure();
  int64_t b = i.getDimSize(kBatch), c = k.getDimSize(kBatch);
  if (!agree(b, c)) // invert_indices_c1
    return emitOpError() << "keys must have the indices' batch " << b
                         << ", got " << c;
  int64_t h = i.getDimSize(kHead), g = k.getDimSize(kHead);
  if (!ShapedType::isDynamic(h) && !ShapedType::isDynamic(g) &&
      h % g != 0) // invert_indices_c1
    return emitOpError() << "heads of keys must divide the indices' " << h
                         << " heads, got " << g;
  return success();
}

//===----------------------------------------------------------------------===//
// linear_attend
//===----------------------------------------------------------------------===//

LogicalResult LinearAttendOp::inferReturnTypes(MLIRContext *context,
                                               std::optional<Location> loc,
                                               Adaptor adaptor,
                                               SmallVectorImpl<Type> &types) {
  FailureOr<RankedTensorType> q =
      inferFrom(loc, adaptor.getQuery(), "'llsa.linear_attend' op query");
  if (failed(q)) // linear_attend_c1
    return failure();
  types.push_back(*q); // linear_attend_c2
  return success();
}

LogicalResult LinearAttendOp::verify() { // linear_attend_c1
  return verifyQueryKeysValues(*this, getQuery(), getKeys(), getValues());
}

//===----------------------------------------------------------------------===//
// launch
//===----------------------------------------------------------------------===//

LogicalResult LaunchOp::verify() {
  if (getName().empty()) // launch_c3
    return emitOpError() << "name must not be empty";
  return success();
}

// Behind the traits' region checks: the body is one block that ends in a yield.
LogicalResult LaunchOp::verifyRegions() {
  auto yield = cast<YieldOp>(getBody().front().getTerminator());
  if (yield.getOperandTypes() != getResultTypes()) // launch_c1
    return emitOpError() << "must yield its results' types ("
                         << getResultTypes() << "), got ("
                         << yield.getOperandTypes() << ")";
  if (getBody().front().without_terminator().empty()) // launch_c2
    return emitOpError() << "must hold at least one op";
  return success();
}

#define GET_OP_CLASSES
#include "dialects/llsa/LLSAOps.cpp.inc"

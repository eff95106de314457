//===- LLSAGradOps.cpp - shape inference and verifiers of gradients -------===//
//
// The labels (unpool_c1, ...) are the constraints' numbers in LLSAGradOps.td
// and the names of the cases in test/dialects/llsa/invalid-grad.mlir.
//
//===----------------------------------------------------------------------===//

#include "dialects/llsa/LLSAVerify.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::shared;

/// A value of the query's type, if it is there.
static LogicalResult verifyLikeQuery(Operation *op, Value query, Value value,
                                     StringRef name) {
  if (!value || value.getType() == query.getType())
    return success();
  return op->emitOpError() << name << " must have the query's type "
                           << query.getType() << ", got " << value.getType();
}

static LogicalResult verifyRest(AttendQueryGradOp op) {
  RankedTensorType expected = restTypeOf(tensorOf(op.getQuery()));
  if (!op.getRest() || op.getRest().getType() == expected)
    return success();
  return op.emitOpError() << "rest must have the type " << expected << ", got "
                          << op.getRest().getType();
}

/// One number per query, if it is there.
static LogicalResult verifyRows(Operation *op, Value query, Value rows,
                                StringRef name) {
  if (!rows)
    return success();
  auto expected = RankedTensorType::get(tensorOf(query).getShape().drop_back(),
                                        Float32Type::get(op->getContext()));
  if (rows.getType() == expected)
    return success();
  return op->emitOpError() << name << " must have the type " << expected
                           << ", got " << rows.getType();
}

/// A gradient: as large as `value`, of its type or of f32.
static LogicalResult verifyGradient(Operation *op, Value value, Value gradient,
                                    StringRef name) {
  RankedTensorType type = tensorOf(value), got = tensorOf(gradient);
  if (got.getShape() == type.getShape() &&
      (got.getElementType() == type.getElementType() ||
       got.getElementType().isF32()))
    return success();
  return op->emitOpError() << name << " must have the type " << type
                           << " or its sizes and f32, got " << got;
}

//===----------------------------------------------------------------------===//
// attend_query_grad
//===----------------------------------------------------------------------===//

Value AttendQueryGradOp::getIndicesOf(unsigned i) {
  return indicesOfSource(getSources(), getIndices(), i);
}

std::optional<int64_t> AttendQueryGradOp::getBaseTokens() {
  return baseTokensOf(getSources(), getKeys());
}

LogicalResult AttendQueryGradOp::verify() {
  if (failed(verifySources(*this, getQuery(), getKeys(), getValues(),
                           getIndices(), getSources())) ||
      failed(verifyScale(*this, getScale()))) // attend_query_grad_c1
    return failure();
  if (failed(verifyLikeQuery(*this, getQuery(), getOutput(), "output")) ||
      failed(verifyRest(*this)) ||
      failed(verifyLikeQuery(*this, getQuery(), getOutputGrad(), "gradient")) ||
      failed(verifyRows(*this, getQuery(), getLse(), "lse")) ||
      failed(verifyRows(*this, getQuery(), getLseGrad(), "lse_gradient")) ||
      failed(verifyRows(*this, getQuery(), getDelta(),
                        "delta"))) // attend_query_grad_c2
    return failure();
  bool hasOutput = static_cast<bool>(getOutput());
  if (static_cast<bool>(getOutputGrad()) != hasOutput ||
      (getRest() && !hasOutput)) // attend_query_grad_c5
    return emitOpError() << "output and gradient must be given together, and "
                            "rest with them alone";
  if (!hasOutput && !getLseGrad()) // attend_query_grad_c5
    return emitOpError() << "needs the gradient of the output or of the lse";
  return verifyGradient(*this, getQuery(), getQueryGrad(),
                        "the query's gradient"); // attend_query_grad_c3
}

LogicalResult AttendQueryGradOp::verifyRegions() {
  if (failed(verifyScoreAndMask(*this, getScore(),
                                getMask()))) // attend_query_grad_c1
    return failure();
  return verifyDerivative(*this, getScore(),
                          getDerivative()); // attend_query_grad_c4
}

LogicalResult AttendQueryGradOp::verifySymbolUses(
    SymbolTableCollection &symbols) { // attend_query_grad_c1
  return verifyRegionCalls(*this, symbols);
}

//===----------------------------------------------------------------------===//
// attend_key_grad
//===----------------------------------------------------------------------===//

/// `[B, H, count]`, where B and H are the query's.
static LogicalResult verifyTransposed(AttendKeyGradOp op, Value value,
                                      StringRef name, int64_t count) {
  RankedTensorType type = tensorOf(value), query = tensorOf(op.getQuery());
  if (type.getRank() == 3 &&
      agree(type.getDimSize(0), query.getDimSize(kBatch)) &&
      agree(type.getDimSize(1), query.getDimSize(kHead)) &&
      agree(type.getDimSize(2), count))
    return success();
  auto expected = RankedTensorType::get(
      {query.getDimSize(kBatch), query.getDimSize(kHead), count},
      type.getElementType());
  return op.emitOpError() << name << " must have the type " << expected
                          << ", got " << type;
}

LogicalResult AttendKeyGradOp::verify() {
  if (failed(
          verifyQueryKeysValues(*this, getQuery(), getKeys(), getValues())) ||
      failed(verifyScale(*this, getScale()))) // attend_key_grad_c1
    return failure();
  SourceAttr source = getSource();
  if (failed(verifySource(*this, source))) // attend_key_grad_c2
    return failure();
  if (getTokens().has_value() != (source.getSpan() != 0)) // attend_key_grad_c2
    return emitOpError() << "tokens must be given exactly when a span is";
  if (getTokens() &&
      (*getTokens() < 1 || *getTokens() > LLSADialect::kMaxSpan)) // ..._c2
    return emitOpError() << "tokens must be between 1 and "
                         << LLSADialect::kMaxSpan << ", got " << *getTokens();
  if (failed(verifyKeyCount(*this, 0, source, getKeys(),
                            getTokens()))) // attend_key_grad_c2
    return failure();
  bool isGathered = source.getKind() == SourceKind::Gathered;
  if (static_cast<bool>(getOffsets()) != isGathered ||
      static_cast<bool>(getRows()) != isGathered) // attend_key_grad_c3
    return emitOpError() << "offsets and rows must be given exactly for a "
                            "gathered source";
  if (isGathered) { // attend_key_grad_c3
    int64_t blocks =
        ceilDivSize(tensorOf(getKeys()).getDimSize(kToken), source.getBlock());
    int64_t offsets = ShapedType::isDynamic(blocks) ? blocks : blocks + 1;
    if (failed(verifyTransposed(*this, getOffsets(), "offsets", offsets)) ||
        failed(
            verifyTransposed(*this, getRows(), "rows", ShapedType::kDynamic)))
      return failure();
  }
  if (failed(verifyLikeQuery(*this, getQuery(), getOutputGrad(), "gradient")) ||
      failed(verifyRows(*this, getQuery(), getLse(), "lse")) ||
      failed(verifyRows(*this, getQuery(), getDelta(),
                        "delta"))) // attend_key_grad_c4
    return failure();
  if (getKeysGrad().getType() != getValuesGrad().getType()) // ..._c5
    return emitOpError() << "gradients of keys and values must have one type, "
                            "got "
                         << getKeysGrad().getType() << " and "
                         << getValuesGrad().getType();
  return verifyGradient(*this, getKeys(), getKeysGrad(),
                        "the keys' gradient"); // attend_key_grad_c5
}

LogicalResult AttendKeyGradOp::verifyRegions() {
  if (failed(verifyScoreAndMask(*this, getScore(),
                                getMask()))) // attend_key_grad_c1
    return failure();
  return verifyDerivative(*this, getScore(),
                          getDerivative()); // attend_key_grad_c6
}

LogicalResult AttendKeyGradOp::verifySymbolUses(
    SymbolTableCollection &symbols) { // attend_key_grad_c1
  return verifyRegionCalls(*this, symbols);
}

//===----------------------------------------------------------------------===//
// attend_bias_grad
//===----------------------------------------------------------------------===//

Value AttendBiasGradOp::getIndicesOf(unsigned i) {
  return indicesOfSource(getSources(), getIndices(), i);
}

std::optional<int64_t> AttendBiasGradOp::getBaseTokens() {
  return baseTokensOf(getSources(), getKeys());
}

SmallVector<ValueRange> AttendBiasGradOp::getReadsOfRegion() {
  SmallVector<ValueRange> reads;
  size_t each = 1 + tensorOf(getBiasGrad()).getRank();
  for (ValueRange rest = getReads().front().getTerminator()->getOperands();
       !rest.empty(); rest = rest.drop_front(each))
    reads.push_back(rest.take_front(each));
  return reads;
}

LogicalResult AttendBiasGradOp::verify() {
  if (failed(verifySources(*this, getQuery(), getKeys(), getValues(),
                           getIndices(), getSources())) ||
      failed(verifyScale(*this, getScale()))) // attend_bias_grad_c1
    return failure();
  return failure(
      failed(verifyLikeQuery(*this, getQuery(), getOutputGrad(), "gradient")) ||
      failed(verifyRows(*this, getQuery(), getLse(), "lse")) ||
      failed(verifyRows(*this, getQuery(), getDelta(),
                        "delta"))); // attend_bias_grad_c2
}

LogicalResult AttendBiasGradOp::verifyRegions() {
  if (failed(verifyScoreAndMask(*this, getScore(),
                                getMask()))) // attend_bias_grad_c1
    return failure();
  return verifyReads(*this, getReads(),
                     tensorOf(getBiasGrad()).getRank()); // ..._c3
}

LogicalResult AttendBiasGradOp::verifySymbolUses(
    SymbolTableCollection &symbols) { // attend_bias_grad_c1
  return verifyRegionCalls(*this, symbols);
}

//===----------------------------------------------------------------------===//
// unpool
//===----------------------------------------------------------------------===//

LogicalResult UnpoolOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  FailureOr<RankedTensorType> g =
      inferFrom(loc, adaptor.getGradient(), "'llsa.unpool' op gradient");
  if (failed(g)) // unpool_c1
    return failure();
  SmallVector<int64_t> shape(g->getShape());
  shape[kToken] = adaptor.getTokens();
  types.push_back(RankedTensorType::get(shape, g->getElementType()));
  return success();
}

LogicalResult UnpoolOp::verify() {
  if (failed(verifyTokens(*this, getGradient(), "gradient"))) // unpool_c1
    return failure();
  int64_t tokens = getTokens(), block = getBlock();
  if (failed(verifyBlock(*this, block))) // unpool_c2
    return failure();
  if (tokens < 1 || tokens > LLSADialect::kMaxTokens) // unpool_c2
    return emitOpError() << "tokens must be between 1 and "
                         << LLSADialect::kMaxTokens << ", got " << tokens;
  int64_t count = tensorOf(getGradient()).getDimSize(kToken);
  if (!agree(count, ceilDivSize(tokens, block))) // unpool_c3
    return emitOpError() << "gradient must have " << ceilDivSize(tokens, block)
                         << " tokens (" << tokens << " tokens, block " << block
                         << "), got " << count;
  return success();
}

//===----------------------------------------------------------------------===//
// linear_attend_grad
//===----------------------------------------------------------------------===//

LogicalResult LinearAttendGradOp::inferReturnTypes(
    MLIRContext *context, std::optional<Location> loc, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  for (Value operand :
       {adaptor.getQuery(), adaptor.getKeys(), adaptor.getValues()}) {
    FailureOr<RankedTensorType> type =
        inferFrom(loc, operand, "'llsa.linear_attend_grad' op operand");
    if (failed(type)) // linear_attend_grad_c1
      return failure();
    types.push_back(type->clone(Float32Type::get(context))); // ..._c2
  }
  return success();
}

LogicalResult LinearAttendGradOp::verify() { // linear_attend_grad_c1
  return verifyQueryKeysValues(*this, getQuery(), getKeys(), getValues());
}

//===----------------------------------------------------------------------===//
// Canonicalization: a gradient that is only rounded is made rounded
//===----------------------------------------------------------------------===//

namespace {
/// What rounds all of `values`, each of which is used by that alone; empty
/// when they are not all rounded to `type`.
SmallVector<arith::TruncFOp> roundingsOf(ValueRange values, Type type) {
  SmallVector<arith::TruncFOp> roundings;
  for (Value value : values) {
    if (value.use_empty())
      continue;
    auto rounding = dyn_cast<arith::TruncFOp>(*value.user_begin());
    if (!value.hasOneUse() || !rounding || rounding.getRoundingmode() ||
        rounding.getType() != type)
      return {};
    roundings.push_back(rounding);
  }
  return roundings;
}

template <typename OpT> struct RoundGradients : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    Type type;
    SmallVector<Value> gradients;
    if constexpr (std::is_same_v<OpT, AttendKeyGradOp>) {
      type = op.getKeys().getType();
      gradients = {op.getKeysGrad(), op.getValuesGrad()};
    } else {
      type = op.getQuery().getType();
      gradients = {op.getQueryGrad()};
    }
    SmallVector<arith::TruncFOp> roundings = roundingsOf(gradients, type);
    if (roundings.empty())
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      for (Value gradient : gradients)
        gradient.setType(type);
    });
    for (arith::TruncFOp rounding : roundings)
      rewriter.replaceOp(rounding, rounding.getIn());
    return success();
  }
};
} // namespace

void AttendQueryGradOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                    MLIRContext *context) {
  patterns.add<RoundGradients<AttendQueryGradOp>>(context);
}

void AttendKeyGradOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                  MLIRContext *context) {
  patterns.add<RoundGradients<AttendKeyGradOp>>(context);
}

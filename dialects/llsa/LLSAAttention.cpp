//===- LLSAAttention.cpp - verifiers of llsa.attend and llsa.attention ----===//
//
// The labels (attend_c1, ...) are the constraints' numbers in LLSAOps.td and
// the names of the cases in test/dialects/llsa/invalid*.mlir.
//
//===----------------------------------------------------------------------===//

#include "dialects/llsa/LLSAVerify.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace llsa;
using namespace llsa::shared;

//===----------------------------------------------------------------------===//
// score and mask regions
//===----------------------------------------------------------------------===//

/// One op of a score or mask region: arith, math, tensor.extract, llsa.widen or
/// a call, with scalar results, that captures tensors and constants alone.
static LogicalResult verifyRegionOp(Operation *op, Region &region,
                                    StringRef name, Operation &inner) {
  StringRef dialect = inner.getName().getDialectNamespace();
  StringRef opName = inner.getName().getStringRef();
  if (dialect != "arith" && dialect != "math" && opName != "tensor.extract" &&
      opName != "func.call" && !isa<WidenOp>(inner))
    return op->emitOpError()
           << name
           << " region may hold arith, math, tensor.extract, llsa.widen and "
              "func.call ops, got '"
           << opName << "'";
  for (Type type : inner.getResultTypes())
    if (!type.isIntOrIndexOrFloat())
      return op->emitOpError() << name << " region must compute scalars, got '"
                               << opName << "' of type " << type;
  return success();
}

/// Values from outside are tensors, which tensor.extract reads, or constants.
static LogicalResult verifyCaptures(Operation *op, Region &region,
                                    StringRef name, Operation &inner) {
  for (Value operand : inner.getOperands()) {
    if (operand.getParentRegion() == &region ||
        isa<RankedTensorType>(operand.getType()) ||
        matchPattern(operand, m_Constant()))
      continue;
    return op->emitOpError()
           << name << " region may capture tensors and constants, got a "
           << operand.getType() << " in '" << inner.getName() << "'";
  }
  return success();
}

/// A `score` or `mask` region or a gradient's: its arguments and its ops.
static LogicalResult verifyRegionBody(Operation *op, Region &region,
                                      StringRef name) {
  Type f32 = Float32Type::get(op->getContext());
  SmallVector<Type> expected(6, IndexType::get(op->getContext()));
  expected[0] = f32;
  if (name == "derivative" || name == "reads")
    expected.push_back(f32);
  Block &block = region.front();
  if (!llvm::equal(block.getArgumentTypes(), expected))
    return op->emitOpError()
           << name << " region must take (" << TypeRange(expected) << "), got ("
           << block.getArgumentTypes() << ")";
  for (Operation &inner : block.without_terminator())
    if (failed(verifyRegionOp(op, region, name, inner)))
      return failure();
  for (Operation &inner : block)
    if (failed(verifyCaptures(op, region, name, inner)))
      return failure();
  return success();
}

/// A region that yields one `resultType`, if it is there.
static LogicalResult verifyScoreRegion(Operation *op, Region &region,
                                       StringRef name, Type resultType) {
  if (region.empty())
    return success();
  Block &block = region.front();
  auto yield = dyn_cast<YieldOp>(block.back());
  if (!yield || yield.getNumOperands() != 1 ||
      yield.getOperand(0).getType() != resultType) {
    InFlightDiagnostic diagnostic =
        op->emitOpError() << name << " region must yield one " << resultType;
    if (yield)
      diagnostic << ", got (" << yield.getOperandTypes() << ")";
    return diagnostic;
  }
  return verifyRegionBody(op, region, name);
}

LogicalResult shared::verifyReads(Operation *op, Region &reads, int64_t rank) {
  SmallVector<Type> each(rank + 1, IndexType::get(op->getContext()));
  each[0] = Float32Type::get(op->getContext());
  auto yield = dyn_cast<YieldOp>(reads.front().back());
  ArrayRef<Type> got;
  SmallVector<Type> types;
  if (yield) {
    types.assign(yield->operand_type_begin(), yield->operand_type_end());
    got = types;
  }
  bool fits = !got.empty() && got.size() % each.size() == 0;
  for (ArrayRef<Type> rest = got; fits && !rest.empty();
       rest = rest.drop_front(each.size()))
    fits = rest.take_front(each.size()) == ArrayRef(each);
  if (!fits)
    return op->emitOpError()
           << "reads region must yield (" << TypeRange(each)
           << ") once or more, got (" << TypeRange(types) << ")";
  return verifyRegionBody(op, reads, "reads");
}

LogicalResult shared::verifyScoreAndMask(Operation *op, Region &score,
                                         Region &mask) {
  return failure(failed(verifyScoreRegion(
                     op, score, "score", Float32Type::get(op->getContext()))) ||
                 failed(verifyScoreRegion(
                     op, mask, "mask", IntegerType::get(op->getContext(), 1))));
}

LogicalResult shared::verifyRegionCalls(Operation *op,
                                        SymbolTableCollection &symbols) {
  WalkResult result = op->walk([&](CallOpInterface call) {
    auto symbol = dyn_cast<SymbolRefAttr>(call.getCallableForCallee());
    Operation *callee =
        symbol ? symbols.lookupNearestSymbolFrom(op, symbol) : nullptr;
    if (!callee || callee->hasAttr("llsa.device_function"))
      return WalkResult::advance();
    op->emitOpError() << "score and mask regions may call functions with "
                         "llsa.device_function, got "
                      << symbol;
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

LogicalResult shared::verifyDerivative(Operation *op, Region &score,
                                       Region &derivative) {
  if (score.empty() != derivative.empty())
    return op->emitOpError()
           << "derivative must be given exactly when a score region is";
  return verifyScoreRegion(op, derivative, "derivative",
                           Float32Type::get(op->getContext()));
}

//===----------------------------------------------------------------------===//
// attend
//===----------------------------------------------------------------------===//

Value shared::indicesOfSource(ArrayAttr sources, OperandRange indices,
                              unsigned i) {
  auto isGathered = [&](unsigned j) {
    return cast<SourceAttr>(sources[j]).getKind() == SourceKind::Gathered;
  };
  unsigned position = 0;
  for (unsigned j = 0; j < i; ++j)
    position += isGathered(j);
  return isGathered(i) ? indices[position] : Value();
}

std::optional<int64_t> shared::baseTokensOf(ArrayAttr sources,
                                            OperandRange keys) {
  for (auto [source, key] : llvm::zip(sources.getAsRange<SourceAttr>(), keys)) {
    if (source.getSpan() != 0)
      continue;
    int64_t count = tensorOf(key).getDimSize(kToken);
    return ShapedType::isDynamic(count) ? std::nullopt : std::optional(count);
  }
  return std::nullopt;
}

Value AttendOp::getIndicesOf(unsigned i) {
  return indicesOfSource(getSources(), getIndices(), i);
}

std::optional<int64_t> AttendOp::getBaseTokens() {
  return baseTokensOf(getSources(), getKeys());
}

LogicalResult AttendOp::inferReturnTypes(MLIRContext *context,
                                         std::optional<Location> loc,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  FailureOr<RankedTensorType> q =
      inferFrom(loc, adaptor.getQuery(), "'llsa.attend' op query");
  if (failed(q)) // attend_c1
    return failure();
  inferAttention(*q, types); // attend_c10
  if (adaptor.getKeepRest())
    types.push_back(restTypeOf(*q)); // attend_c11
  return success();
}

LogicalResult shared::verifySource(Operation *op, SourceAttr source) {
  if (source.getKind() == SourceKind::Gathered) { // attend_c4
    if (failed(verifyBlock(op, source.getBlock())))
      return failure();
    if (source.getEvery() < 1)
      return op->emitOpError()
             << "every must be at least 1, got " << source.getEvery();
  }
  for (auto [name, reach] :
       {std::pair<StringRef, int64_t>{"before", source.getBefore()},
        {"after", source.getAfter()}})
    if (reach < 0 || reach > LLSADialect::kMaxTokens) // attend_c5
      return op->emitOpError() << name << " of a window must be between 0 and "
                               << LLSADialect::kMaxTokens << ", got " << reach;
  double weight = source.getWeight().getValueAsDouble();
  if (float rounded = weight;
      !(rounded > 0) || !std::isfinite(rounded)) // attend_c6
    return op->emitOpError()
           << "weight must be positive and finite in float32, got " << weight;
  if (source.getSpan() < 0 ||
      source.getSpan() > LLSADialect::kMaxSpan) // attend_c6
    return op->emitOpError()
           << "span must be between 1 and " << LLSADialect::kMaxSpan << ", got "
           << source.getSpan();
  return success();
}

LogicalResult shared::verifyKeyCount(Operation *op, unsigned i,
                                     SourceAttr source, Value keys,
                                     std::optional<int64_t> tokens) {
  int64_t count = tensorOf(keys).getDimSize(kToken);
  int64_t span = std::max<int64_t>(source.getSpan(), 1);
  if (ShapedType::isDynamic(count))
    return success();
  if (tokens && source.getSpan() != 0 &&
      count != ceilDivSize(*tokens, span)) // attend_c7
    return op->emitOpError()
           << "source " << i << " must have " << ceilDivSize(*tokens, span)
           << " keys (" << *tokens << " tokens, span " << span << "), got "
           << count;
  // Neither factor exceeds 2^35: the quotient says it without overflow.
  if (count - 1 > (LLSADialect::kMaxTokens - 1) / span) // attend_c6
    return op->emitOpError()
           << "source " << i << " must begin its last key below token "
           << LLSADialect::kMaxTokens << ", got " << count << " keys of span "
           << span;
  return success();
}

LogicalResult shared::verifySources(Operation *op, Value query,
                                    OperandRange allKeys,
                                    OperandRange allValues,
                                    OperandRange indices, ArrayAttr sources) {
  size_t count = sources.size();
  if (count == 0) // attend_c3
    return op->emitOpError() << "needs at least one source";
  size_t gathered =
      llvm::count_if(sources.getAsRange<SourceAttr>(), [](SourceAttr source) {
        return source.getKind() == SourceKind::Gathered;
      });
  if (allKeys.size() != count || allValues.size() != count ||
      indices.size() != gathered) // attend_c3
    return op->emitOpError() << "needs keys and values for each of " << count
                             << " sources and indices for each of " << gathered
                             << " gathered ones, got " << allKeys.size() << ", "
                             << allValues.size() << " and " << indices.size();
  for (unsigned i = 0; i < count; ++i) {
    Value keys = allKeys[i], values = allValues[i];
    auto source = cast<SourceAttr>(sources[i]);
    if (failed(verifyHeads(op, query, keys, "keys"))) // attend_c1
      return failure();
    if (values.getType() != keys.getType()) // attend_c2
      return op->emitOpError()
             << "source " << i << " must have keys and values of one type, got "
             << keys.getType() << " and " << values.getType();
    if (failed(verifySource(op, source)))
      return failure();
    if (Value rows = indicesOfSource(sources, indices, i)) // attend_c4
      if (failed(
              verifyIndexRows(op, rows, query, source.getEvery(), "indices")))
        return failure();
  }
  std::optional<int64_t> tokens = baseTokensOf(sources, allKeys);
  for (unsigned i = 0; i < count; ++i)
    if (failed(verifyKeyCount(op, i, cast<SourceAttr>(sources[i]), allKeys[i],
                              tokens)))
      return failure();
  return success();
}

LogicalResult AttendOp::verify() {
  if (failed(verifySources(*this, getQuery(), getKeys(), getValues(),
                           getIndices(), getSources())))
    return failure();
  Type element = tensorOf(getQuery()).getElementType();
  if (getKeepRest() && element.isF32()) // attend_c11
    return emitOpError() << "rest is given for bf16 and f16 alone, got "
                         << element;
  return verifyScale(*this, getScale()); // attend_c9
}

LogicalResult AttendOp::verifyRegions() { // attend_c8
  return verifyScoreAndMask(*this, getScore(), getMask());
}

LogicalResult
AttendOp::verifySymbolUses(SymbolTableCollection &symbols) { // attend_c8
  return verifyRegionCalls(*this, symbols);
}

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *context,
                                            std::optional<Location> loc,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  FailureOr<RankedTensorType> q =
      inferFrom(loc, adaptor.getQuery(), "'llsa.attention' op query");
  if (failed(q)) // attention_c1
    return failure();
  inferAttention(*q, types); // attention_c4
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyQueryKeysValues(*this, getQuery(), getKeys(),
                                   getValues()))) // attention_c1
    return failure();
  return verifyScale(*this, getScale()); // attention_c2
}

LogicalResult AttentionOp::verifyRegions() { // attention_c3
  return verifyScoreAndMask(*this, getScore(), getMask());
}

LogicalResult
AttentionOp::verifySymbolUses(SymbolTableCollection &symbols) { // attention_c3
  return verifyRegionCalls(*this, symbols);
}

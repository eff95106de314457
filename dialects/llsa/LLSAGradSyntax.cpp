//===- LLSAGradSyntax.cpp - text form of the attends' gradients -----------===//

#include "dialects/llsa/LLSASyntax.h"
#include "dialects/llsa/LLSAVerify.h"
#include "mlir/IR/Builders.h"
#include <optional>

using namespace mlir;
using namespace llsa;
using namespace llsa::shared;

using Operand = OpAsmParser::UnresolvedOperand;

static void printTypes(OpAsmPrinter &printer, ArrayRef<Type> types) {
  printer << " : ";
  llvm::interleaveComma(types, printer,
                        [&](Type type) { printer.printType(type); });
}

/// ` name %value`, if it is there.
static void printGiven(OpAsmPrinter &printer, StringRef name, Value value) {
  if (value)
    printer << " " << name << " " << value;
}

/// Parses that.
static ParseResult parseGiven(OpAsmParser &parser, StringRef name,
                              std::optional<Operand> &operand) {
  if (failed(parser.parseOptionalKeyword(name)))
    return success();
  return parser.parseOperand(operand.emplace());
}
static ParseResult resolveGiven(OpAsmParser &parser,
                                const std::optional<Operand> &operand,
                                Type type, OperationState &result) {
  return operand ? parser.resolveOperand(*operand, type, result.operands)
                 : ParseResult(success());
}

/// `[B, H, M]` of f32 for a query `[B, H, M, D]`.
static RankedTensorType rowsOf(RankedTensorType query) {
  return RankedTensorType::get(query.getShape().drop_back(),
                               Float32Type::get(query.getContext()));
}

/// `: types -> gradient`; `expected` types, the query's first, which is
/// returned. Null after an error.
static RankedTensorType parseGradTypes(OpAsmParser &parser, StringRef op,
                                       size_t expected,
                                       SmallVectorImpl<Type> &types,
                                       Type &gradient, SMLoc &loc) {
  loc = parser.getCurrentLocation();
  if (parser.parseColonTypeList(types))
    return {};
  if (types.size() != expected) {
    parser.emitError(loc, "expected ")
        << expected << " types (the query's, then each source's), got "
        << types.size();
    return {};
  }
  if (parser.parseArrow() || parser.parseType(gradient))
    return {};
  return queryType(parser, loc, op, types[0]);
}

/// `%query from dense(...), ...`
static ParseResult parseQueryAndSources(OpAsmParser &parser, Operand &query,
                                        ParsedSources &parsed) {
  return failure(parser.parseOperand(query) || parser.parseKeyword("from") ||
                 parser.parseCommaSeparatedList(
                     [&] { return parseSource(parser, parsed); }));
}

/// The sources, and how many operands there are of each: the query, those of
/// the sources, then `others`.
static void addSources(OpAsmParser &parser, const ParsedSources &parsed,
                       ArrayRef<int32_t> others, OperationState &result) {
  Builder &builder = parser.getBuilder();
  SmallVector<int32_t> sizes{1, static_cast<int32_t>(parsed.keys.size()),
                             static_cast<int32_t>(parsed.values.size()),
                             static_cast<int32_t>(parsed.indices.size())};
  sizes.append(others.begin(), others.end());
  result.addAttribute("sources", builder.getArrayAttr(parsed.sources));
  result.addAttribute("operandSegmentSizes",
                      builder.getDenseI32ArrayAttr(sizes));
}

/// The types, and with them the operands `query` and those of the sources; the
/// query's type, null after a diagnostic.
static RankedTensorType
resolveQueryAndSources(OpAsmParser &parser, StringRef op, const Operand &query,
                       ParsedSources &parsed, Type &gradient,
                       OperationState &result) {
  SmallVector<Type> types;
  SMLoc loc;
  RankedTensorType q =
      parseGradTypes(parser, op, 1 + parsed.numTypes(), types, gradient, loc);
  if (!q || parser.resolveOperand(query, q, result.operands) ||
      parsed.resolve(parser, ArrayRef(types).drop_front(), loc,
                     result.operands))
    return {};
  return q;
}

//===----------------------------------------------------------------------===//
// attend_query_grad
//===----------------------------------------------------------------------===//

void AttendQueryGradOp::print(OpAsmPrinter &printer) {
  SmallVector<Type> types{getQuery().getType()};
  printSources(printer, *this, types);
  printer.printNewline();
  printer << "   ";
  printGiven(printer, "output", getOutput());
  printGiven(printer, "rest", getRest());
  printGiven(printer, "lse", getLse());
  printGiven(printer, "gradient", getOutputGrad());
  printGiven(printer, "lse_gradient", getLseGrad());
  printScale(printer, getScale());
  printRegions(printer, {{"score", &getScore()},
                         {"mask", &getMask()},
                         {"derivative", &getDerivative()}});
  printer.printOptionalAttrDict((*this)->getAttrs(),
                                {"sources", "scale", "operandSegmentSizes"});
  printTypes(printer, types);
  printer << " -> " << getQueryGrad().getType();
}

ParseResult AttendQueryGradOp::parse(OpAsmParser &parser,
                                     OperationState &result) {
  Operand query, lse;
  std::optional<Operand> output, rest, gradient, lseGradient;
  ParsedSources parsed;
  if (parseQueryAndSources(parser, query, parsed) ||
      parseGiven(parser, "output", output) ||
      parseGiven(parser, "rest", rest) || parser.parseKeyword("lse") ||
      parser.parseOperand(lse) || parseGiven(parser, "gradient", gradient) ||
      parseGiven(parser, "lse_gradient", lseGradient) ||
      parseScale(parser, result) ||
      parseRegions(parser, result, {"score", "mask", "derivative"}) ||
      parseOtherAttributes(parser, result,
                           {"sources", "scale", "operandSegmentSizes"}))
    return failure();
  Type queryGrad;
  RankedTensorType q = resolveQueryAndSources(parser, "llsa.attend_query_grad",
                                              query, parsed, queryGrad, result);
  if (!q)
    return failure();
  RankedTensorType rows = rowsOf(q);
  if (resolveGiven(parser, output, q, result) ||
      resolveGiven(parser, rest, restTypeOf(q), result) ||
      parser.resolveOperand(lse, rows, result.operands) ||
      resolveGiven(parser, gradient, q, result) ||
      resolveGiven(parser, lseGradient, rows, result))
    return failure();
  addSources(parser, parsed,
             {output.has_value(), rest.has_value(), 1, gradient.has_value(),
              lseGradient.has_value()},
             result);
  result.addTypes({queryGrad, rows});
  return success();
}

//===----------------------------------------------------------------------===//
// attend_key_grad
//===----------------------------------------------------------------------===//

void AttendKeyGradOp::print(OpAsmPrinter &printer) {
  SmallVector<Type> types{getQuery().getType(), getKeys().getType(),
                          getValues().getType()};
  SmallVector<Value> by;
  for (Value index : {getOffsets(), getRows()})
    if (index) {
      by.push_back(index);
      types.push_back(index.getType());
    }
  printer << " " << getQuery() << " from ";
  printSource(printer, getSource(), getKeys(), getValues(), by);
  if (getTokens())
    printer << " tokens " << *getTokens();
  printer.printNewline();
  printer << "    lse " << getLse() << " delta " << getDelta();
  printGiven(printer, "gradient", getOutputGrad());
  printScale(printer, getScale());
  printRegions(printer, {{"score", &getScore()},
                         {"mask", &getMask()},
                         {"derivative", &getDerivative()}});
  printer.printOptionalAttrDict(
      (*this)->getAttrs(),
      {"source", "tokens", "scale", "operandSegmentSizes"});
  printTypes(printer, types);
  printer << " -> " << getKeysGrad().getType();
}

ParseResult AttendKeyGradOp::parse(OpAsmParser &parser,
                                   OperationState &result) {
  constexpr unsigned kIndices = 2; // offsets and rows
  Operand query, lse, delta;
  std::optional<Operand> gradient;
  ParsedSources parsed;
  if (parser.parseOperand(query) || parser.parseKeyword("from") ||
      parseSource(parser, parsed, kIndices))
    return failure();
  Builder &builder = parser.getBuilder();
  if (succeeded(parser.parseOptionalKeyword("tokens"))) {
    int64_t tokens;
    if (parser.parseInteger(tokens))
      return failure();
    result.addAttribute("tokens", builder.getI64IntegerAttr(tokens));
  }
  if (parser.parseKeyword("lse") || parser.parseOperand(lse) ||
      parser.parseKeyword("delta") || parser.parseOperand(delta) ||
      parseGiven(parser, "gradient", gradient) || parseScale(parser, result) ||
      parseRegions(parser, result, {"score", "mask", "derivative"}) ||
      parseOtherAttributes(
          parser, result, {"source", "tokens", "scale", "operandSegmentSizes"}))
    return failure();
  SmallVector<Type> types;
  Type keysGrad;
  SMLoc loc;
  RankedTensorType q =
      parseGradTypes(parser, "llsa.attend_key_grad", 1 + parsed.numTypes(),
                     types, keysGrad, loc);
  if (!q)
    return failure();
  RankedTensorType rows = rowsOf(q);
  if (parser.resolveOperand(query, q, result.operands) ||
      parsed.resolve(parser, ArrayRef(types).drop_front(), loc, result.operands,
                     kIndices) ||
      parser.resolveOperand(lse, rows, result.operands) ||
      parser.resolveOperand(delta, rows, result.operands) ||
      resolveGiven(parser, gradient, q, result))
    return failure();
  result.addAttribute("source", parsed.sources.front());
  int32_t given = parsed.indices.empty() ? 0 : 1;
  result.addAttribute("operandSegmentSizes",
                      builder.getDenseI32ArrayAttr(
                          {1, 1, 1, given, given, 1, 1, gradient.has_value()}));
  result.addTypes({keysGrad, keysGrad});
  return success();
}

//===----------------------------------------------------------------------===//
// attend_bias_grad
//===----------------------------------------------------------------------===//

void AttendBiasGradOp::print(OpAsmPrinter &printer) {
  SmallVector<Type> types{getQuery().getType()};
  printSources(printer, *this, types);
  printer.printNewline();
  printer << "    lse " << getLse() << " delta " << getDelta();
  printGiven(printer, "gradient", getOutputGrad());
  printScale(printer, getScale());
  printRegions(
      printer,
      {{"score", &getScore()}, {"mask", &getMask()}, {"reads", &getReads()}});
  printer.printOptionalAttrDict((*this)->getAttrs(),
                                {"sources", "scale", "operandSegmentSizes"});
  printTypes(printer, types);
  printer << " -> " << getBiasGrad().getType();
}

ParseResult AttendBiasGradOp::parse(OpAsmParser &parser,
                                    OperationState &result) {
  Operand query, lse, delta;
  std::optional<Operand> gradient;
  ParsedSources parsed;
  if (parseQueryAndSources(parser, query, parsed) ||
      parser.parseKeyword("lse") || parser.parseOperand(lse) ||
      parser.parseKeyword("delta") || parser.parseOperand(delta) ||
      parseGiven(parser, "gradient", gradient) || parseScale(parser, result) ||
      parseRegions(parser, result, {"score", "mask", "reads"}) ||
      parseOtherAttributes(parser, result,
                           {"sources", "scale", "operandSegmentSizes"}))
    return failure();
  Type biasGrad;
  RankedTensorType q = resolveQueryAndSources(parser, "llsa.attend_bias_grad",
                                              query, parsed, biasGrad, result);
  if (!q)
    return failure();
  RankedTensorType rows = rowsOf(q);
  if (parser.resolveOperand(lse, rows, result.operands) ||
      parser.resolveOperand(delta, rows, result.operands) ||
      resolveGiven(parser, gradient, q, result))
    return failure();
  addSources(parser, parsed, {1, 1, gradient.has_value()}, result);
  result.addTypes(biasGrad);
  return success();
}

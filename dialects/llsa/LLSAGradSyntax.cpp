//===- LLSAGradSyntax.cpp - text form of the attends' gradients -----------===//

#include "dialects/llsa/LLSASyntax.h"
#include "dialects/llsa/LLSAVerify.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::shared;

using Operand = OpAsmParser::UnresolvedOperand;

static void printTypes(OpAsmPrinter &printer, ArrayRef<Type> types) {
  printer << " : ";
  llvm::interleaveComma(types, printer,
                        [&](Type type) { printer.printType(type); });
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

//===----------------------------------------------------------------------===//
// attend_query_grad
//===----------------------------------------------------------------------===//

void AttendQueryGradOp::print(OpAsmPrinter &printer) {
  SmallVector<Type> types{getQuery().getType()};
  printSources(printer, *this, types);
  printer.printNewline();
  printer << "    output " << getOutput();
  if (getRest())
    printer << " rest " << getRest();
  printer << " lse " << getLse() << " gradient " << getOutputGrad();
  if (getLseGrad())
    printer << " lse_gradient " << getLseGrad();
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
  Operand query, output, rest, lse, gradient, lseGradient;
  ParsedSources parsed;
  if (parser.parseOperand(query) || parser.parseKeyword("from") ||
      parser.parseCommaSeparatedList(
          [&] { return parseSource(parser, parsed); }) ||
      parser.parseKeyword("output") || parser.parseOperand(output))
    return failure();
  bool hasRest = succeeded(parser.parseOptionalKeyword("rest"));
  if ((hasRest && parser.parseOperand(rest)) || parser.parseKeyword("lse") ||
      parser.parseOperand(lse) || parser.parseKeyword("gradient") ||
      parser.parseOperand(gradient))
    return failure();
  bool hasLseGradient = succeeded(parser.parseOptionalKeyword("lse_gradient"));
  if ((hasLseGradient && parser.parseOperand(lseGradient)) ||
      parseScale(parser, result) ||
      parseRegions(parser, result, {"score", "mask", "derivative"}) ||
      parseOtherAttributes(parser, result,
                           {"sources", "scale", "operandSegmentSizes"}))
    return failure();
  SmallVector<Type> types;
  Type queryGrad;
  SMLoc loc;
  RankedTensorType q =
      parseGradTypes(parser, "llsa.attend_query_grad", 1 + parsed.numTypes(),
                     types, queryGrad, loc);
  if (!q)
    return failure();
  RankedTensorType rows = rowsOf(q);
  if (parser.resolveOperand(query, q, result.operands) ||
      parsed.resolve(parser, ArrayRef(types).drop_front(), loc,
                     result.operands) ||
      parser.resolveOperand(output, q, result.operands) ||
      (hasRest && parser.resolveOperand(rest, q, result.operands)) ||
      parser.resolveOperand(lse, rows, result.operands) ||
      parser.resolveOperand(gradient, q, result.operands) ||
      (hasLseGradient &&
       parser.resolveOperand(lseGradient, rows, result.operands)))
    return failure();
  Builder &builder = parser.getBuilder();
  result.addAttribute("sources", builder.getArrayAttr(parsed.sources));
  result.addAttribute(
      "operandSegmentSizes",
      builder.getDenseI32ArrayAttr({1, static_cast<int32_t>(parsed.keys.size()),
                                    static_cast<int32_t>(parsed.values.size()),
                                    static_cast<int32_t>(parsed.indices.size()),
                                    1, hasRest, 1, 1, hasLseGradient}));
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
  printer << "    lse " << getLse() << " delta " << getDelta() << " gradient "
          << getOutputGrad();
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
  Operand query, lse, delta, gradient;
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
      parser.parseKeyword("gradient") || parser.parseOperand(gradient) ||
      parseScale(parser, result) ||
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
      parser.resolveOperand(gradient, q, result.operands))
    return failure();
  result.addAttribute("source", parsed.sources.front());
  int32_t given = parsed.indices.empty() ? 0 : 1;
  result.addAttribute(
      "operandSegmentSizes",
      builder.getDenseI32ArrayAttr({1, 1, 1, given, given, 1, 1, 1}));
  result.addTypes({keysGrad, keysGrad});
  return success();
}

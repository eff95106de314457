//===- LLSASyntax.cpp - text form of llsa.attend and llsa.attention -------===//

#include "dialects/llsa/LLSAVerify.h"
#include "mlir/IR/Builders.h"
#include <cstdio>
#include <cstdlib>

using namespace mlir;
using namespace llsa;
using namespace llsa::shared;

//===----------------------------------------------------------------------===//
// What both ops share
//===----------------------------------------------------------------------===//

/// Parses the attribute dictionary. Attributes that the op's own syntax writes
/// must not come a second time in it.
static ParseResult parseOtherAttributes(OpAsmParser &parser,
                                        OperationState &result,
                                        ArrayRef<StringRef> written) {
  NamedAttrList attributes;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOptionalAttrDict(attributes))
    return failure();
  for (StringRef name : written)
    if (attributes.get(name))
      return parser.emitError(loc, "'")
             << name << "' must not be given in the attributes: "
             << "the op's syntax has a place for it";
  result.attributes.append(attributes.begin(), attributes.end());
  return success();
}

static void printScoreAndMask(OpAsmPrinter &printer, Region &score,
                              Region &mask) {
  for (auto [name, region] :
       {std::pair<StringRef, Region *>{"score", &score}, {"mask", &mask}}) {
    if (region->empty())
      continue;
    printer.printNewline();
    printer << "    " << name << "(";
    llvm::interleaveComma(
        region->getArguments(), printer,
        [&](BlockArgument arg) { printer.printOperand(arg); });
    printer << ") ";
    printer.printRegion(*region, /*printEntryBlockArgs=*/false);
  }
}

/// Parses `score(%s, %b, ...) {...} mask(...) {...}`; types are known.
static ParseResult parseScoreAndMask(OpAsmParser &parser,
                                     OperationState &result) {
  Builder &builder = parser.getBuilder();
  for (StringRef name : {"score", "mask"}) {
    Region *region = result.addRegion();
    if (failed(parser.parseOptionalKeyword(name)))
      continue;
    SmallVector<OpAsmParser::Argument> arguments;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren))
      return failure();
    if (arguments.size() != 6)
      return parser.emitError(loc)
             << name
             << " region must take 6 arguments (score, batch, head, query, "
                "key, span), got "
             << arguments.size();
    for (auto [i, argument] : llvm::enumerate(arguments))
      argument.type =
          i == 0 ? Type(builder.getF32Type()) : Type(builder.getIndexType());
    if (parser.parseRegion(*region, arguments))
      return failure();
  }
  return success();
}

static ParseResult parseScale(OpAsmParser &parser, OperationState &result) {
  if (failed(parser.parseOptionalKeyword("scale")))
    return success();
  double scale;
  if (parser.parseFloat(scale))
    return failure();
  result.addAttribute("scale", parser.getBuilder().getF64FloatAttr(scale));
  return success();
}

/// The shortest decimal that reads back as the same double, as MLIR lexes it:
/// with a point.
static void printDouble(OpAsmPrinter &printer, double value) {
  char text[32];
  for (int digits = 1; digits <= 17; ++digits) {
    std::snprintf(text, sizeof(text), "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value)
      break;
  }
  StringRef whole = text;
  size_t exponent = std::min(whole.find('e'), whole.size());
  printer << whole.take_front(exponent);
  if (!whole.contains('.'))
    printer << ".0";
  printer << whole.drop_front(exponent);
}

static void printScale(OpAsmPrinter &printer, std::optional<APFloat> scale) {
  if (!scale)
    return;
  printer << " scale ";
  printDouble(printer, scale->convertToDouble());
}

//===----------------------------------------------------------------------===//
// attend
//===----------------------------------------------------------------------===//

static void printSource(OpAsmPrinter &printer, AttendOp op, unsigned i) {
  SourceAttr source = op.getSource(i);
  printer << stringifySourceKind(source.getKind()) << "(" << op.getKeys()[i]
          << ", " << op.getValues()[i];
  if (Value indices = op.getIndicesOf(i))
    printer << " by " << indices;
  printer << ")";
  if (source.getKind() == SourceKind::Gathered)
    printer << " block " << source.getBlock() << " every " << source.getEvery();
  if (source.getKind() == SourceKind::Window)
    printer << " before " << source.getBefore() << " after "
            << source.getAfter();
  if (double weight = source.getWeight().getValueAsDouble(); weight != 1.0) {
    printer << " weight ";
    printDouble(printer, weight);
  }
  if (source.getSpan() != 0)
    printer << " span " << source.getSpan();
  if (source.getUnweighted())
    printer << " unweighted";
}

void AttendOp::print(OpAsmPrinter &printer) {
  printer << " " << getQuery() << " from";
  SmallVector<Type> types{getQuery().getType()};
  for (unsigned i = 0; i < getSources().size(); ++i) {
    printer.printNewline();
    printer << "    ";
    printSource(printer, *this, i);
    if (i + 1 < getSources().size())
      printer << ",";
    types.append({getKeys()[i].getType(), getValues()[i].getType()});
    if (Value indices = getIndicesOf(i))
      types.push_back(indices.getType());
  }
  printScale(printer, getScale());
  printScoreAndMask(printer, getScore(), getMask());
  printer.printOptionalAttrDict((*this)->getAttrs(),
                                {"sources", "scale", "operandSegmentSizes"});
  printer << " : ";
  llvm::interleaveComma(types, printer,
                        [&](Type type) { printer.printType(type); });
}

ParseResult AttendOp::parse(OpAsmParser &parser, OperationState &result) {
  using Operand = OpAsmParser::UnresolvedOperand;
  Operand query;
  SmallVector<Operand> keys, values, indices;
  SmallVector<Attribute> sources;
  if (parser.parseOperand(query) || parser.parseKeyword("from"))
    return failure();
  auto parseSource = [&]() -> ParseResult {
    StringRef word;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&word))
      return failure();
    std::optional<SourceKind> kind = symbolizeSourceKind(word);
    if (!kind)
      return parser.emitError(loc, "expected dense, gathered or window, got '")
             << word << "'";
    int64_t block = 0, every = 0, before = 0, after = 0, span = 0;
    double weight = 1.0;
    bool unweighted = false;
    if (parser.parseLParen() || parser.parseOperand(keys.emplace_back()) ||
        parser.parseComma() || parser.parseOperand(values.emplace_back()))
      return failure();
    if (*kind == SourceKind::Gathered &&
        (parser.parseKeyword("by") ||
         parser.parseOperand(indices.emplace_back())))
      return failure();
    if (parser.parseRParen())
      return failure();
    if (*kind == SourceKind::Gathered &&
        (parser.parseKeyword("block") || parser.parseInteger(block) ||
         parser.parseKeyword("every") || parser.parseInteger(every)))
      return failure();
    if (*kind == SourceKind::Window &&
        (parser.parseKeyword("before") || parser.parseInteger(before) ||
         parser.parseKeyword("after") || parser.parseInteger(after)))
      return failure();
    if (succeeded(parser.parseOptionalKeyword("weight")) &&
        parser.parseFloat(weight))
      return failure();
    if (succeeded(parser.parseOptionalKeyword("span"))) {
      SMLoc at = parser.getCurrentLocation();
      if (parser.parseInteger(span))
        return failure();
      if (span < 1) // attend_c6: 0 means "not given" inside
        return parser.emitError(at, "span must be positive, got ") << span;
      unweighted = succeeded(parser.parseOptionalKeyword("unweighted"));
    }
    sources.push_back(SourceAttr::get(
        parser.getContext(), *kind, block, every, before, after,
        parser.getBuilder().getF64FloatAttr(weight), span, unweighted));
    return success();
  };
  if (parser.parseCommaSeparatedList(parseSource) ||
      parseScale(parser, result) || parseScoreAndMask(parser, result) ||
      parseOtherAttributes(parser, result,
                           {"sources", "scale", "operandSegmentSizes"}))
    return failure();
  SmallVector<Type> types;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseColonTypeList(types))
    return failure();
  size_t expected = 1 + keys.size() + values.size() + indices.size();
  if (types.size() != expected)
    return parser.emitError(loc, "expected ")
           << expected << " types (the query's, then each source's), got "
           << types.size();

  // Types come in the text's order, operands are stored kind by kind.
  SmallVector<Type> keyTypes, valueTypes, indexTypes;
  size_t next = 1;
  for (Attribute source : sources) {
    keyTypes.push_back(types[next++]);
    valueTypes.push_back(types[next++]);
    if (cast<SourceAttr>(source).getKind() == SourceKind::Gathered)
      indexTypes.push_back(types[next++]);
  }
  if (parser.resolveOperand(query, types[0], result.operands) ||
      parser.resolveOperands(keys, keyTypes, loc, result.operands) ||
      parser.resolveOperands(values, valueTypes, loc, result.operands) ||
      parser.resolveOperands(indices, indexTypes, loc, result.operands))
    return failure();
  Builder &builder = parser.getBuilder();
  result.addAttribute("sources", builder.getArrayAttr(sources));
  result.addAttribute(
      "operandSegmentSizes",
      builder.getDenseI32ArrayAttr({1, static_cast<int32_t>(keys.size()),
                                    static_cast<int32_t>(values.size()),
                                    static_cast<int32_t>(indices.size())}));
  auto q = dyn_cast<RankedTensorType>(types[0]);
  if (!q || q.getRank() != 4)
    return parser.emitError(
               loc,
               "'llsa.attend' op query must have rank 4 [B, H, N, D], got ")
           << types[0];
  inferAttention(q, result.types);
  return success();
}

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

void AttentionOp::print(OpAsmPrinter &printer) {
  printer << " " << getQuery() << ", " << getKeys() << ", " << getValues()
          << " hierarchy ";
  getHierarchy().print(printer);
  printScale(printer, getScale());
  printScoreAndMask(printer, getScore(), getMask());
  printer.printOptionalAttrDict((*this)->getAttrs(), {"hierarchy", "scale"});
  printer << " : " << getQuery().getType() << ", " << getKeys().getType()
          << ", " << getValues().getType();
}

ParseResult AttentionOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::UnresolvedOperand> operands(3);
  SmallVector<Type> types;
  if (parser.parseOperand(operands[0]) || parser.parseComma() ||
      parser.parseOperand(operands[1]) || parser.parseComma() ||
      parser.parseOperand(operands[2]) || parser.parseKeyword("hierarchy"))
    return failure();
  Attribute hierarchy = HierarchyAttr::parse(parser, Type());
  if (!hierarchy)
    return failure();
  result.addAttribute("hierarchy", hierarchy);
  if (parseScale(parser, result) || parseScoreAndMask(parser, result) ||
      parseOtherAttributes(parser, result, {"hierarchy", "scale"}))
    return failure();
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseColonTypeList(types) ||
      parser.resolveOperands(operands, types, loc, result.operands))
    return failure();
  auto q = dyn_cast<RankedTensorType>(types[0]);
  if (!q || q.getRank() != 4)
    return parser.emitError(
               loc,
               "'llsa.attention' op query must have rank 4 [B, H, N, D], got ")
           << types[0];
  inferAttention(q, result.types);
  return success();
}

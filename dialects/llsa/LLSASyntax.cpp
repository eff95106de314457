//===- LLSASyntax.cpp - text form of llsa.attend and llsa.attention -------===//

#include "dialects/llsa/LLSASyntax.h"
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

ParseResult shared::parseOtherAttributes(OpAsmParser &parser,
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

void shared::printRegions(OpAsmPrinter &printer,
                          ArrayRef<NamedRegion> regions) {
  for (auto [name, region] : regions) {
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

ParseResult shared::parseRegions(OpAsmParser &parser, OperationState &result,
                                 ArrayRef<StringRef> names) {
  Builder &builder = parser.getBuilder();
  for (StringRef name : names) {
    Region *region = result.addRegion();
    if (failed(parser.parseOptionalKeyword(name)))
      continue;
    SmallVector<OpAsmParser::Argument> arguments;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren))
      return failure();
    bool isDerivative = name == "derivative" || name == "reads";
    size_t expected = isDerivative ? 7 : 6;
    if (arguments.size() != expected)
      return parser.emitError(loc)
             << name << " region must take " << expected
             << " arguments (score, batch, head, query, key, span"
             << (isDerivative ? ", gradient" : "") << "), got "
             << arguments.size();
    for (auto [i, argument] : llvm::enumerate(arguments))
      argument.type = i == 0 || i == 6 ? Type(builder.getF32Type())
                                       : Type(builder.getIndexType());
    if (parser.parseRegion(*region, arguments))
      return failure();
  }
  return success();
}

ParseResult shared::parseScale(OpAsmParser &parser, OperationState &result) {
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

void shared::printScale(OpAsmPrinter &printer, std::optional<APFloat> scale) {
  if (!scale)
    return;
  printer << " scale ";
  printDouble(printer, scale->convertToDouble());
}

RankedTensorType shared::queryType(OpAsmParser &parser, SMLoc loc, StringRef op,
                                   Type type) {
  auto query = dyn_cast<RankedTensorType>(type);
  if (query && query.getRank() == 4)
    return query;
  parser.emitError(loc, "'")
      << op << "' op query must have rank 4 [B, H, N, D], got " << type;
  return {};
}

//===----------------------------------------------------------------------===//
// attend
//===----------------------------------------------------------------------===//

void shared::printSource(OpAsmPrinter &printer, SourceAttr source, Value keys,
                         Value values, ValueRange by) {
  printer << stringifySourceKind(source.getKind()) << "(" << keys << ", "
          << values;
  if (!by.empty())
    printer << " by " << by;
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

ParseResult shared::parseSource(OpAsmParser &parser, ParsedSources &parsed,
                                unsigned indicesPerSource) {
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
  if (parser.parseLParen() || parser.parseOperand(parsed.keys.emplace_back()) ||
      parser.parseComma() || parser.parseOperand(parsed.values.emplace_back()))
    return failure();
  if (*kind == SourceKind::Gathered) {
    if (parser.parseKeyword("by"))
      return failure();
    for (unsigned i = 0; i < indicesPerSource; ++i)
      if ((i > 0 && parser.parseComma()) ||
          parser.parseOperand(parsed.indices.emplace_back()))
        return failure();
  }
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
  parsed.sources.push_back(SourceAttr::get(
      parser.getContext(), *kind, block, every, before, after,
      parser.getBuilder().getF64FloatAttr(weight), span, unweighted));
  return success();
}

size_t ParsedSources::numTypes() const {
  return keys.size() + values.size() + indices.size();
}

ParseResult ParsedSources::resolve(OpAsmParser &parser, ArrayRef<Type> types,
                                   SMLoc loc, SmallVectorImpl<Value> &operands,
                                   unsigned indicesPerSource) const {
  SmallVector<Type> keyTypes, valueTypes, indexTypes;
  for (Attribute source : sources) {
    keyTypes.push_back(types[0]);
    valueTypes.push_back(types[1]);
    types = types.drop_front(2);
    if (cast<SourceAttr>(source).getKind() != SourceKind::Gathered)
      continue;
    llvm::append_range(indexTypes, types.take_front(indicesPerSource));
    types = types.drop_front(indicesPerSource);
  }
  return failure(parser.resolveOperands(keys, keyTypes, loc, operands) ||
                 parser.resolveOperands(values, valueTypes, loc, operands) ||
                 parser.resolveOperands(indices, indexTypes, loc, operands));
}

/// Attributes that the text of an attend has a place for.
static const StringRef kAttendWritten[] = {"sources", "keep_rest", "scale",
                                           "operandSegmentSizes"};

void AttendOp::print(OpAsmPrinter &printer) {
  SmallVector<Type> types{getQuery().getType()};
  printSources(printer, *this, types);
  if (getKeepRest())
    printer << " rest";
  printScale(printer, getScale());
  printRegions(printer, {{"score", &getScore()}, {"mask", &getMask()}});
  printer.printOptionalAttrDict((*this)->getAttrs(), kAttendWritten);
  printer << " : ";
  llvm::interleaveComma(types, printer,
                        [&](Type type) { printer.printType(type); });
}

ParseResult AttendOp::parse(OpAsmParser &parser, OperationState &result) {
  OpAsmParser::UnresolvedOperand query;
  ParsedSources parsed;
  if (parser.parseOperand(query) || parser.parseKeyword("from"))
    return failure();
  if (parser.parseCommaSeparatedList(
          [&] { return parseSource(parser, parsed); }))
    return failure();
  bool keepsRest = succeeded(parser.parseOptionalKeyword("rest"));
  if (parseScale(parser, result) ||
      parseRegions(parser, result, {"score", "mask"}) ||
      parseOtherAttributes(parser, result, kAttendWritten))
    return failure();
  SmallVector<Type> types;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseColonTypeList(types))
    return failure();
  if (types.size() != 1 + parsed.numTypes())
    return parser.emitError(loc, "expected ")
           << 1 + parsed.numTypes()
           << " types (the query's, then each source's), got " << types.size();

  // Types come in the text's order, operands are stored kind by kind.
  if (parser.resolveOperand(query, types[0], result.operands) ||
      parsed.resolve(parser, ArrayRef(types).drop_front(), loc,
                     result.operands))
    return failure();
  Builder &builder = parser.getBuilder();
  result.addAttribute("sources", builder.getArrayAttr(parsed.sources));
  result.addAttribute("operandSegmentSizes",
                      builder.getDenseI32ArrayAttr(
                          {1, static_cast<int32_t>(parsed.keys.size()),
                           static_cast<int32_t>(parsed.values.size()),
                           static_cast<int32_t>(parsed.indices.size())}));
  RankedTensorType q = queryType(parser, loc, "llsa.attend", types[0]);
  if (!q)
    return failure();
  inferAttention(q, result.types);
  if (keepsRest) {
    result.addAttribute("keep_rest", builder.getUnitAttr());
    result.addTypes(restTypeOf(q));
  }
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
  printRegions(printer, {{"score", &getScore()}, {"mask", &getMask()}});
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
  if (parseScale(parser, result) ||
      parseRegions(parser, result, {"score", "mask"}) ||
      parseOtherAttributes(parser, result, {"hierarchy", "scale"}))
    return failure();
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseColonTypeList(types) ||
      parser.resolveOperands(operands, types, loc, result.operands))
    return failure();
  RankedTensorType q = queryType(parser, loc, "llsa.attention", types[0]);
  if (!q)
    return failure();
  inferAttention(q, result.types);
  return success();
}

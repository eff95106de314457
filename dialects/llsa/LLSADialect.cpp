//===- LLSADialect.cpp - registration, types and attributes ---------------===//

#include "dialects/llsa/LLSADialect.h"
#include "dialects/llsa/LLSAOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FoldInterfaces.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llsa;

#include "dialects/llsa/LLSADialect.cpp.inc"

#include "dialects/llsa/LLSAEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/llsa/LLSAAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/llsa/LLSATypes.cpp.inc"

namespace {
/// Constants of a score or mask region, or of a launch, stay in it: what is
/// inside becomes a kernel, which has no constants from outside.
struct LLSAFoldInterface : DialectFoldInterface {
  using DialectFoldInterface::DialectFoldInterface;
  bool shouldMaterializeInto(Region *region) const final {
    return isa<AttendOp, AttentionOp, AttendQueryGradOp, AttendKeyGradOp,
               LaunchOp>(region->getParentOp());
  }
};
} // namespace

void LLSADialect::initialize() {
  addInterfaces<LLSAFoldInterface>();
  addOperations<
#define GET_OP_LIST
#include "dialects/llsa/LLSAOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/llsa/LLSAAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/llsa/LLSATypes.cpp.inc"
      >();
}

// The open element type computes like float32 wherever somebody asks.
const llvm::fltSemantics &OpenFloatType::getFloatSemantics() const {
  return llvm::APFloat::IEEEsingle();
}

//===----------------------------------------------------------------------===//
// #llsa.hierarchy
//===----------------------------------------------------------------------===//

/// Parses a number or `?` (as HierarchyAttr::kOpen).
static ParseResult parseOpenInteger(AsmParser &parser, int64_t &value) {
  if (succeeded(parser.parseOptionalQuestion())) {
    value = HierarchyAttr::kOpen;
    return success();
  }
  SMLoc at = parser.getCurrentLocation();
  if (parser.parseInteger(value))
    return failure();
  if (value < 0) // -1 would be taken for `?`
    return parser.emitError(at, "hierarchy numbers must not be negative, got ")
           << value;
  return success();
}

/// Parses `?`, a number, or a list of numbers; open is the empty list.
static ParseResult parseTopk(AsmParser &parser,
                             SmallVectorImpl<int64_t> &topk) {
  topk.clear();
  if (succeeded(parser.parseOptionalQuestion()))
    return success();
  auto parseOne = [&] { return parser.parseInteger(topk.emplace_back()); };
  if (succeeded(parser.parseOptionalLSquare())) {
    if (succeeded(parser.parseOptionalRSquare()))
      return parser.emitError(parser.getCurrentLocation(),
                              "expected at least one number in topk");
    return failure(failed(parser.parseCommaSeparatedList(parseOne)) ||
                   failed(parser.parseRSquare()));
  }
  return parseOne();
}

Attribute HierarchyAttr::parse(AsmParser &parser, Type) {
  int64_t block = kOpen, levels = kOpen;
  SmallVector<int64_t> topk;
  bool enrichment = true, reweighting = true;
  SMLoc loc = parser.getCurrentLocation();
  llvm::StringSet<> seen;
  auto parseBool = [&](bool &value) -> ParseResult {
    StringRef word;
    SMLoc at = parser.getCurrentLocation();
    if (parser.parseKeyword(&word))
      return failure();
    if (word != "true" && word != "false")
      return ParseResult(parser.emitError(at, "expected true or false, got '")
                         << word << "'");
    value = word == "true";
    return success();
  };
  auto parseField = [&]() -> ParseResult {
    StringRef key;
    SMLoc at = parser.getCurrentLocation();
    if (parser.parseKeyword(&key))
      return failure();
    if (!seen.insert(key).second)
      return parser.emitError(at, "hierarchy gives '") << key << "' twice";
    if (parser.parseEqual())
      return failure();
    if (key == "block")
      return parseOpenInteger(parser, block);
    if (key == "levels")
      return parseOpenInteger(parser, levels);
    if (key == "topk")
      return parseTopk(parser, topk);
    if (key == "enrichment")
      return parseBool(enrichment);
    if (key == "reweighting")
      return parseBool(reweighting);
    return parser.emitError(at, "hierarchy has no '")
           << key
           << "'; expected block, levels, topk, enrichment or reweighting";
  };
  if (parser.parseLess())
    return {};
  if (failed(parser.parseOptionalGreater())) {
    if (parser.parseCommaSeparatedList(parseField) || parser.parseGreater())
      return {};
  }
  return parser.getChecked<HierarchyAttr>(
      loc, parser.getContext(), block, levels, topk, enrichment, reweighting);
}

void HierarchyAttr::print(AsmPrinter &printer) const {
  auto number = [&](int64_t value) {
    if (value == kOpen)
      printer << '?';
    else
      printer << value;
  };
  printer << "<block = ";
  number(getBlock());
  printer << ", levels = ";
  number(getLevels());
  printer << ", topk = ";
  if (getTopk().empty()) {
    printer << '?';
  } else if (getTopk().size() == 1) {
    printer << getTopk()[0];
  } else {
    printer << '[';
    llvm::interleaveComma(getTopk(), printer);
    printer << ']';
  }
  if (!getEnrichment())
    printer << ", enrichment = false";
  if (!getReweighting())
    printer << ", reweighting = false";
  printer << '>';
}

LogicalResult
HierarchyAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      int64_t block, int64_t levels, ArrayRef<int64_t> topk,
                      bool, bool) {
  if (block != kOpen && (block < 4 || block > 128)) // hierarchy_c2
    return emitError() << "hierarchy block must be between 4 and 128, got "
                       << block;
  if (levels != kOpen && (levels < 0 || levels > kMaxLevels)) // hierarchy_c3
    return emitError() << "hierarchy levels must be between 0 and "
                       << kMaxLevels << ", got " << levels;
  for (int64_t k : topk)
    if (k < 1 || k > LLSADialect::kMaxTokens) // hierarchy_c4
      return emitError() << "hierarchy topk must be between 1 and "
                         << LLSADialect::kMaxTokens << ", got " << k;
  int64_t most = levels == kOpen ? kMaxLevels : levels;
  int64_t given = topk.size();
  // With 0 levels nothing is selected, and topk not read.
  if (given > 1 && levels != 0 &&
      (levels == kOpen ? given > most : given != most)) // hierarchy_c5
    return emitError()
           << "hierarchy topk must be one number or one per level, got "
           << given << " for " << (levels == kOpen ? "at most " : "") << most
           << " levels";
  return success();
}

//===----------------------------------------------------------------------===//
// #llsa.source
//===----------------------------------------------------------------------===//

LogicalResult SourceAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 SourceKind kind, int64_t block, int64_t every,
                                 int64_t before, int64_t after,
                                 FloatAttr weight, int64_t span,
                                 bool unweighted) {
  if (kind != SourceKind::Gathered && (block != 0 || every != 0)) // source_c1
    return emitError() << "a " << stringifySourceKind(kind)
                       << " source has no block and every, got " << block
                       << " and " << every;
  if (kind != SourceKind::Window && (before != 0 || after != 0)) // source_c1
    return emitError() << "a " << stringifySourceKind(kind)
                       << " source has no before and after, got " << before
                       << " and " << after;
  if (!weight.getType().isF64()) // source_c2
    return emitError() << "a source's weight must be an f64, got "
                       << weight.getType();
  if (unweighted && span == 0) // source_c3
    return emitError() << "an unweighted source must have a span, got none";
  return success();
}

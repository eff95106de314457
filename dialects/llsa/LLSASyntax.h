//===- LLSASyntax.h - text forms that ops share -----------------*- C++ -*-===//
//
// Private to dialects/llsa/*.cpp.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_DIALECTS_LLSA_LLSASYNTAX_H
#define LLSA_DIALECTS_LLSA_LLSASYNTAX_H

#include "dialects/llsa/LLSAOps.h"

namespace llsa::shared {

/// Operands and attributes of a list of sources, as they were parsed.
struct ParsedSources {
  using Operand = mlir::OpAsmParser::UnresolvedOperand;
  llvm::SmallVector<Operand> keys, values, indices;
  llvm::SmallVector<mlir::Attribute> sources;

  /// How many types the sources have.
  size_t numTypes() const;
  /// Appends all keys, then values, then indices, to `operands`; `types`, at
  /// `loc`, come source by source.
  mlir::ParseResult resolve(mlir::OpAsmParser &parser,
                            llvm::ArrayRef<mlir::Type> types, llvm::SMLoc loc,
                            llvm::SmallVectorImpl<mlir::Value> &operands,
                            unsigned indicesPerSource = 1) const;
};

/// One source: `gathered(%k, %v by %i) block 16 every 16 span 16`.
mlir::ParseResult parseSource(mlir::OpAsmParser &parser, ParsedSources &parsed,
                              unsigned indicesPerSource = 1);
void printSource(mlir::OpAsmPrinter &printer, SourceAttr source,
                 mlir::Value keys, mlir::Value values, mlir::ValueRange by);

/// ` %q from` and all sources, one a line; appends their types.
template <typename OpT>
void printSources(mlir::OpAsmPrinter &printer, OpT op,
                  llvm::SmallVectorImpl<mlir::Type> &types) {
  printer << " " << op.getQuery() << " from";
  for (unsigned i = 0; i < op.getSources().size(); ++i) {
    mlir::Value keys = op.getKeys()[i], values = op.getValues()[i];
    mlir::Value indices = op.getIndicesOf(i);
    printer.printNewline();
    printer << "    ";
    printSource(printer, op.getSource(i), keys, values,
                indices ? mlir::ValueRange(indices) : mlir::ValueRange());
    if (i + 1 < op.getSources().size())
      printer << ",";
    types.append({keys.getType(), values.getType()});
    if (indices)
      types.push_back(indices.getType());
  }
}

/// `scale 0.125`, if it is there.
mlir::ParseResult parseScale(mlir::OpAsmParser &parser,
                             mlir::OperationState &result);
void printScale(mlir::OpAsmPrinter &printer,
                std::optional<llvm::APFloat> scale);

/// `score(%s, %b, ...) {...} mask(...) {...}`; the names say what the regions
/// are given. A region that is not there is empty.
using NamedRegion = std::pair<llvm::StringRef, mlir::Region *>;
mlir::ParseResult parseRegions(mlir::OpAsmParser &parser,
                               mlir::OperationState &result,
                               llvm::ArrayRef<llvm::StringRef> names);
void printRegions(mlir::OpAsmPrinter &printer,
                  llvm::ArrayRef<NamedRegion> regions);

/// Parses the attribute dictionary. Attributes that the op's own syntax writes
/// must not come a second time in it.
mlir::ParseResult parseOtherAttributes(mlir::OpAsmParser &parser,
                                       mlir::OperationState &result,
                                       llvm::ArrayRef<llvm::StringRef> written);

/// `type` as a query's, from which result types follow; null after an error.
mlir::RankedTensorType queryType(mlir::OpAsmParser &parser, llvm::SMLoc loc,
                                 llvm::StringRef op, mlir::Type type);

} // namespace llsa::shared

#endif // LLSA_DIALECTS_LLSA_LLSASYNTAX_H

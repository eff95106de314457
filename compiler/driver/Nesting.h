//===- Nesting.h - texts that nest too deep for a parser --------*- C++ -*-===//
#ifndef LLSA_COMPILER_DRIVER_NESTING_H
#define LLSA_COMPILER_DRIVER_NESTING_H

#include "llvm/ADT/StringRef.h"
#include <optional>

namespace llsa {

/// How deep a text may nest. MLIR's parser and what walks over its result
/// recurse, and some threads' stacks are small; people's texts and those of
/// stages nest a tenth of this.
constexpr unsigned kMostNesting = 256;

/// Offset of the first place where MLIR text nests deeper than kMostNesting;
/// nothing where none does. What counts are open brackets of all kinds,
/// operators of affine expressions, which the parser nests too, and what is
/// nested in the aliases (#a, !a) that a place names.
std::optional<size_t> findDeepNesting(llvm::StringRef text);

} // namespace llsa

#endif // LLSA_COMPILER_DRIVER_NESTING_H

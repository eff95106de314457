//===- WriteText.h - files that are whole or absent -------------*- C++ -*-===//
#ifndef LLSA_COMPILER_DRIVER_WRITETEXT_H
#define LLSA_COMPILER_DRIVER_WRITETEXT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace llsa {

/// Writes `text` to a file, aside and by one rename, so that nobody ever sees
/// a part of it; "-" is the standard output. The error names file and reason.
llvm::Error writeText(llvm::StringRef path, llvm::StringRef text);

} // namespace llsa

#endif // LLSA_COMPILER_DRIVER_WRITETEXT_H

//===- Files.h - read and write whole files ---------------------*- C++ -*-===//
#ifndef LLSA_TOOLS_IO_FILES_H
#define LLSA_TOOLS_IO_FILES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <fmt/format.h>
#include <memory>
#include <string>
#include <utility>

namespace llsa::tools {

/// An error with this text.
template <typename... Args>
llvm::Error makeError(fmt::format_string<Args...> format, Args &&...args) {
  return llvm::createStringError(
      llvm::inconvertibleErrorCode(), "%s",
      fmt::format(format, std::forward<Args>(args)...).c_str());
}

/// The whole file. An error names it and says why it cannot be read; `what`
/// says what was looked for ("picture", "array").
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readFile(llvm::StringRef path, llvm::StringRef what);

/// Writes the pieces one after the other beside `path` and renames the result,
/// so that a reader, and a run that fails half way, never sees a partial file.
llvm::Error writeFile(llvm::StringRef path,
                      llvm::ArrayRef<llvm::StringRef> pieces);

} // namespace llsa::tools

#endif // LLSA_TOOLS_IO_FILES_H

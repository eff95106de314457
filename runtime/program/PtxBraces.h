//===- PtxBraces.h - where a body in a PTX text ends ------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_PROGRAM_PTXBRACES_H
#define LLSA_RUNTIME_PROGRAM_PTXBRACES_H

#include "llvm/ADT/StringRef.h"
#include <algorithm>

namespace llsa {

/// Behind the comment or string that begins at `at`; `at` if none does.
inline size_t skipPtxText(llvm::StringRef ptx, size_t at) {
  llvm::StringRef rest = ptx.substr(at);
  llvm::StringRef end = rest.starts_with("//")   ? "\n"
                        : rest.starts_with("/*") ? "*/"
                        : rest.starts_with("\"") ? "\""
                                                 : "";
  if (end.empty())
    return at;
  size_t found = ptx.find(end, at + (rest.starts_with("/*") ? 2 : 1));
  return found == llvm::StringRef::npos ? ptx.size() : found + end.size();
}

/// Where the "}" stands that belongs to the "{" in front of `from`; the text's
/// end if none does. Braces in comments and strings are no braces.
inline size_t findClosingBrace(llvm::StringRef ptx, size_t from) {
  for (int64_t depth = 1; from < ptx.size(); ++from) {
    if (size_t behind = skipPtxText(ptx, from); behind != from) {
      from = behind - 1;
      continue;
    }
    depth += ptx[from] == '{' ? 1 : ptx[from] == '}' ? -1 : 0;
    if (depth == 0)
      return from;
  }
  return ptx.size();
}

} // namespace llsa

#endif // LLSA_RUNTIME_PROGRAM_PTXBRACES_H

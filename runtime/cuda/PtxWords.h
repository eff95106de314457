//===- PtxWords.h - names in a PTX text -------------------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_PTXWORDS_H
#define LLSA_RUNTIME_CUDA_PTXWORDS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <optional>
#include <string>

namespace llsa::rt {

inline bool isWordCharacter(char c) {
  return llvm::isAlnum(c) || c == '_' || c == '$' || c == '%';
}

/// Calls `replace(word)` for each word of a text but those that follow a dot,
/// which are PTX's own; a result takes its place.
inline std::string replaceWords(
    llvm::StringRef text,
    llvm::function_ref<std::optional<std::string>(llvm::StringRef)> replace) {
  std::string result;
  while (!text.empty()) {
    llvm::StringRef word = text.take_while(isWordCharacter);
    if (word.empty()) {
      result += text.front();
      text = text.drop_front();
      continue;
    }
    std::optional<std::string> other;
    if (result.empty() || result.back() != '.')
      other = replace(word);
    result += other ? *other : word.str();
    text = text.drop_front(word.size());
  }
  return result;
}

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_PTXWORDS_H

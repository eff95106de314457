//===- Nesting.cpp ----------------------------------------------*- C++ -*-===//
#include "compiler/driver/Nesting.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include <algorithm>

using namespace llvm;

namespace llsa {

namespace {

/// Bytes of the string, comment or word in front of `text`, or of one sign.
size_t tokenLength(StringRef text) {
  if (text.starts_with("//"))
    return std::min(text.find('\n'), text.size());
  if (text.front() == '"') {
    for (size_t i = 1; i < text.size() && text[i] != '\n'; ++i) {
      if (text[i] == '"')
        return i + 1;
      i += text[i] == '\\';
    }
    return 1; // no end: an error, which the parser tells
  }
  // Of these, > closes no bracket.
  for (StringRef sign : {"->", ">=", "<="})
    if (text.starts_with(sign))
      return sign.size();
  bool isName = StringRef("%#!@^").contains(text.front());
  if (!isName && !isAlnum(text.front()))
    return 1;
  return std::min(text.size(), text.find_if_not(
                                   [&](char c) {
                                     return isAlnum(c) || c == '_' ||
                                            c == '$' || c == '.' ||
                                            (isName && c == '-');
                                   },
                                   1));
}

class NestingDepth {
public:
  std::optional<size_t> findDeep(StringRef text) {
    for (size_t at = 0, length; at < text.size(); at += length) {
      length = tokenLength(text.substr(at));
      StringRef token = text.substr(at, length);
      if (token.front() == '#' || token.front() == '!')
        takeAlias(token, text.substr(at + length).ltrim());
      else
        take(token);
      if (deepest > kMostNesting)
        return at;
    }
    return std::nullopt;
  }

private:
  void take(StringRef token) {
    bool isWord = token == "mod" || token == "floordiv" || token == "ceildiv";
    switch (token.size() == 1 ? token.front() : isWord ? '*' : ' ') {
    case '(':
    case '[':
    case '{':
    case '<':
      levels.push_back(0);
      deepen(1);
      break;
    case ')':
    case ']':
    case '}':
    case '>':
      if (levels.size() > 1) // otherwise the parser's to tell
        depth -= 1 + levels.pop_back_val();
      break;
    case '+':
    case '-':
    case '*':
      ++levels.back();
      deepen(1);
      break;
    case ',':
    case '=':
    case ':': // none of them stands within an expression
      depth -= levels.back();
      levels.back() = 0;
      break;
    }
  }

  void takeAlias(StringRef name, StringRef behind) {
    bool isDefinition = levels.size() == 1 && behind.starts_with("=") &&
                        !behind.starts_with("==");
    if (!isDefinition) {
      deepest = std::max(deepest, depth + depthOfAlias.lookup(name));
      return;
    }
    depthOfAlias[defined] = deepest;
    defined = name;
    deepest = 0;
  }

  void deepen(unsigned by) {
    depth += by;
    deepest = std::max(deepest, depth);
  }

  /// Operators so far in front of the first bracket and in each open one.
  SmallVector<unsigned> levels = {0};
  unsigned depth = 0;   ///< open brackets and all of `levels`
  unsigned deepest = 0; ///< since the start of the alias `defined`
  StringRef defined;
  StringMap<unsigned> depthOfAlias;
};

} // namespace

std::optional<size_t> findDeepNesting(StringRef text) {
  return NestingDepth().findDeep(text);
}

} // namespace llsa

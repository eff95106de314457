//===- Lexer.cpp ------------------------------------------------*- C++ -*-===//
#include "runtime/emulator/Lexer.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace llsa::ptx {

static bool startsWord(char c) {
  return isAlpha(c) || c == '_' || c == '$' || c == '%' || c == '.';
}
static bool continuesWord(char c) {
  return isAlnum(c) || c == '_' || c == '$' || c == '.';
}

void Lexer::skipBlank() {
  while (position < text.size()) {
    char c = text[position];
    StringRef rest = text.substr(position);
    if (c == '\n') {
      ++line;
      ++position;
    } else if (isSpace(c)) {
      ++position;
    } else if (rest.starts_with("//")) {
      position = std::min(text.find('\n', position), text.size());
    } else if (rest.starts_with("/*")) {
      size_t end = text.find("*/", position + 2);
      end = end == StringRef::npos ? text.size() : end + 2;
      line += uint32_t(text.slice(position, end).count('\n'));
      position = end;
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  skipBlank();
  Token token;
  token.line = line;
  if (position >= text.size())
    return token;
  size_t start = position;
  char c = text[position++];
  auto more = [&](auto accept) {
    while (position < text.size() && accept(text[position]))
      ++position;
  };
  if (startsWord(c)) {
    token.kind = Token::Kind::Word;
    for (;;) {
      more(continuesWord);
      // "shared::cluster" is one word, a label's single colon ends one.
      if (text.substr(position).starts_with("::") &&
          position + 2 < text.size() && isAlnum(text[position + 2]))
        position += 2;
      else
        break;
    }
  } else if (isDigit(c)) {
    token.kind = Token::Kind::Number;
    more(continuesWord);
  } else if (c == '"') {
    token.kind = Token::Kind::String;
    more([](char d) { return d != '"' && d != '\n'; });
    if (position >= text.size() || text[position] != '"')
      token.kind = Token::Kind::Bad;
    else
      ++position;
  } else {
    token.kind = StringRef("{}()[]<>,;:|!@+-=&~?*/").contains(c)
                     ? Token::Kind::Punctuation
                     : Token::Kind::Bad;
  }
  token.text = text.slice(start, position);
  return token;
}

} // namespace llsa::ptx

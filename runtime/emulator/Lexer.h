//===- Lexer.h - PTX text to tokens -----------------------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_LEXER_H
#define LLSA_RUNTIME_EMULATOR_LEXER_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace llsa::ptx {

/// One token. A Word is an identifier, a register, a directive or an opcode
/// with all its modifiers: "%r1", "$L__BB0_1", ".reg", "ld.global.v4.b32",
/// "cp.async.bulk.shared::cluster.global".
struct Token {
  enum class Kind { End, Word, Number, String, Punctuation, Bad };
  Kind kind = Kind::End;
  llvm::StringRef text;
  uint32_t line = 1;

  bool is(llvm::StringRef expected) const {
    return kind != Kind::String && text == expected;
  }
};

/// Reads tokens one after the other. Comments are blank space.
class Lexer {
public:
  explicit Lexer(llvm::StringRef text) : text(text) {}
  Token next();

private:
  void skipBlank();

  llvm::StringRef text;
  size_t position = 0;
  uint32_t line = 1;
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_LEXER_H

//===- PtxFunctions.h - functions in PTX texts, and one text of several -*- C++
//-*-===//
//
// A kernel's PTX declares the functions that a user writes (.extern .func);
// another text defines them. One text of both is what any assembler takes, and
// the emulator too, and in it a call costs less than between linked modules.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_PTXFUNCTIONS_H
#define LLSA_RUNTIME_CUDA_PTXFUNCTIONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace llsa::rt {

/// A parameter or result of a function.
struct PtxParameter {
  std::string type; ///< ".b32", ".align 4 .b8[12]"
  std::string name;
};

/// A function that is no kernel, as a PTX text declares or defines it.
struct PtxFunction {
  std::string name;
  std::vector<PtxParameter> parameters, results;
  bool isDefinition = false;
  bool isInternal = false; ///< neither .extern, .visible nor .weak
  size_t linkage = 0;      ///< where the text says .extern or .visible
  size_t end = 0;          ///< behind the ";" of a declaration
  /// The body without its braces, of a definition.
  size_t bodyBegin = 0, bodyEnd = 0;

  /// "(.b32, .b64) -> (.b32)"
  std::string type() const;
};

/// All of them in a text's order.
std::vector<PtxFunction> findFunctions(llvm::StringRef ptx);

/// A variable that stands in no function.
struct PtxVariable {
  std::string name;
  bool isDefinition = false; ///< not .extern
  bool isInternal = false;   ///< neither .extern, .visible nor .weak
};
std::vector<PtxVariable> findVariables(llvm::StringRef ptx);

/// PTX with a name for messages.
struct PtxText {
  std::string name;
  std::string text;
};

/// One text of `others` and `kernel`, in this order: a body that takes a call's
/// place uses what must stand in front of it. What is internal in one of
/// `others` (static in CUDA C++) gets another name where another text has the
/// same. `needed` are functions that `kernel` declares; an error names one that
/// no other text defines or that is of another type there, and a function or
/// variable that two texts define.
llvm::Expected<std::string> joinPtx(llvm::StringRef kernel,
                                    llvm::ArrayRef<PtxText> others,
                                    llvm::ArrayRef<std::string> needed);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_PTXFUNCTIONS_H

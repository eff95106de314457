//===- HostSymbols.h - what generated code may call -------------*- C++ -*-===//
//
// Tools are linked statically and stripped, so generated code cannot look for
// libm's and libc's functions by itself. This is the whole list of what it may
// call; anything else is an error when the code is loaded.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_HOST_HOSTSYMBOLS_H
#define LLSA_RUNTIME_HOST_HOSTSYMBOLS_H

#include "llvm/ADT/ArrayRef.h"

namespace llsa::rt {

struct HostSymbol {
  const char *name;
  void *address;
};

/// Memory functions, libm, and the compiler's helpers for bf16 and f16.
llvm::ArrayRef<HostSymbol> hostSymbols();

} // namespace llsa::rt

#endif // LLSA_RUNTIME_HOST_HOSTSYMBOLS_H

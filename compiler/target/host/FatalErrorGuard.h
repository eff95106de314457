//===- FatalErrorGuard.h - LLVM's fatal errors as errors --------*- C++ -*-===//
//
// LLVM's code generator reports what it cannot translate ("Cannot select ...")
// by ending the process. Inside runGuarded such a report comes back as an Error
// instead. What the code generator held at that moment is leaked, which is the
// price; other threads and errors outside are not affected.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_TARGET_HOST_FATALERRORGUARD_H
#define LLSA_COMPILER_TARGET_HOST_FATALERRORGUARD_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

namespace llsa {

/// Runs `work` and gives its error, or the fatal error that ended it.
llvm::Error runGuarded(llvm::function_ref<llvm::Error()> work);

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_HOST_FATALERRORGUARD_H

//===- Exceptions.h - the standard library's as errors ----------*- C++ -*-===//
//
// Nothing of ours throws, but the standard library does, most of all when
// there is no memory. What is compiled in runtime/ lets go of its locks and
// memory then. LLVM and the compiler, which exceptions only pass through, keep
// what they held.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_SUPPORT_EXCEPTIONS_H
#define LLSA_RUNTIME_SUPPORT_EXCEPTIONS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <new>
#include <string>

namespace llsa::rt {

/// Runs `work` and gives its error, or one for what the standard library threw:
/// "NAME: out of memory", with std::errc::not_enough_memory, or its own text.
inline llvm::Error catchExceptions(const std::string &name,
                                   llvm::function_ref<llvm::Error()> work) {
  try {
    return work();
  } catch (const std::bad_alloc &) {
    return llvm::createStringError(
        std::make_error_code(std::errc::not_enough_memory),
        name + ": out of memory");
  } catch (const std::exception &exception) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   name + ": " + exception.what());
  }
}

} // namespace llsa::rt

#endif // LLSA_RUNTIME_SUPPORT_EXCEPTIONS_H

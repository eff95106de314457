//===- FatalErrorGuard.cpp --------------------------------------*- C++ -*-===//
#include "compiler/target/host/FatalErrorGuard.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"
#include <csetjmp>
#include <mutex>
#include <string>

using namespace llvm;

namespace llsa {

namespace {

/// Where this thread continues when LLVM reports a fatal error; innermost one.
struct Guard {
  Guard();
  ~Guard();
  std::jmp_buf target;
  std::string reason;
  Guard *outer;
};
thread_local Guard *currentGuard = nullptr;

Guard::Guard() : outer(currentGuard) { currentGuard = this; }
Guard::~Guard() { currentGuard = outer; } // also where an exception passes

void onFatalError(void *, const char *reason, bool) {
  // Without a guard on this thread, returning lets LLVM end the process as it
  // would have done; the handler has to print, then.
  if (!currentGuard) {
    errs() << "LLVM ERROR: " << reason << '\n';
    return;
  }
  currentGuard->reason = reason;
  std::longjmp(currentGuard->target, 1);
}

} // namespace

Error runGuarded(function_ref<Error()> work) {
  static std::once_flag once;
  std::call_once(once, [] { install_fatal_error_handler(onFatalError); });
  Guard guard;
  if (setjmp(guard.target) != 0)
    return createStringError(inconvertibleErrorCode(),
                             "the code generator failed: " + guard.reason);
  return work();
}

} // namespace llsa

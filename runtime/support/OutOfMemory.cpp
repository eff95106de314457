//===- OutOfMemory.cpp ------------------------------------------*- C++ -*-===//
#include "runtime/support/OutOfMemory.h"
#include "llvm/Support/ErrorHandling.h"
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/uio.h>
#include <unistd.h>

static const char *toolName;

/// One write, and nothing that allocates.
[[noreturn]] static void exitNow() {
  static char colon[] = ": out of memory\n";
  iovec parts[2] = {{const_cast<char *>(toolName), std::strlen(toolName)},
                    {colon, sizeof colon - 1}};
  ::_exit(::writev(STDERR_FILENO, parts, 2) < 0 ? 2 : 1);
}

void llsa::rt::exitWhenOutOfMemory(const char *tool) {
  toolName = tool;
  std::set_new_handler([] { exitNow(); });
  llvm::install_bad_alloc_error_handler(
      [](void *, const char *, bool) { exitNow(); });
}

/// A result of the C library; null is fine only where nothing was asked for.
static void *checked(void *memory, size_t size) {
  if (!memory && size != 0 && toolName)
    exitNow();
  return memory;
}

// The linker's --wrap gives the C library's functions the name __real_... and
// calls to them these.
extern "C" {
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__wrap_malloc(size_t size) { return checked(__real_malloc(size), size); }
void *__wrap_calloc(size_t count, size_t size) {
  return checked(__real_calloc(count, size), count && size);
}
void *__wrap_realloc(void *memory, size_t size) {
  return checked(__real_realloc(memory, size), size);
}
}

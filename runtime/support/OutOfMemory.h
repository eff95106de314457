//===- OutOfMemory.h - a tool that gets no memory says so -------*- C++ -*-===//
//
// Our code handles no exceptions; LLVM answers a failed allocation by aborting,
// and MLIR makes its ops with a malloc that it does not check. So a tool links
// LLSAOutOfMemory, through whose malloc, calloc and realloc all calls of the
// program then go, and calls exitWhenOutOfMemory first: from then on an
// allocation that fails ends the process with "TOOL: out of memory" and status
// 1. Large allocations are asked for by other functions (aligned_alloc, mmap),
// whose failure becomes an Error that names what needed them.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_SUPPORT_OUTOFMEMORY_H
#define LLSA_RUNTIME_SUPPORT_OUTOFMEMORY_H

namespace llsa::rt {

/// For a tool's main. `tool` must live as long as the process.
void exitWhenOutOfMemory(const char *tool);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_SUPPORT_OUTOFMEMORY_H

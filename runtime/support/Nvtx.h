//===- Nvtx.h - named ranges for NVIDIA's profilers -------------*- C++ -*-===//
//
// Profilers show what a program did as ranges with names. They ask for it in
// this way: a profiler sets NVTX_INJECTION64_PATH to a library of its own; the
// program opens it and calls its InitializeInjectionNvtx2() with a function
// that hands out a table of pointers to function pointers; the profiler stores
// its own functions there. Without a profiler there is no such variable, and a
// range costs one test of a null pointer.
//
// This is NVTX's published interface, version 3, of which two functions are
// enough for us.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_SUPPORT_NVTX_H
#define LLSA_RUNTIME_SUPPORT_NVTX_H

#include <string>

namespace llsa::rt {

/// A range of this thread, while this object lives. Ranges nest.
class NvtxRange {
public:
  explicit NvtxRange(const std::string &name);
  ~NvtxRange();
  NvtxRange(const NvtxRange &) = delete;
  NvtxRange &operator=(const NvtxRange &) = delete;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_SUPPORT_NVTX_H

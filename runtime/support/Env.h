//===- Env.h - every environment variable, in one place ---------*- C++ -*-===//
//
// No other file of the project reads the environment. Each variable is one row
// of the table in Env.cpp and one accessor here; `llsa-cache env` prints the
// table. A value that cannot be understood is reported once, at warn level,
// and the default stands.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_SUPPORT_ENV_H
#define LLSA_RUNTIME_SUPPORT_ENV_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <string>
#include <vector>

namespace llsa::rt::env {

/// One variable that the project reads.
struct Variable {
  const char *name;
  const char *defaultText; ///< for the reader; the accessor has the value
  const char *doc;
};

/// All variables, by subject.
llvm::ArrayRef<Variable> variables();

/// The table as text for people: name, current value, default, meaning.
std::string describe();

/// One message per LLSA_… variable that is set but not in the table, with the
/// nearest known name when one is near.
std::vector<std::string> unknownVariables();

/// Logs unknownVariables() at warn level; only the first call does.
void reportUnknownVariables();

/// LLSA_CACHE_DIR; by default $XDG_CACHE_HOME/llsa or ~/.cache/llsa. Empty when
/// the disk is not to be used ("off") or there is no home.
std::string cacheDir();
/// LLSA_CACHE_SHARED_DIRS, split at colons.
std::vector<std::string> cacheSharedDirs();
/// More is a mistake.
constexpr uint64_t kMostCacheMegabytes = uint64_t(1) << 32;
/// LLSA_CACHE_SIZE_MB, in bytes.
uint64_t cacheMaxBytes();
/// LLSA_CACHE_READ_ONLY.
bool cacheReadOnly();
/// LLSA_ALWAYS_COMPILE.
bool alwaysCompile();
/// LLSA_DUMP_DIR; empty when nothing is to be dumped.
std::string dumpDir();
/// LLSA_LOG; "warn" by default. Log.h gives it meaning.
std::string logLevel();
/// LLSA_CUDA_DRIVER; "libcuda.so.1" by default.
std::string cudaDriver();
/// LLSA_CUDA_SYNC.
bool cudaSync();
/// LLSA_CUDA_LANES, 1 or 2.
unsigned cudaLanes();
/// LLSA_CUDA_GRAPHS; true by default.
bool cudaGraphs();
/// LLSA_NVJITLINK; "" when not set, "off" for none. Likewise LLSA_PTXAS and
/// LLSA_NVRTC.
std::string nvJitLink();
std::string ptxas();
std::string nvrtc();
/// CUDA_HOME; "" when not set.
std::string cudaHome();
/// NVTX_INJECTION64_PATH, which profilers set; empty when there is none.
std::string nvtxInjection();
/// LLSA_TEST_DEVICE; "cpu" by default.
std::string testDevice();
/// More threads are a mistake.
constexpr unsigned kMostThreads = 4096;

/// LLSA_NUM_THREADS, or 0: one per CPU that this process may use.
unsigned numThreads();

} // namespace llsa::rt::env

#endif // LLSA_RUNTIME_SUPPORT_ENV_H

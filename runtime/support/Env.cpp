//===- Env.cpp - the table of environment variables -------------*- C++ -*-===//
#include "runtime/support/Env.h"

#include "runtime/support/Log.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdlib>
#include <fmt/format.h>
#include <mutex>
#include <optional>
#include <unistd.h>

using namespace llvm;

namespace llsa::rt::env {

namespace {

constexpr Variable kVariables[] = {
    {"LLSA_CACHE_DIR", "$XDG_CACHE_HOME/llsa or ~/.cache/llsa",
     "where compiled kernels are kept on disk; 'off' keeps none"},
    {"LLSA_CACHE_SHARED_DIRS", "none",
     "more caches, separated by colons, read first and never written"},
    {"LLSA_CACHE_SIZE_MB", "1024",
     "size to which the cache is pruned, least recently used first"},
    {"LLSA_CACHE_READ_ONLY", "0", "1: use the cache, but write nothing to it"},
    {"LLSA_ALWAYS_COMPILE", "0",
     "1: compile even when the cache has the kernel, and replace the entry"},
    {"LLSA_DUMP_DIR", "none",
     "write every stage of each compilation here; skips the cache"},
    {"LLSA_LOG", "warn", "error, warn, info or debug: what stderr gets"},
    {"LLSA_CUDA_DRIVER", "libcuda.so.1", "NVIDIA's driver library"},
    {"LLSA_CUDA_SYNC", "0",
     "1: wait for every kernel on a GPU, so that an error names the kernel"},
    {"LLSA_CUDA_LANES", "2",
     "1: run no kernels of one program side by side on a GPU"},
    {"LLSA_CUDA_GRAPHS", "1",
     "0: launch a program's kernels one by one, not as a graph"},
    {"LLSA_NVJITLINK", "libnvJitLink.so.13 or .12",
     "NVIDIA's linker, which assembles PTX; 'off' uses none"},
    {"LLSA_PTXAS", "ptxas on PATH or in CUDA_HOME/bin",
     "the CUDA toolkit's assembler, second choice; 'off' uses none"},
    {"LLSA_NVRTC", "libnvrtc.so.13 or .12",
     "NVIDIA's compiler for functions in CUDA C++; 'off' uses none"},
    {"CUDA_HOME", "none", "the CUDA toolkit, where PATH and ld.so have none"},
    {"NVTX_INJECTION64_PATH", "none",
     "set by NVIDIA's profilers: their library, which is told of ranges"},
    {"LLSA_TEST_DEVICE", "cpu",
     "where the numerics tests run their kernels: cpu, cuda, emulator or "
     "emulator:TARGET"},
    {"LLSA_NUM_THREADS", "the CPUs of the affinity mask",
     "threads that run kernels on the CPU, and that compile them for a GPU"},
};

std::optional<std::string> read(const char *name) {
  const char *value = std::getenv(name);
  if (!value || !*value)
    return std::nullopt;
  return std::string(value);
}

/// An integer of [low, high], or the default with one warning.
uint64_t readNumber(const char *name, uint64_t low, uint64_t high,
                    uint64_t otherwise) {
  std::optional<std::string> text = read(name);
  uint64_t value = 0;
  if (!text)
    return otherwise;
  if (!StringRef(*text).getAsInteger(10, value) && value >= low &&
      value <= high)
    return value;
  log(LogLevel::Warn, "{} = '{}': expected an integer of {} to {}; ignored",
      name, *text, low, high);
  return otherwise;
}

bool readFlag(const char *name, bool otherwise = false) {
  return readNumber(name, 0, 1, otherwise) == 1;
}

} // namespace

ArrayRef<Variable> variables() { return kVariables; }

std::string describe() {
  std::string text;
  for (const Variable &variable : kVariables)
    text += fmt::format("{}\n    {}\n    default: {}; now: {}\n", variable.name,
                        variable.doc, variable.defaultText,
                        read(variable.name).value_or("not set"));
  return text;
}

std::vector<std::string> unknownVariables() {
  std::vector<std::string> messages;
  for (char **entry = environ; entry && *entry; ++entry) {
    StringRef name = StringRef(*entry).split('=').first;
    if (!name.starts_with("LLSA_"))
      continue;
    const Variable *nearest = nullptr;
    unsigned best = 5; // further away than this is no misspelling
    for (const Variable &variable : kVariables) {
      unsigned distance = name.edit_distance(variable.name);
      if (distance < best) {
        best = distance;
        nearest = &variable;
      }
    }
    if (nearest && best == 0)
      continue;
    messages.push_back(
        fmt::format("environment variable {} is unknown{}", name.str(),
                    nearest ? fmt::format("; did you mean {}?", nearest->name)
                            : std::string("; `llsa-cache env` lists all")));
  }
  return messages;
}

void reportUnknownVariables() {
  static std::once_flag once;
  std::call_once(once, [] {
    for (const std::string &message : unknownVariables())
      log(LogLevel::Warn, "{}", message);
  });
}

std::string cacheDir() {
  if (std::optional<std::string> dir = read("LLSA_CACHE_DIR"))
    return *dir == "off" ? "" : *dir;
  if (std::optional<std::string> xdg = read("XDG_CACHE_HOME"))
    return *xdg + "/llsa";
  if (std::optional<std::string> home = read("HOME"))
    return *home + "/.cache/llsa";
  return "";
}

std::vector<std::string> cacheSharedDirs() {
  std::string text = read("LLSA_CACHE_SHARED_DIRS").value_or("");
  SmallVector<StringRef> parts;
  StringRef(text).split(parts, ':', -1, /*KeepEmpty=*/false);
  return std::vector<std::string>(parts.begin(), parts.end());
}

uint64_t cacheMaxBytes() {
  return readNumber("LLSA_CACHE_SIZE_MB", 1, kMostCacheMegabytes, 1024) << 20;
}

bool cacheReadOnly() { return readFlag("LLSA_CACHE_READ_ONLY"); }

bool alwaysCompile() { return readFlag("LLSA_ALWAYS_COMPILE"); }

std::string dumpDir() { return read("LLSA_DUMP_DIR").value_or(""); }

std::string logLevel() { return read("LLSA_LOG").value_or("warn"); }

std::string cudaDriver() {
  return read("LLSA_CUDA_DRIVER").value_or("libcuda.so.1");
}

bool cudaSync() { return readFlag("LLSA_CUDA_SYNC"); }

unsigned cudaLanes() {
  return unsigned(readNumber("LLSA_CUDA_LANES", 1, 2, 2));
}

bool cudaGraphs() { return readFlag("LLSA_CUDA_GRAPHS", true); }

std::string nvJitLink() { return read("LLSA_NVJITLINK").value_or(""); }

std::string ptxas() { return read("LLSA_PTXAS").value_or(""); }

std::string nvrtc() { return read("LLSA_NVRTC").value_or(""); }

std::string cudaHome() { return read("CUDA_HOME").value_or(""); }

std::string nvtxInjection() {
  return read("NVTX_INJECTION64_PATH").value_or("");
}

std::string testDevice() { return read("LLSA_TEST_DEVICE").value_or("cpu"); }

unsigned numThreads() {
  return unsigned(readNumber("LLSA_NUM_THREADS", 1, kMostThreads, 0));
}

} // namespace llsa::rt::env

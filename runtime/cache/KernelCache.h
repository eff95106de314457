//===- KernelCache.h - compile once, then remember --------------*- C++ -*-===//
//
// A compilation takes 0.1 to some seconds and its result is a function of its
// key, so it should happen once: per process, per machine, per cluster with a
// shared folder. The difficulty is not to remember but to remember nothing
// wrong, although any number of threads and processes share the folder, may be
// killed at any instruction, and the disk may be full, read-only or damaged.
//
// **The key is the whole truth.** CacheKey holds the variant's text (hashed),
// the spec, the exact target (a CPU with its features, "sm_90a"), options and
// the compiler's build. Nothing else may change the code. The target is exact
// because a home folder is often shared by unlike machines.
//
// **An entry is a folder, published by one rename.** Its files are written to a
// private folder beside it, flushed to the disk, and the folder is renamed to
// its place. rename() is atomic: a reader finds the whole entry or none. If the
// place is taken, another process was faster, and its entry is as good. Single
// files are never renamed or rewritten in place: that mixes code of one writer
// with the plan of another. Removal is the same in reverse: the folder is
// renamed away, then emptied.
//
// **Believe nothing.** The manifest has a checksum of each file and of itself
// and repeats the key. Anything that does not fit (truncated, damaged, another
// format version, put in a wrong place) costs a warning and a compilation, and
// the entry is replaced.
//
// **Compile once.** In a process, the first thread that asks for a key compiles
// it and the others wait for its result, success or error. Between processes
// flock() on DIR/ab/lock does the same: who gets it looks again, compiles and
// publishes. The kernel releases the lock of a dead process, so a killed one
// blocks nobody; and since a stopped one would, the wait has a limit, after
// which one compiles without the lock. The lock only saves work; correctness
// never depends on it. Where locks do not exist, some work is done twice.
//
// **The disk is optional.** A failure to write is reported once and the kernel
// is used all the same. Shared folders are read first and never written.
//
// **Old entries go.** After each store, the least recently used entries beyond
// the size limit are removed; a hit touches its entry's time. Folders left by
// killed writers are known by their flock, which died with them.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CACHE_KERNELCACHE_H
#define LLSA_RUNTIME_CACHE_KERNELCACHE_H

#include "runtime/cache/DiskStore.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace llsa::rt {

struct CacheOptions {
  std::string dir;                     ///< empty: no disk
  std::vector<std::string> sharedDirs; ///< read first, never written
  bool readOnly = false;               ///< read `dir`, write nothing
  bool alwaysCompile = false;          ///< read nothing; replace entries
  uint64_t maxBytes = uint64_t(1) << 30;
  int64_t lockTimeoutMs = 120 * 1000; ///< for another process's compilation

  /// What the environment says (Env.h).
  static CacheOptions fromEnvironment();
};

/// Where a kernel came from.
enum class Origin { Memory, Disk, SharedDisk, Compiled };
llvm::StringRef toString(Origin origin);

/// Memory, then disk, then the compiler. Thread-safe.
class KernelCache {
public:
  using ProgramPtr = std::shared_ptr<const Program>;
  using CompileFn = llvm::function_ref<llvm::Expected<Program>()>;

  explicit KernelCache(CacheOptions options);

  /// The program of `key`; `source` is the variant's text, kept in the entry.
  /// `compile` is called at most once per key at a time, and its error goes to
  /// everybody who waited; the next call tries again.
  llvm::Expected<ProgramPtr> get(const CacheKey &key, llvm::StringRef source,
                                 CompileFn compile, Origin *origin = nullptr);

  const CacheOptions &options() const { return settings; }

private:
  struct Outcome {
    ProgramPtr program;
    std::string error; ///< when there is no program
    std::error_code code;
    Origin origin = Origin::Compiled;
  };
  static Outcome failure(llvm::Error error);
  Outcome produce(const CacheKey &key, llvm::StringRef source,
                  CompileFn compile);
  bool lookOnDisk(const std::string &hex, Outcome &outcome, bool &damaged);
  void storeOnDisk(const CacheKey &key, llvm::StringRef source,
                   const Program &program, bool replace);

  CacheOptions settings;
  DiskStore disk;
  std::vector<DiskStore> shared;
  std::atomic<bool> reportedWriteFailure{false};
  std::mutex mutex;
  /// By hex key: finished ones and those that somebody is working on.
  std::unordered_map<std::string, std::shared_future<Outcome>> programs;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CACHE_KERNELCACHE_H

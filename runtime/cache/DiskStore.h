//===- DiskStore.h - one folder of cache entries ----------------*- C++ -*-===//
//
// The layout of a cache on disk, and what is done to it. KernelCache.h says
// why it is so.
//
//     DIR/ab/abcd…/      the entry of key abcd… (CacheEntry.h)
//     DIR/ab/lock        held while somebody compiles a key that starts with ab
//     DIR/tmp/XXXXXX/    entries being written, or removed
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CACHE_DISKSTORE_H
#define LLSA_RUNTIME_CACHE_DISKSTORE_H

#include "runtime/cache/CacheEntry.h"
#include "runtime/support/Files.h"
#include <optional>
#include <string>
#include <vector>

namespace llsa::rt {

/// One cache folder. Stateless but for its path: any number of objects,
/// threads and processes may use one folder.
class DiskStore {
public:
  explicit DiskStore(std::string dir) : dir(std::move(dir)) {}
  const std::string &path() const { return dir; }
  std::string entryPath(llvm::StringRef hex) const;

  /// The entry of a key, if there is one. An error: it is there and cannot be
  /// used; the text names its path. With `touch`, the entry counts as used now.
  llvm::Expected<std::optional<Program>> load(llvm::StringRef hex,
                                              bool touch) const;

  /// Writes an entry aside and publishes it. One that is there already stays,
  /// unless `replace`. The entry is whole or not there, whatever happens.
  llvm::Error store(const CacheKey &key, llvm::StringRef source,
                    const Program &program, bool replace) const;

  /// The lock under which one process at a time compiles `hex`.
  std::optional<FileLock> lock(llvm::StringRef hex, int64_t timeoutMs) const;

  /// How closely list() looks.
  enum class Look {
    Sizes,    ///< names, sizes and times: no file is read
    Manifest, ///< and what the manifest says
    All       ///< and every file, as load() does
  };
  /// One entry, as list() sees it.
  struct Entry {
    std::string hex;
    uint64_t bytes = 0;
    int64_t lastUse = 0;                      ///< nanoseconds since the epoch
    std::string variant, spec, target, build; ///< of the manifest
    std::string problem;                      ///< why it cannot be used
  };
  /// All entries, most recently used first.
  llvm::Expected<std::vector<Entry>> list(Look look) const;

  /// What prune() did.
  struct Removed {
    size_t entries = 0;
    uint64_t bytes = 0;
  };
  /// Removes least recently used entries until the rest has at most
  /// `maxBytes`, and what killed processes left.
  llvm::Expected<Removed> prune(uint64_t maxBytes) const;
  /// Removes one entry; no error when it is not there.
  llvm::Error remove(llvm::StringRef hex) const;

private:
  std::string temporaryPath() const { return dir + "/tmp"; }
  std::string dir;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CACHE_DISKSTORE_H

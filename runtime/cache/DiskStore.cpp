//===- DiskStore.cpp --------------------------------------------*- C++ -*-===//
#include "runtime/cache/DiskStore.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;

namespace llsa::rt {

namespace {

FileDescriptor openFolder(const std::string &path) {
  return FileDescriptor(
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/// Names in a folder; empty when it cannot be read.
std::vector<std::string> namesIn(const std::string &path) {
  std::vector<std::string> names;
  DIR *dir = ::opendir(path.c_str());
  if (!dir)
    return names;
  while (dirent *entry = ::readdir(dir))
    names.push_back(entry->d_name);
  ::closedir(dir);
  return names;
}

bool isHex(StringRef text, size_t digits) {
  return text.size() == digits &&
         llvm::all_of(text, [](char c) { return isHexDigit(c); });
}

/// Is `path` still the folder that `dir` has open? Not when somebody removed
/// or replaced the entry after it was opened.
bool isStillAt(const std::string &path, int dir) {
  struct stat there, opened;
  return ::stat(path.c_str(), &there) == 0 && ::fstat(dir, &opened) == 0 &&
         there.st_ino == opened.st_ino && there.st_dev == opened.st_dev;
}

/// Bytes of all files in a folder.
uint64_t folderBytes(const std::string &path) {
  uint64_t bytes = 0;
  for (const std::string &name : namesIn(path)) {
    struct stat status;
    if (::lstat((path + "/" + name).c_str(), &status) == 0 &&
        S_ISREG(status.st_mode))
      bytes += uint64_t(status.st_size);
  }
  return bytes;
}

} // namespace

std::string DiskStore::entryPath(StringRef hex) const {
  return fmt::format("{}/{}/{}", dir, hex.take_front(2).str(), hex.str());
}

Expected<std::optional<Program>> DiskStore::load(StringRef hex,
                                                 bool touch) const {
  std::string path = entryPath(hex);
  // A second try: the entry may be replaced or pruned while it is read.
  for (int attempt = 0;; ++attempt) {
    FileDescriptor folder = openFolder(path);
    if (!folder.valid()) {
      if (errno == ENOENT)
        return std::nullopt;
      return systemError("open", path, errno);
    }
    Expected<Program> program = readEntry(folder.get(), hex);
    if (program) {
      if (touch)
        (void)::futimens(folder.get(), nullptr);
      return std::optional<Program>(std::move(*program));
    }
    std::string problem = toString(program.takeError());
    if (!isStillAt(path, folder.get()) && attempt < 3)
      continue;
    return createStringError(inconvertibleErrorCode(),
                             fmt::format("{}: {}", path, problem));
  }
}

Error DiskStore::store(const CacheKey &key, StringRef source,
                       const Program &program, bool replace) const {
  std::string hex = key.hex(), path = entryPath(hex);
  PrivateDirectory::removeAbandoned(temporaryPath());
  if (Error error = makeDirectories(sys::path::parent_path(path).str()))
    return error;
  Expected<PrivateDirectory> folder = PrivateDirectory::create(temporaryPath());
  if (!folder)
    return folder.takeError();
  if (Error error = writeEntry(folder->path(), key, source, program))
    return error;
  if (replace)
    if (Error error = remove(hex))
      return error;
  // Who lost the race finds an entry that is as good as its own.
  return folder->publish(path).takeError();
}

std::optional<FileLock> DiskStore::lock(StringRef hex,
                                        int64_t timeoutMs) const {
  std::string folder = fmt::format("{}/{}", dir, hex.take_front(2).str());
  if (Error error = makeDirectories(folder)) {
    consumeError(std::move(error)); // store() will report it
    return std::nullopt;
  }
  return FileLock::acquire(folder + "/lock", timeoutMs);
}

/// Fills in what the manifest, or all files, of the open entry tell.
static void inspect(DiskStore::Entry &entry, int folder, DiskStore::Look look) {
  Expected<Manifest> manifest = readManifest(folder);
  if (!manifest) {
    entry.problem = toString(manifest.takeError());
    return;
  }
  entry.variant = manifest->key.variant;
  entry.spec = manifest->key.spec;
  entry.target = manifest->key.target;
  entry.build = manifest->key.build;
  if (look == DiskStore::Look::All)
    if (Expected<Program> program = readEntry(folder, entry.hex); !program)
      entry.problem = toString(program.takeError());
}

Expected<std::vector<DiskStore::Entry>> DiskStore::list(Look look) const {
  FileDescriptor top = openFolder(dir);
  if (!top.valid() && errno != ENOENT)
    return systemError("open", dir, errno);
  std::vector<Entry> entries;
  for (const std::string &group : namesIn(dir)) {
    if (!isHex(group, 2))
      continue;
    for (const std::string &hex : namesIn(dir + "/" + group)) {
      if (!isHex(hex, 32))
        continue;
      std::string path = entryPath(hex);
      FileDescriptor folder = openFolder(path);
      struct stat status;
      if (!folder.valid() || ::fstat(folder.get(), &status) != 0)
        continue; // gone since, or no folder
      Entry entry;
      entry.hex = hex;
      entry.bytes = folderBytes(path);
      entry.lastUse =
          int64_t(status.st_mtim.tv_sec) * 1000000000 + status.st_mtim.tv_nsec;
      if (look != Look::Sizes)
        inspect(entry, folder.get(), look);
      if (!entry.problem.empty() && !isStillAt(path, folder.get()))
        continue; // being removed while we read
      entries.push_back(std::move(entry));
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    return std::tie(b.lastUse, a.hex) < std::tie(a.lastUse, b.hex);
  });
  return entries;
}

Expected<DiskStore::Removed> DiskStore::prune(uint64_t maxBytes) const {
  PrivateDirectory::removeAbandoned(temporaryPath());
  Expected<std::vector<Entry>> entries = list(Look::Sizes);
  if (!entries)
    return entries.takeError();
  Removed removed;
  uint64_t kept = 0;
  for (const Entry &entry : *entries) {
    if (entry.bytes <= maxBytes - kept) {
      kept += entry.bytes;
      continue;
    }
    maxBytes = kept; // all that is older goes too
    if (Error error = remove(entry.hex))
      return error;
    ++removed.entries;
    removed.bytes += entry.bytes;
  }
  return removed;
}

Error DiskStore::remove(StringRef hex) const {
  std::string path = entryPath(hex);
  if (::access(path.c_str(), F_OK) != 0)
    return Error::success();
  // Moved away first, so that nobody finds an entry with half its files; an
  // entry that is being read stays open for its reader.
  Expected<PrivateDirectory> grave = PrivateDirectory::create(temporaryPath());
  if (!grave)
    return grave.takeError();
  if (::rename(path.c_str(), (grave->path() + "/entry").c_str()) != 0 &&
      errno != ENOENT)
    return systemError("rename", path, errno);
  return Error::success();
}

} // namespace llsa::rt

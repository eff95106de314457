//===- Files.h - whole files, private folders, locks ------------*- C++ -*-===//
//
// The few file operations that must be right for several processes to share a
// folder. Every error names the call, the file and the system's own text.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_SUPPORT_FILES_H
#define LLSA_RUNTIME_SUPPORT_FILES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>

namespace llsa::rt {

/// "CALL FILE: text of errno" as an Error with errno as its code.
llvm::Error systemError(llvm::StringRef call, llvm::StringRef file, int number);

/// A file descriptor that closes itself.
class FileDescriptor {
public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd(fd) {}
  FileDescriptor(FileDescriptor &&other) : fd(other.release()) {}
  FileDescriptor &operator=(FileDescriptor &&other);
  ~FileDescriptor();
  int get() const { return fd; }
  bool valid() const { return fd >= 0; }
  int release();

private:
  int fd = -1;
};

/// Makes a folder and its parents, for this user alone.
llvm::Error makeDirectories(const std::string &path);

/// More is no file of ours: a whole file becomes one string.
constexpr uint64_t kMostFileBytes = uint64_t(1) << 30;

/// The longest text of a variant or of device functions.
constexpr uint64_t kMostSourceBytes = uint64_t(64) << 20;

/// Reads a whole regular file of at most `mostBytes`; relative to the open
/// folder `dir` when that is given. Never waits for the other end of a pipe.
llvm::Expected<std::string> readFile(const std::string &path, int dir = -1,
                                     uint64_t mostBytes = kMostFileBytes);

/// Writes a new file and waits until it is on the disk.
llvm::Error writeFileSynced(const std::string &path, llvm::StringRef data);

/// Removes a folder and all in it; what cannot be removed stays.
void removeTree(const std::string &path);

/// A new private folder, gone with this object unless it was published.
///
/// The folder is locked (flock) as long as its maker lives, so that whoever
/// finds it can tell a folder in use from one left by a killed process.
class PrivateDirectory {
public:
  static llvm::Expected<PrivateDirectory> create(const std::string &parent);
  PrivateDirectory(PrivateDirectory &&other);
  PrivateDirectory &operator=(PrivateDirectory &&) = delete;
  ~PrivateDirectory();
  const std::string &path() const { return folder; }

  /// Syncs the folder and renames it to `destination`, all or nothing. False
  /// when a folder was there already: it stays, this one is dropped.
  llvm::Expected<bool> publish(const std::string &destination);

  /// Removes folders under `parent` whose makers are dead.
  static void removeAbandoned(const std::string &parent);

private:
  PrivateDirectory(std::string path, FileDescriptor lock);
  std::string folder;
  FileDescriptor lock;
};

/// An exclusive lock between processes and threads on one file, released by
/// the kernel when its holder dies.
class FileLock {
public:
  /// Waits at most `timeoutMs`. An empty result is no error but "no lock": the
  /// time ran out, or the place knows no locks or may not be written.
  static std::optional<FileLock> acquire(const std::string &path,
                                         int64_t timeoutMs);

private:
  explicit FileLock(FileDescriptor fd) : fd(std::move(fd)) {}
  FileDescriptor fd;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_SUPPORT_FILES_H

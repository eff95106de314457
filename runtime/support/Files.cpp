//===- Files.cpp ------------------------------------------------*- C++ -*-===//
#include "runtime/support/Files.h"

#include "runtime/support/Log.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace llvm;

namespace llsa::rt {

Error systemError(StringRef call, StringRef file, int number) {
  std::error_code code(number, std::generic_category());
  return createStringError(
      code, fmt::format("{} {}: {}", call.str(), file.str(), code.message()));
}

//===----------------------------------------------------------------------===//
// FileDescriptor
//===----------------------------------------------------------------------===//

FileDescriptor &FileDescriptor::operator=(FileDescriptor &&other) {
  if (this != &other) {
    if (valid())
      ::close(fd);
    fd = other.release();
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (valid())
    ::close(fd);
}

int FileDescriptor::release() {
  int result = fd;
  fd = -1;
  return result;
}

//===----------------------------------------------------------------------===//
// Files and folders
//===----------------------------------------------------------------------===//

Error makeDirectories(const std::string &path) {
  if (std::error_code code = sys::fs::create_directories(
          path, /*IgnoreExisting=*/true, sys::fs::owner_all))
    return systemError("mkdir", path, code.value());
  return Error::success();
}

Expected<std::string> readFile(const std::string &path, int dir,
                               uint64_t mostBytes) {
  // Opening a pipe waits for its other end, but for O_NONBLOCK.
  FileDescriptor fd(::openat(dir < 0 ? AT_FDCWD : dir, path.c_str(),
                             O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid())
    return systemError("open", path, errno);
  struct stat status;
  if (::fstat(fd.get(), &status) != 0)
    return systemError("stat", path, errno);
  auto fail = [&](int number, const std::string &message) {
    return createStringError(std::error_code(number, std::generic_category()),
                             fmt::format("read {}: {}", path, message));
  };
  if (S_ISDIR(status.st_mode))
    return systemError("read", path, EISDIR);
  if (!S_ISREG(status.st_mode))
    return fail(EINVAL, "expected a regular file, got a pipe or device");
  // The size is a hint: files of /proc say 0, and others may grow meanwhile.
  // With a byte more than that, the end is seen at once.
  uint64_t hint = uint64_t(status.st_size) + 1;
  std::string data;
  size_t done = 0;
  for (;;) {
    if (done == data.size())
      data.resize(size_t(
          std::min(std::max<uint64_t>(hint, 2 * done + 4096), mostBytes + 1)));
    ssize_t count = ::read(fd.get(), &data[done], data.size() - done);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return systemError("read", path, errno);
    if (count == 0)
      break;
    done += size_t(count);
    if (done > mostBytes)
      return fail(
          EFBIG, fmt::format("expected at most {} bytes, got more", mostBytes));
  }
  data.resize(done);
  return data;
}

Error writeFileSynced(const std::string &path, StringRef data) {
  FileDescriptor fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd.valid())
    return systemError("create", path, errno);
  while (!data.empty()) {
    ssize_t count = ::write(fd.get(), data.data(), data.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return systemError("write", path, errno);
    data = data.drop_front(size_t(count));
  }
  if (::fsync(fd.get()) != 0)
    return systemError("fsync", path, errno);
  // Some file systems report a full disk only here.
  if (::close(fd.release()) != 0)
    return systemError("close", path, errno);
  return Error::success();
}

void removeTree(const std::string &path) {
  (void)sys::fs::remove_directories(path, /*IgnoreErrors=*/true);
}

//===----------------------------------------------------------------------===//
// PrivateDirectory
//===----------------------------------------------------------------------===//

PrivateDirectory::PrivateDirectory(std::string path, FileDescriptor lock)
    : folder(std::move(path)), lock(std::move(lock)) {}

PrivateDirectory::PrivateDirectory(PrivateDirectory &&other)
    : folder(std::move(other.folder)), lock(std::move(other.lock)) {
  other.folder.clear();
}

PrivateDirectory::~PrivateDirectory() {
  if (!folder.empty())
    removeTree(folder);
}

Expected<PrivateDirectory> PrivateDirectory::create(const std::string &parent) {
  if (Error error = makeDirectories(parent))
    return error;
  std::string path = parent + "/XXXXXX";
  if (!::mkdtemp(path.data()))
    return systemError("mkdir", path, errno);
  FileDescriptor lock(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.valid())
    (void)::flock(lock.get(), LOCK_EX | LOCK_NB);
  return PrivateDirectory(std::move(path), std::move(lock));
}

Expected<bool> PrivateDirectory::publish(const std::string &destination) {
  if (lock.valid() && ::fsync(lock.get()) != 0)
    return systemError("fsync", folder, errno);
  if (::rename(folder.c_str(), destination.c_str()) != 0) {
    if (errno == ENOTEMPTY || errno == EEXIST)
      return false;
    return systemError("rename", destination, errno);
  }
  folder.clear();
  FileDescriptor parent(
      ::open(sys::path::parent_path(destination).str().c_str(),
             O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.valid())
    (void)::fsync(parent.get());
  return true;
}

void PrivateDirectory::removeAbandoned(const std::string &parent) {
  DIR *dir = ::opendir(parent.c_str());
  if (!dir)
    return;
  // A folder is made before it is locked: leave the newest alone.
  constexpr time_t kGraceSeconds = 60;
  while (dirent *entry = ::readdir(dir)) {
    StringRef name(entry->d_name);
    if (name == "." || name == "..")
      continue;
    std::string path = parent + "/" + name.str();
    FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat status;
    if (!fd.valid() || ::fstat(fd.get(), &status) != 0 ||
        status.st_mtime + kGraceSeconds > ::time(nullptr) ||
        ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
      continue;
    removeTree(path);
  }
  ::closedir(dir);
}

//===----------------------------------------------------------------------===//
// FileLock
//===----------------------------------------------------------------------===//

std::optional<FileLock> FileLock::acquire(const std::string &path,
                                          int64_t timeoutMs) {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!fd.valid())
    return std::nullopt;
  // Asking again and again, so that the wait ends even if the holder hangs.
  for (int64_t waited = 0, pause = 1;; waited += pause) {
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0)
      return FileLock(std::move(fd));
    if (errno != EWOULDBLOCK && errno != EINTR)
      return std::nullopt;
    if (waited >= timeoutMs)
      return std::nullopt;
    pause = std::min<int64_t>(pause * 2, 20);
    timespec time{0, long(pause) * 1000000};
    ::nanosleep(&time, nullptr);
  }
}

} // namespace llsa::rt

//===- FilesTest.cpp --------------------------------------------*- C++ -*-===//
#include "runtime/support/Files.h"
#include "test/unit/runtime/Testing.h"
#include "llvm/Support/FileSystem.h"
#include <csignal>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>

using namespace llsa::rt;
using namespace llsa::test;
using llvm::sys::fs::exists;

namespace {

TEST(Files, WriteAndRead) {
  TemporaryFolder folder;
  std::string path = folder.path + "/file", data("a\0b\n", 4);
  EXPECT_EQ(message(writeFileSynced(path, data)), "");
  EXPECT_EQ(get(readFile(path)), data);
  EXPECT_EQ(message(writeFileSynced(path, data)),
            "create " + path + ": File exists");
  EXPECT_EQ(message(readFile(folder.path)),
            "read " + folder.path + ": Is a directory");
  EXPECT_EQ(message(readFile(path + "x")),
            "open " + path + "x: No such file or directory");
}

TEST(Files, ReadsRegularFilesToTheirEnd) {
  TemporaryFolder folder;
  std::string pipe = folder.path + "/pipe", big = folder.path + "/big";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(message(readFile(pipe)),
            "read " + pipe + ": expected a regular file, got a pipe or device")
      << "and does not wait for somebody who writes";
  EXPECT_NE(get(readFile("/proc/self/status")).find("Name:"), std::string::npos)
      << "although its size is said to be 0";

  std::string data(200000, 'x');
  EXPECT_EQ(message(writeFileSynced(big, data)), "");
  EXPECT_EQ(get(readFile(big)), data);
  EXPECT_EQ(get(readFile(big, -1, data.size())), data);
  EXPECT_EQ(message(readFile(big, -1, data.size() - 1)),
            "read " + big + ": expected at most 199999 bytes, got more");
  // Of a size that no memory has: a hole, which takes no room on the disk.
  ASSERT_EQ(truncate(big.c_str(), off_t(1) << 40), 0);
  EXPECT_EQ(message(readFile(big, -1, 1000)),
            "read " + big + ": expected at most 1000 bytes, got more");
}

TEST(Files, PrivateDirectoryGoesAwayUnlessPublished) {
  TemporaryFolder folder;
  std::string first, destination = folder.path + "/there";
  {
    PrivateDirectory dir = get(PrivateDirectory::create(folder.path + "/tmp"));
    first = dir.path();
    EXPECT_EQ(message(writeFileSynced(first + "/a", "1")), "");
  }
  EXPECT_FALSE(exists(first));

  PrivateDirectory dir = get(PrivateDirectory::create(folder.path + "/tmp"));
  EXPECT_EQ(message(writeFileSynced(dir.path() + "/a", "1")), "");
  EXPECT_TRUE(get(dir.publish(destination)));
  EXPECT_EQ(get(readFile(destination + "/a")), "1");

  // The second of two is dropped, the first stays.
  PrivateDirectory late = get(PrivateDirectory::create(folder.path + "/tmp"));
  EXPECT_EQ(message(writeFileSynced(late.path() + "/a", "2")), "");
  EXPECT_FALSE(get(late.publish(destination)));
  EXPECT_EQ(get(readFile(destination + "/a")), "1");
}

TEST(Files, AbandonedFoldersAreKnownByTheirDeadLock) {
  TemporaryFolder folder;
  std::string left = folder.path + "/left", fresh = folder.path + "/fresh";
  ASSERT_EQ(mkdir(left.c_str(), 0700), 0);
  ASSERT_EQ(mkdir(fresh.c_str(), 0700), 0);
  PrivateDirectory used = get(PrivateDirectory::create(folder.path));
  timespec old[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, left.c_str(), old, 0), 0);
  ASSERT_EQ(utimensat(AT_FDCWD, used.path().c_str(), old, 0), 0);
  PrivateDirectory::removeAbandoned(folder.path);
  EXPECT_FALSE(exists(left));
  EXPECT_TRUE(exists(fresh)) << "its maker may not have locked it yet";
  EXPECT_TRUE(exists(used.path())) << "its maker lives";
}

TEST(Files, LockExcludesAndTimesOut) {
  TemporaryFolder folder;
  std::string path = folder.path + "/lock";
  std::optional<FileLock> lock = FileLock::acquire(path, 0);
  ASSERT_TRUE(lock);
  EXPECT_FALSE(FileLock::acquire(path, 30));
  std::thread releaser([&] {
    usleep(50000);
    lock.reset();
  });
  EXPECT_TRUE(FileLock::acquire(path, 10000));
  releaser.join();
  EXPECT_FALSE(FileLock::acquire(folder.path + "/no/such/folder", 0));
}

TEST(Files, LockDiesWithItsHolder) {
  TemporaryFolder folder;
  std::string path = folder.path + "/lock";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    std::optional<FileLock> lock = FileLock::acquire(path, 0);
    (void)!write(ready[1], "x", 1);
    for (;;)
      pause();
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_FALSE(FileLock::acquire(path, 0));
  kill(child, SIGKILL);
  EXPECT_TRUE(FileLock::acquire(path, 10000));
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
}

} // namespace

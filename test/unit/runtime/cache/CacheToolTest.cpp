//===- CacheToolTest.cpp - the llsa-cache command ---------------*- C++ -*-===//
#include "test/unit/runtime/cache/CacheTesting.h"
#include <sys/wait.h>

using namespace llsa;
using namespace llsa::rt;
using namespace llsa::test;

namespace {

struct CacheTool : testing::Test {
  TemporaryFolder folder;
  DiskStore store{folder.path};
  int status = 0;

  void put(int i) {
    EXPECT_EQ(message(store.store(keyOf(i), sourceOf(i), programOf(i), false)),
              "");
  }
  /// What the command prints, on both streams; sets `status`.
  std::string run(const std::string &args, const std::string &before = "") {
    std::string command = before + " " LLSA_CACHE_TOOL " " + args + " 2>&1";
    FILE *pipe = popen(command.c_str(), "r");
    std::string text;
    char buffer[4096];
    while (size_t count = fread(buffer, 1, sizeof buffer, pipe))
      text.append(buffer, count);
    status = WEXITSTATUS(pclose(pipe));
    return text;
  }
  std::string onFolder(const std::string &command) {
    return run(command + " --dir=" + folder.path);
  }
};

TEST_F(CacheTool, ListAndClear) {
  put(1);
  put(2);
  std::string text = onFolder("list");
  EXPECT_EQ(status, 0);
  EXPECT_NE(text.find(keyOf(1).hex()), std::string::npos);
  EXPECT_NE(text.find("fake  " + keyOf(2).spec + "  cpu:fake\n"),
            std::string::npos);
  EXPECT_NE(text.find("2 entries, "), std::string::npos);
  EXPECT_EQ(onFolder("clear").find("removed 2 entries, "), 0u);
  EXPECT_EQ(onFolder("list"), "0 entries, 0.0 KB in " + folder.path + "\n");
}

TEST_F(CacheTool, VerifyFailsWhenAnEntryIsDamaged) {
  put(1);
  put(2);
  EXPECT_EQ(onFolder("verify"), "2 entries, 0 damaged\n");
  EXPECT_EQ(status, 0);
  overwrite(store.entryPath(keyOf(1).hex()) + "/code.bin", "x");
  EXPECT_EQ(onFolder("verify"), store.entryPath(keyOf(1).hex()) +
                                    ": code.bin has 1 bytes, expected 5000\n2 "
                                    "entries, 1 damaged\n");
  EXPECT_EQ(status, 1);
}

TEST_F(CacheTool, Prune) {
  put(1);
  EXPECT_EQ(onFolder("prune --size-mb=1"), "removed 0 entries, 0.0 KB\n");
  EXPECT_EQ(onFolder("prune --size-mb=0").find("removed 1 entries, "), 0u);
  EXPECT_EQ(status, 0);
}

TEST_F(CacheTool, Env) {
  EXPECT_NE(
      run("env", "LLSA_LOGS=x")
          .find(
              "llsa: warn: environment variable LLSA_LOGS is unknown; did you "
              "mean LLSA_LOG?"),
      std::string::npos);
  EXPECT_NE(run("env").find("LLSA_NUM_THREADS\n"), std::string::npos);
  EXPECT_EQ(status, 0);
}

TEST_F(CacheTool, Mistakes) {
  EXPECT_NE(run("frobnicate"), "");
  EXPECT_NE(status, 0);
  EXPECT_EQ(run("list", "LLSA_CACHE_DIR=off"),
            "llsa-cache: there is no cache: LLSA_CACHE_DIR is 'off', or there "
            "is no home folder; give --dir\n");
  EXPECT_EQ(status, 1);
  EXPECT_EQ(run("list --dir=/dev/null"),
            "llsa-cache: open /dev/null: Not a directory\n");
  EXPECT_EQ(status, 1);
}

} // namespace

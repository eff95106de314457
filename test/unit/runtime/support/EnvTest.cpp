//===- EnvTest.cpp ----------------------------------------------*- C++ -*-===//
#include "runtime/support/Env.h"
#include "test/unit/runtime/Testing.h"

using namespace llsa::rt;
using llsa::test::Setting;

namespace {

TEST(Env, UnknownVariablesAreReportedWithTheNearest) {
  EXPECT_TRUE(env::unknownVariables().empty());
  Setting typo("LLSA_CACHE_DRI", "/x"), other("LLSA_SOMETHING_ELSE", "1");
  std::vector<std::string> messages = env::unknownVariables();
  ASSERT_EQ(messages.size(), 2u);
  std::sort(messages.begin(), messages.end());
  EXPECT_EQ(messages[0], "environment variable LLSA_CACHE_DRI is unknown; did "
                         "you mean LLSA_CACHE_DIR?");
  EXPECT_EQ(messages[1], "environment variable LLSA_SOMETHING_ELSE is unknown; "
                         "`llsa-cache env` lists all");
}

TEST(Env, DescribeListsEveryVariable) {
  Setting set("LLSA_DUMP_DIR", "/some/place");
  std::string text = env::describe();
  for (const env::Variable &variable : env::variables())
    EXPECT_NE(text.find(std::string(variable.name) + "\n"), std::string::npos);
  EXPECT_NE(text.find("now: /some/place"), std::string::npos);
}

TEST(Env, CacheDir) {
  Setting dir("LLSA_CACHE_DIR", nullptr), xdg("XDG_CACHE_HOME", nullptr);
  Setting home("HOME", "/home/someone");
  EXPECT_EQ(env::cacheDir(), "/home/someone/.cache/llsa");
  setenv("XDG_CACHE_HOME", "/xdg", 1);
  EXPECT_EQ(env::cacheDir(), "/xdg/llsa");
  setenv("LLSA_CACHE_DIR", "/here", 1);
  EXPECT_EQ(env::cacheDir(), "/here");
  setenv("LLSA_CACHE_DIR", "off", 1);
  EXPECT_EQ(env::cacheDir(), "");
}

TEST(Env, BadNumbersAreReportedAndIgnored) {
  Setting threads("LLSA_NUM_THREADS", "3");
  EXPECT_EQ(env::numThreads(), 3u);
  for (const char *bad : {"0", "-1", "many", "5000", "3x"}) {
    setenv("LLSA_NUM_THREADS", bad, 1);
    testing::internal::CaptureStderr();
    EXPECT_EQ(env::numThreads(), 0u);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              std::string("llsa: warn: LLSA_NUM_THREADS = '") + bad +
                  "': expected an integer of 1 to 4096; ignored\n");
  }
}

TEST(Env, ListsAreSplit) {
  Setting shared("LLSA_CACHE_SHARED_DIRS", "/a::/b");
  EXPECT_EQ(env::cacheSharedDirs(), (std::vector<std::string>{"/a", "/b"}));
}

} // namespace

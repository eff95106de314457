#include "compiler/driver/WriteText.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <gtest/gtest.h>

using namespace llsa;

namespace {

struct WriteTextTest : testing::Test {
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("llsa-write", folder));
    path = folder;
    llvm::sys::path::append(path, "out");
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  std::string content() {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    return buffer ? (*buffer)->getBuffer().str() : "(none)";
  }
  int numFiles() {
    std::error_code error;
    int count = 0;
    for (llvm::sys::fs::directory_iterator i(folder, error), end; i != end;
         i.increment(error))
      ++count;
    return count;
  }

  llvm::SmallString<128> folder, path;
};

} // namespace

TEST_F(WriteTextTest, WritesAndReplaces) {
  EXPECT_FALSE(bool(writeText(path, "one")));
  EXPECT_EQ(content(), "one");
  EXPECT_FALSE(bool(writeText(path, "two")));
  EXPECT_EQ(content(), "two");
  EXPECT_EQ(numFiles(), 1); // nothing left aside
}

TEST_F(WriteTextTest, NamesTheFileThatCannotBeWritten) {
  std::string nowhere = (folder + "/no/out").str();
  EXPECT_EQ(toString(writeText(nowhere, "x")),
            "cannot write '" + nowhere + "': No such file or directory");
  EXPECT_EQ(toString(writeText("/dev/full", "x")),
            "cannot write '/dev/full': No space left on device");
}

//===- TemporaryFolder.h - a folder for one test ----------------*- C++ -*-===//
#ifndef LLSA_TEST_UNIT_TOOLS_TEMPORARYFOLDER_H
#define LLSA_TEST_UNIT_TOOLS_TEMPORARYFOLDER_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>
#include <string>

namespace llsa::tools {

/// Made for a test, removed with all its files afterwards.
class TemporaryFolder {
public:
  TemporaryFolder() {
    EXPECT_FALSE(
        llvm::sys::fs::createUniqueDirectory("llsa-tools-test", folder));
  }
  ~TemporaryFolder() { llvm::sys::fs::remove_directories(folder); }

  std::string path(llvm::StringRef name) const {
    llvm::SmallString<128> out = folder;
    llvm::sys::path::append(out, name);
    return out.str().str();
  }
  std::string write(llvm::StringRef name, llvm::StringRef content) const {
    std::error_code code;
    llvm::raw_fd_ostream(path(name), code) << content;
    EXPECT_FALSE(code);
    return path(name);
  }
  /// Number of files in it.
  int count() const {
    std::error_code code;
    int files = 0;
    for (llvm::sys::fs::directory_iterator file(folder, code), end;
         file != end && !code; file.increment(code))
      ++files;
    return files;
  }

private:
  llvm::SmallString<128> folder;
};

/// The error's text; empty when there is a value.
template <typename T> std::string messageOf(llvm::Expected<T> value) {
  return value ? std::string() : llvm::toString(value.takeError());
}
inline std::string messageOf(llvm::Error error) {
  return llvm::toString(std::move(error));
}

/// The value, or a failed test and a default one.
template <typename T> T valueOf(llvm::Expected<T> value) {
  if (value)
    return std::move(*value);
  ADD_FAILURE() << llvm::toString(value.takeError());
  return T();
}

} // namespace llsa::tools

#endif // LLSA_TEST_UNIT_TOOLS_TEMPORARYFOLDER_H

//===- Testing.h - what several tests of the runtime need -------*- C++ -*-===//
#ifndef LLSA_TEST_UNIT_RUNTIME_TESTING_H
#define LLSA_TEST_UNIT_RUNTIME_TESTING_H

#include "runtime/program/KernelSpec.h"
#include "runtime/program/Tensor.h"
#include "runtime/support/Files.h"
#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <string>
#include <unistd.h>

namespace llsa::test {

/// The text of an error; "" for success.
inline std::string message(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "";
}
template <typename T> std::string message(llvm::Expected<T> value) {
  return value ? "" : llvm::toString(value.takeError());
}

/// The value; fails the test and ends the program when there is none.
template <typename T> T get(llvm::Expected<T> value) {
  if (!value) {
    ADD_FAILURE() << llvm::toString(value.takeError());
    std::abort();
  }
  return std::move(*value);
}

inline KernelSpec spec(const std::string &text) {
  return get(KernelSpec::parse(text));
}

/// Sets an environment variable (null: unsets it) as long as it lives.
struct Setting {
  Setting(const char *name, const char *value) : name(name) {
    if (const char *before = getenv(name))
      old = before;
    if (value)
      setenv(name, value, 1);
    else
      unsetenv(name);
  }
  ~Setting() {
    if (old)
      setenv(name, old->c_str(), 1);
    else
      unsetenv(name);
  }
  const char *name;
  std::optional<std::string> old;
};

/// A new empty folder, removed in the end.
class TemporaryFolder {
public:
  TemporaryFolder() {
    path = testing::TempDir() + "llsa-XXXXXX";
    EXPECT_NE(mkdtemp(path.data()), nullptr);
  }
  ~TemporaryFolder() { rt::removeTree(path); }
  std::string path;
};

/// Replaces a file's content, in place.
inline void overwrite(const std::string &path, const std::string &data) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  ASSERT_GE(fd, 0) << path;
  EXPECT_EQ(write(fd, data.data(), data.size()), ssize_t(data.size()));
  close(fd);
}

/// Row-major float memory with a shape, as tests pass it to kernels.
struct Floats {
  std::vector<int64_t> shape;
  std::vector<float> data;
  explicit Floats(std::vector<int64_t> sizes, unsigned seed = 0)
      : shape(std::move(sizes)) {
    size_t count = 1;
    for (int64_t size : shape)
      count *= size_t(size);
    std::mt19937 random(seed);
    for (size_t i = 0; i < count; ++i)
      data.push_back(seed ? float(random() % 2001) / 1000 - 1 : 0);
  }
  Tensor tensor() { return {data.data(), ElementType::F32, shape, {}}; }
};

} // namespace llsa::test

#endif // LLSA_TEST_UNIT_RUNTIME_TESTING_H

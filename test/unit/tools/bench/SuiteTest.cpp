//===- SuiteTest.cpp ------------------------------------------------------===//
#include "tools/llsa-bench/Suite.h"

#include "test/unit/tools/TemporaryFolder.h"
#include <gtest/gtest.h>

using namespace llsa;

namespace {

/// The suite with this text, or the error.
llvm::Expected<bench::Suite> read(const std::string &text) {
  tools::TemporaryFolder folder;
  return bench::readSuite(folder.write("suite.json", text));
}

std::string errorOf(const std::string &text) {
  auto suite = read(text);
  return suite ? "" : llvm::toString(suite.takeError());
}

TEST(Suite, ShippedSuitesAreRead) {
  struct {
    const char *name, *device;
    size_t cases;
  } const shipped[] = {{"cpu", "cpu", 10},
                       {"gpu-forward", "cuda", 9},
                       {"gpu-loglinear", "cuda", 7},
                       {"gpu-two-levels", "cuda", 4}};
  for (auto [name, device, cases] : shipped) {
    auto suite =
        bench::readSuite(std::string(LLSA_SUITES_DIR) + "/" + name + ".json");
    ASSERT_TRUE(bool(suite)) << llvm::toString(suite.takeError());
    EXPECT_EQ(suite->device, device);
    EXPECT_EQ(suite->cases.size(), cases);
  }
}

TEST(Suite, WhatIsLeftOutHasDefaults) {
  auto suite = read(R"({"cases": [
    {"variant": "llsa", "spec": "D=8,N=9,H=1,B=1,dtype=f32"},
    {"name": "mine", "variant": "a.mlir", "spec": "B=1,H=1,N=9,D=8,dtype=f16"}]})");
  ASSERT_TRUE(bool(suite)) << llvm::toString(suite.takeError());
  EXPECT_EQ(suite->device, "cpu");
  EXPECT_EQ(suite->cases[0].name, "llsa B=1,H=1,N=9,D=8,dtype=f32");
  EXPECT_EQ(suite->cases[1].name, "mine");
  EXPECT_EQ(suite->cases[1].variant, "a.mlir");
  EXPECT_EQ(suite->cases[1].spec.dtype, DType::F16);
}

TEST(Suite, ErrorsNameTheCaseAndWhatIsWrong) {
  const std::string good =
      R"({"variant": "x", "spec": "B=1,H=1,N=9,D=8,dtype=f32"})";
  struct {
    std::string text, message;
  } const wrong[] = {
      {"[", "expected a JSON object with a list 'cases'"},
      {R"({"cases": {}})", "expected a JSON object with a list 'cases'"},
      {R"({"cases": [3]})",
       "case 1: expected texts 'variant' and 'spec', got 3"},
      {R"({"cases": [)" + good + R"(, {"variant": "x"}]})",
       "case 2: expected texts 'variant' and 'spec'"},
      {R"({"cases": [{"variant": "x", "spec": "B=1,H=1,D=8,dtype=f32"}]})",
       "case 1: "},
      {R"({"cases": [)" + good + "," + good + "]}",
       "case 2: expected a name of its own, got 'x B=1,H=1,N=9,D=8,dtype=f32' "
       "again"}};
  for (const auto &[text, expected] : wrong)
    EXPECT_NE(errorOf(text).find(expected), std::string::npos) << errorOf(text);
  auto missing = bench::readSuite("/no/such/suite.json");
  ASSERT_FALSE(bool(missing));
  EXPECT_NE(llvm::toString(missing.takeError()).find("'/no/such/suite.json'"),
            std::string::npos);
}

} // namespace

//===- TargetInfoTest.cpp -------------------------------------------------===//
#include "compiler/schedule/TargetInfo.h"
#include <gtest/gtest.h>

using namespace llsa;

static TargetInfo parse(llvm::StringRef text) {
  llvm::Expected<TargetInfo> info = parseTargetInfo(text);
  EXPECT_TRUE(static_cast<bool>(info)) << text.str();
  return info ? *info : (llvm::consumeError(info.takeError()), TargetInfo());
}

static std::string errorOf(llvm::StringRef text) {
  llvm::Expected<TargetInfo> info = parseTargetInfo(text);
  return info ? "" : llvm::toString(info.takeError());
}

TEST(TargetInfo, BareCpuIsAvx2) {
  TargetInfo info = parse("cpu");
  EXPECT_EQ(info.lanes(), 8);
  EXPECT_EQ(info.vectorRegisters, 16);
  EXPECT_EQ(info.name, "cpu");
}

TEST(TargetInfo, FeaturesDecide) {
  EXPECT_EQ(parse("cpu:znver4:+avx,+avx2,+avx512f").lanes(), 16);
  EXPECT_EQ(parse("cpu:znver4:+avx,+avx2,+avx512f").vectorRegisters, 32);
  EXPECT_EQ(parse("cpu:znver4:+avx,+avx2,-avx512f").lanes(), 8);
  EXPECT_EQ(parse("cpu:znver4:+avx512f,-avx512f,+avx").lanes(),
            8); // the last word counts
  EXPECT_EQ(parse("cpu:nehalem:+sse4.2").lanes(), 4);
}

TEST(TargetInfo, MarchDecidesWithoutFeatures) {
  EXPECT_EQ(parse("cpu:x86-64-v4").lanes(), 16);
  EXPECT_EQ(parse("cpu:x86-64-v3").lanes(), 8);
  EXPECT_EQ(parse("cpu:x86-64").lanes(), 4);
}

TEST(TargetInfo, UnknownTargets) {
  for (const char *text : {"", "gpu", "cpu:", "cpu::+avx", "cpus"})
    EXPECT_EQ(
        errorOf(text),
        "target '" + std::string(text) +
            "' is unknown; expected cpu, cpu:MARCH, cpu:MARCH:FEATURES or one "
            "of sm_80, sm_89, sm_90a, sm_100a, sm_120a");
}

#include "compiler/target/host/HostTarget.h"
#include "compiler/driver/Compiler.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include <gtest/gtest.h>

using namespace llsa;

static std::string refusalOf(llvm::StringRef target) {
  auto resolved = HostTarget::resolve(target);
  return resolved ? "" : toString(resolved.takeError());
}

TEST(HostTarget, CpuIsThisMachine) {
  auto target = HostTarget::resolve("cpu");
  ASSERT_TRUE(bool(target)) << toString(target.takeError());
  EXPECT_EQ(target->cpu, llvm::sys::getHostCPUName());
  EXPECT_TRUE(bool(target->createTargetMachine()));
}

TEST(HostTarget, ExactTextResolvesToItself) {
  for (const char *text : {"cpu", "cpu:x86-64", "cpu:x86-64-v3"}) {
    auto exact = resolveTarget(text);
    ASSERT_TRUE(bool(exact)) << toString(exact.takeError());
    auto again = resolveTarget(*exact);
    ASSERT_TRUE(bool(again)) << toString(again.takeError());
    EXPECT_EQ(*exact, *again);
  }
}

TEST(HostTarget, FeaturesFollowTheProcessor) {
  auto old = HostTarget::resolve("cpu:x86-64");
  auto v3 = HostTarget::resolve("cpu:x86-64-v3");
  auto v4 = HostTarget::resolve("cpu:x86-64-v4");
  ASSERT_TRUE(old && v3 && v4);
  EXPECT_EQ(old->vectorBits, 128);
  EXPECT_EQ(v3->vectorBits, 256);
  EXPECT_EQ(v4->vectorBits, 512);
  EXPECT_EQ(old->features.find("+avx2"), std::string::npos);
  EXPECT_NE(v3->features.find("+avx2"), std::string::npos);
  EXPECT_NE(old->str(), v3->str());
}

TEST(HostTarget, AFeatureCanBeTurnedOff) {
  auto target = HostTarget::resolve("cpu:x86-64-v4:-avx512f");
  ASSERT_TRUE(bool(target)) << toString(target.takeError());
  EXPECT_EQ(target->vectorBits, 256);
}

TEST(HostTarget, UnknownOnesListWhatExists) {
  EXPECT_EQ(refusalOf("sm_10"),
            "unknown target 'sm_10'; targets are:\n" + describeTargets());
  EXPECT_EQ(refusalOf(""),
            "unknown target ''; targets are:\n" + describeTargets());
  EXPECT_EQ(refusalOf("cpu:pdp11"),
            "unknown processor 'pdp11' in target 'cpu:pdp11': expected one by "
            "LLVM's name, such as x86-64-v3 or znver3");
  for (std::string text : {"cpu:", "cpu::+avx2"})
    EXPECT_EQ(refusalOf(text),
              "target '" + text + "': expected a processor behind 'cpu:'");
  EXPECT_EQ(refusalOf("cpu:x86-64:avx2"),
            "target 'cpu:x86-64:avx2': expected +FEATURE or -FEATURE of "
            "x86_64, got 'avx2'");
}

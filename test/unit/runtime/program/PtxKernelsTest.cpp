//===- PtxKernelsTest.cpp - one PTX text, or one for each kernel ----------===//
#include "runtime/program/PtxKernels.h"
#include <gtest/gtest.h>

using namespace llsa;

namespace {

const char *kHeader = R"(//
// Made by hand
//
.version 8.8
.target sm_90a
.address_size 64
)";

const char *kShared = ".extern .shared .align 16 .b8 shared[];\n";

std::string kernel(const std::string &name) {
  return ".visible .entry " + name + "(\n\t.param .u64 p\n)\n.reqntid 32\n{\n" +
         "\t{ mov.u32 %r1, 1; }\n\tret;\n}";
}

std::string globl(const std::string &name) {
  return "\n\t// .globl\t" + name + "\n";
}

TEST(PtxKernels, Split) {
  std::string function = ".visible .func twice()\n{\n\tret;\n}\n";
  auto kernels = splitPtxKernels(kHeader + std::string(kShared) + kernel("a") +
                                 "\n" + function + kernel("b") + "\n");
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[0].name, "a");
  EXPECT_EQ(kernels[0].text, kHeader + std::string(kShared) + kernel("a") +
                                 "\n" + function + "\n");
  EXPECT_EQ(kernels[1].name, "b");
  EXPECT_EQ(kernels[1].text, kHeader + std::string(kShared) + "\n" + function +
                                 kernel("b") + "\n");
  EXPECT_TRUE(splitPtxKernels(kHeader).empty());
}

/// `first` and `second` are the texts of two kernels, of which this one is "b".
static void expectCutBetween(const std::string &first,
                             const std::string &second) {
  auto kernels = splitPtxKernels(first + second);
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[0].text, first);
  EXPECT_EQ(kernels[1].name, "b");
}

TEST(PtxKernels, AnEntryOnOneLine) {
  expectCutBetween(".visible .entry a(.param .b64 v) { ret; }\n",
                   ".entry b() { ret; }");
}

TEST(PtxKernels, BracesInCommentsAreText) {
  expectCutBetween(".entry a() { mov.u32 %r1, 1; // }\nret; }\n",
                   ".entry b() { /* { */ ret; }");
}

TEST(PtxKernels, JoinedDeclarationsStandOnce) {
  std::string other = ".extern .func (.param .b32 r) f\n(\n\t.param .b32 x\n)";
  std::string a = kHeader + globl("a") + kShared + "\n" + kernel("a") + "\n";
  std::string b =
      kHeader + globl("b") + kShared + other + "\n;\n\n" + kernel("b") + "\n";
  EXPECT_EQ(joinPtxKernels({a, b}),
            kHeader + std::string("\n") + kShared + other + ";\n" + globl("a") +
                kernel("a") + "\n" + globl("b") + kernel("b") + "\n");
  EXPECT_EQ(joinPtxKernels({a}), a);
}

TEST(PtxKernels, WhatIsJoinedSplitsAgain) {
  std::string a = kHeader + globl("a") + kShared + "\n" + kernel("a") + "\n";
  std::string b = kHeader + globl("b") + "\n" + kernel("b") + "\n";
  auto kernels = splitPtxKernels(joinPtxKernels({a, b}));
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_NE(kernels[0].text.find(kernel("a")), std::string::npos);
  EXPECT_EQ(kernels[0].text.find(kernel("b")), std::string::npos);
  EXPECT_NE(kernels[1].text.find(kernel("b")), std::string::npos);
}

} // namespace

//===- PtxFunctionsTest.cpp - functions in PTX texts ----------------------===//
#include "runtime/cuda/PtxFunctions.h"
#include "test/unit/runtime/Testing.h"

using namespace llsa::rt;
using namespace llsa::test;

namespace {

const char kKernel[] = R"(.version 8.8
.target sm_90a
.address_size 64

.extern .func  (.param .b32 func_retval0) twice
(
	.param .b32 twice_param_0
)
;
.visible .entry call(.param .b64 x) { ret; }
)";
const char kTwice[] = R"(.version 9.0
.target sm_80
.address_size 64
// .func (.param .b32 r) commented(.param .b32 x) { }
.visible .func  (.param .b32 func_retval0) twice(
	.param .b32 twice_param_0
)
{ ret; }
)";

std::string typeOf(const std::string &text) {
  std::vector<PtxFunction> functions = findFunctions(text);
  return functions.size() == 1 ? functions[0].name + functions[0].type()
                               : std::to_string(functions.size());
}

TEST(PtxFunctions, AreFound) {
  std::vector<PtxFunction> found = findFunctions(kKernel);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].name, "twice");
  EXPECT_EQ(found[0].type(), "(.b32) -> (.b32)");
  EXPECT_FALSE(found[0].isDefinition);
  EXPECT_EQ(std::string(kKernel).substr(found[0].linkage, 7), ".extern");
  found = findFunctions(kTwice);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].isDefinition);
  EXPECT_EQ(found[0].parameters[0].name, "twice_param_0");
  EXPECT_EQ(found[0].results[0].name, "func_retval0");
  EXPECT_EQ(std::string(kTwice).substr(found[0].bodyBegin, 6), " ret; ");
  EXPECT_EQ(found[0].bodyEnd, found[0].bodyBegin + 6);
  EXPECT_TRUE(findFunctions("").empty());
}

TEST(PtxFunctions, TypesAreRead) {
  EXPECT_EQ(typeOf(".func f { ret; }"), "f() -> ()");
  EXPECT_EQ(typeOf(".weak .func g(.param .b64 x, .param .align 4 .b8 y[12]);"),
            "g(.b64, .align 4 .b8[12]) -> ()");
  EXPECT_EQ(typeOf("\t.func (.param .b32 r) $h$1() {"), "$h$1() -> (.b32)");
}

TEST(PtxFunctions, OneTextDeclaresAndDefines) {
  std::string text =
      get(joinPtx(kKernel, {{"twice.cu", kTwice}}, {std::string("twice")}));
  EXPECT_EQ(text.rfind(".version 9.0\n.target sm_90a\n.address_size 64\n", 0),
            0u)
      << text;
  EXPECT_EQ(text.find(".extern"), std::string::npos) << text;
  EXPECT_EQ(text.find(".version", 1), std::string::npos) << text;
  EXPECT_EQ(text.find("sm_80"), std::string::npos) << text;
  EXPECT_LT(text.find(".entry call"), text.find("\n// twice.cu\n")) << text;
  EXPECT_EQ(findFunctions(text).size(), 2u) << text;
}

TEST(PtxFunctions, WhatDoesNotFitIsNamed) {
  std::vector<std::string> needed = {"twice"};
  EXPECT_EQ(message(joinPtx(kKernel, {}, needed)),
            "no source defines the device function 'twice': expected an extern "
            "\"C\" __device__ function of that name, got none");
  EXPECT_EQ(
      message(joinPtx(kKernel, {{"a.cu", ".func _Z5twicef(.param .b32 x) {}"}},
                      needed)),
      "no source defines the device function 'twice': expected an extern "
      "\"C\" __device__ function of that name, got _Z5twicef");
  EXPECT_EQ(message(joinPtx(kKernel,
                            {{"a.cu", ".func (.param .b32 r) twice(.param .b64 "
                                      "x) {}"}},
                            needed)),
            "the variant declares the device function 'twice' as (.b32) -> "
            "(.b32), but 'a.cu' defines it as (.b64) -> (.b32)");
  EXPECT_EQ(
      message(joinPtx(kKernel, {{"a.cu", kTwice}, {"b.cu", kTwice}}, needed)),
      "'a.cu' and 'b.cu' both define the function 'twice'");
}

} // namespace

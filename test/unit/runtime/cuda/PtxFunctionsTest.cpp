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
  EXPECT_LT(text.find("\n// twice.cu\n"), text.find(".entry call")) << text;
  // Behind the definition nothing may be declared again.
  EXPECT_EQ(findFunctions(text).size(), 1u) << text;
}

TEST(PtxFunctions, DeclarationsStandInFrontOfDefinitions) {
  std::string caller = ".extern .func (.param .b32 r) twice(.param .b32 x);\n"
                       ".visible .func calls() { ret; }\n";
  for (bool first : {false, true}) {
    std::vector<PtxText> texts = {{"twice.cu", kTwice}};
    texts.insert(first ? texts.begin() : texts.end(), {"caller.cu", caller});
    std::string text = get(joinPtx(kKernel, texts, {std::string("twice")}));
    EXPECT_EQ(findFunctions(text).size(), first ? 3u : 2u) << text;
    EXPECT_EQ(text.find(".extern"), std::string::npos) << text;
  }
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
  std::string table = ".visible .const .align 4 .b8 table[8];\n";
  EXPECT_EQ(message(joinPtx(
                kKernel, {{"a.cu", kTwice + table}, {"b.cu", table}}, needed)),
            "'a.cu' and 'b.cu' both define the variable 'table'");
}

TEST(PtxFunctions, BracesInCommentsAndStringsAreText) {
  std::string body = "\n// } {{ \n/* } */ .pragma \"}\";\nret;\n";
  std::vector<PtxFunction> found =
      findFunctions(".func f {" + body + "}\n.func g { ret; }\n");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].bodyEnd - found[0].bodyBegin, body.size());
  EXPECT_EQ(found[1].name, "g");
}

TEST(PtxFunctions, VariablesAreFound) {
  std::vector<PtxVariable> found = findVariables(
      "// .global .b32 commented;\n"
      ".extern .global .align 4 .b8 far[];\n"
      ".visible .const .align 4 .b8 table[8] = {0, 1, 2, 3, 4, 5, 6, 7};\n"
      ".func f(\n.param .b32 x)\n{\n.shared .b32 own;\n{ ret; }\n}\n"
      "\t.global .f32 half = 0f3F000000;\n");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].name, "far");
  EXPECT_FALSE(found[0].isDefinition);
  EXPECT_EQ(found[1].name, "table");
  EXPECT_TRUE(found[1].isDefinition);
  EXPECT_FALSE(found[1].isInternal);
  EXPECT_EQ(found[2].name, "half");
  EXPECT_TRUE(found[2].isInternal);
}

/// Names of one text alone: the second has others, also where it uses them.
TEST(PtxFunctions, WhatIsInternalDoesNotClash) {
  std::string own = ".const .b32 b32 = 1;\n"
                    ".func (.param .b32 r) helper() {\n"
                    "ld.const.b32 %r1, [b32];\nst.param.b32 [r], %r1;\n}\n";
  std::string text =
      get(joinPtx(kKernel, {{"a.cu", kTwice + own}, {"b.cu", own}},
                  {std::string("twice")}));
  size_t second = text.find("// b.cu");
  for (const char *name : {".const .b32 b32_2 = 1;", "helper_2()", "[b32_2]"}) {
    EXPECT_GT(text.find(name), second) << name;
    EXPECT_NE(text.find(name), std::string::npos) << name << text;
  }
  for (const char *name : {".const .b32 b32 = 1;", "helper()", "[b32]"})
    EXPECT_LT(text.find(name), second) << name;
}

} // namespace

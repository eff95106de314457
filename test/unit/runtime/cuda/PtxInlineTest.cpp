//===- PtxInlineTest.cpp - bodies in place of calls -----------------------===//
#include "runtime/cuda/PtxInline.h"
#include "test/unit/runtime/Testing.h"

using namespace llsa::rt;

namespace {

/// A kernel with one call of f(float, long long), and f with this body.
std::string textWith(const std::string &body) {
  return ".visible .func (.param .b32 r) f(.param .b32 x, .param .b64 y)\n{\n" +
         body +
         "}\n.visible .entry k() {\n"
         "\t{ // callseq 0, 0\n"
         "\t.param .b32 \tparam0;\n"
         "\t.param .b64 \tparam1;\n"
         "\t.param .b32 \tretval0;\n"
         "\tst.param.b64 \t[param1], %rd7;\n"
         "\tst.param.b32 \t[param0], %r8;\n"
         "\tcall.uni (retval0), f, (param0, param1);\n"
         "\tld.param.b32 \t%r9, [retval0];\n"
         "\t} // callseq 0\n"
         "\tret;\n}\n";
}

/// What becomes of the kernel.
std::string inlined(const std::string &body) {
  std::string text = inlineCalls(textWith(body), {std::string("f")});
  return text.substr(text.find(".visible .entry"));
}

bool staysACall(const std::string &body) {
  std::string text = textWith(body);
  return inlineCalls(text, {std::string("f")}) == text;
}

TEST(PtxInline, ABodyTakesTheCallsPlace) {
  EXPECT_EQ(inlined("\t.reg .f32 %f<3>;\n\n"
                    "\tld.param.f32 \t%f1, [x];\n"
                    "\tadd.f32 \t%f2, %f1, %f1;\n"
                    "\tst.param.f32 \t[r+0], %f2;\n"
                    "\tret;\n"),
            ".visible .entry k() {\n"
            "\t{\n"
            ".reg .b32 llsa_param0;\n"
            ".reg .b64 llsa_param1;\n"
            ".reg .b32 llsa_retval0;\n"
            "mov.b64 llsa_param1, %rd7;\n"
            "mov.b32 llsa_param0, %r8;\n"
            "{\n"
            ".reg .f32 %f<3>;\n"
            "mov.f32 %f1, llsa_param0;\n"
            "add.f32 \t%f2, %f1, %f1;\n"
            "mov.f32 llsa_retval0, %f2;\n"
            "}\n"
            "mov.b32 %r9, llsa_retval0;\n"
            "} // callseq 0\n"
            "\tret;\n}\n");
}

TEST(PtxInline, LabelsAndReturnsAreTheCopysOwn) {
  std::string text = inlined("@%p1 bra $L__BB0_2;\n"
                             "@%p2 ret;\n"
                             "$L__BB0_2:\n"
                             "st.param.f32 [r], 0f00000000;\n"
                             "ret;\n");
  EXPECT_NE(text.find("@%p1 bra $L__BB0_2_0;\n"
                      "@%p2 bra $llsa_end_0;\n"
                      "$L__BB0_2_0:\n"
                      "mov.f32 llsa_retval0, 0f00000000;\n"
                      "}\n"
                      "$llsa_end_0:\n"
                      "mov.b32 %r9, llsa_retval0;\n"),
            std::string::npos)
      << text;
}

TEST(PtxInline, WhatIsNotSimpleStaysACall) {
  EXPECT_FALSE(staysACall("ret;\n"));
  EXPECT_TRUE(staysACall("")) << "no body";
  EXPECT_TRUE(staysACall(".local .align 4 .b8 depot[4];\nret;\n"));
  EXPECT_TRUE(staysACall("mov.b64 %rd1, y;\nret;\n")) << "an address";
  EXPECT_TRUE(staysACall("ld.param.u32 %r1, [y+4];\nret;\n")) << "a half";
  EXPECT_TRUE(staysACall("ld.param.u32 %r1, [y];\nret;\n")) << "a half";
  std::string line = "add.f32 %f1, %f1, %f1;\n", body;
  for (int i = 0; i < 99; ++i)
    body += line;
  EXPECT_FALSE(staysACall(body + "ret;\n"));
  EXPECT_TRUE(staysACall(body + line + "ret;\n")) << "too long";
}

TEST(PtxInline, OtherFunctionsAreLeftAlone) {
  std::string text = textWith("ret;\n");
  EXPECT_EQ(inlineCalls(text, {std::string("g")}), text);
  EXPECT_EQ(inlineCalls("", {std::string("f")}), "");
}

} // namespace

#include "compiler/driver/Nesting.h"
#include <gtest/gtest.h>

using namespace llsa;

namespace {

std::string repeat(llvm::StringRef text, size_t count) {
  std::string result;
  for (size_t i = 0; i < count; ++i)
    result += text;
  return result;
}

/// Is text deep from the place on where `part` comes for the 257th time?
void expectDeep(const std::string &part) {
  EXPECT_FALSE(findDeepNesting(repeat(part, kMostNesting))) << part;
  auto place = findDeepNesting(repeat(part, 100000));
  ASSERT_TRUE(place) << part;
  EXPECT_EQ(*place / part.size(), kMostNesting) << part;
}

} // namespace

TEST(Nesting, BracketsAndOperatorsNest) {
  for (const char *part : {"(", "[", "{", "<", "tuple<", "{\n", "(%a-1 ",
                           "d0 + ", "- ", "d0 mod ", "2 floordiv "})
    expectDeep(part);
  EXPECT_FALSE(findDeepNesting(repeat("d0 + ((2)) + ", 120)));
  EXPECT_TRUE(findDeepNesting(repeat("d0 + ((2)) + ", 130)));
}

TEST(Nesting, WhatIsNoBracketDoesNotCount) {
  for (const char *part :
       {"()", "\"[\\\"[\" ", "// [[\n", "%c = arith.constant -1 : i32\n",
        "dense<[-1, -2]>, ", "(d0 - 1 >= 0), ", "() -> ()\n", "<(a) -> b>\n",
        "%c-1 ", "#a = [#b]\n", "!a = tuple<!b>\n", "]", "\"\n"})
    EXPECT_FALSE(findDeepNesting(repeat(part, 100000))) << part;
}

TEST(Nesting, AliasesNestWhatTheyName) {
  for (auto [sigil, open, close] :
       {std::tuple("#", "[", "]"), std::tuple("!", "tuple<", ">")}) {
    std::string text = sigil + std::string("a0 = ") + open + close + "\n";
    auto define = [&](int i) {
      text += sigil + std::string("a") + std::to_string(i) + " = " + open +
              sigil + "a" + std::to_string(i - 1) + close + "\n";
    };
    for (int i = 1; i < int(kMostNesting); ++i)
      define(i);
    EXPECT_FALSE(findDeepNesting(text));
    size_t before = text.size();
    define(int(kMostNesting));
    auto place = findDeepNesting(text);
    ASSERT_TRUE(place);
    EXPECT_GT(*place, before);
  }
}

//===- KernelSpecTest.cpp ---------------------------------------*- C++ -*-===//
#include "test/unit/runtime/Testing.h"

#include <cmath>

using namespace llsa;
using namespace llsa::test;

namespace {

std::string parseError(const std::string &text) {
  return message(KernelSpec::parse(text));
}

TEST(KernelSpec, ParsesAllKeys) {
  KernelSpec s = spec("B=2, H=8,Hkv=2,M=100,N=65536,D=64,dtype=bf16,levels=3,"
                      "block=16,topk=8:8:4,scale=0.125,lse=0,indices=1");
  EXPECT_EQ(s.B, 2);
  EXPECT_EQ(s.H, 8);
  EXPECT_EQ(s.Hkv, 2);
  EXPECT_EQ(s.M, 100);
  EXPECT_EQ(s.N, 65536);
  EXPECT_EQ(s.D, 64);
  EXPECT_EQ(s.dtype, DType::BF16);
  EXPECT_EQ(s.levels, 3);
  EXPECT_EQ(s.block, 16);
  EXPECT_EQ(s.topk, (std::vector<int64_t>{8, 8, 4}));
  EXPECT_EQ(s.scale, 0.125);
  EXPECT_FALSE(s.lse);
  EXPECT_TRUE(s.indices);
}

TEST(KernelSpec, DefaultsFollowOtherKeys) {
  KernelSpec s = spec("B=1,H=8,N=100,D=64,dtype=f32");
  EXPECT_EQ(s.Hkv, 8);
  EXPECT_EQ(s.M, 100);
  EXPECT_TRUE(s.lse);
  EXPECT_FALSE(s.indices);
  EXPECT_FALSE(s.levels || s.block || s.scale);
  EXPECT_EQ(s.str(), "B=1,H=8,N=100,D=64,dtype=f32");
}

TEST(KernelSpec, EveryMistakeHasItsMessage) {
  const std::string good = "B=1,H=4,N=100,D=64,dtype=f32";
  const std::pair<std::string, std::string> cases[] = {
      {"", "spec misses B"},
      {"B=1,H=4,N=100,dtype=f32", "spec misses D"},
      {"B=1,H=4,N=100,D=64", "spec misses dtype"},
      {good + ",Q=3",
       "spec key 'Q' is unknown; expected one of B, H, Hkv, M, N, D, dtype, "
       "levels, block, topk, scale, lse, indices, pass, dlse, tf32"},
      {good + ",B=1", "spec key 'B' is given more than once"},
      {good + ",levels", "spec entry 'levels': expected KEY=VALUE"},
      {good + ",", "spec entry '': expected KEY=VALUE"},
      {"B=x,H=4,N=100,D=64,dtype=f32",
       "B = x: expected an integer of at most 63 bits"},
      {"B=99999999999999999999,H=4,N=100,D=64,dtype=f32",
       "B = 99999999999999999999: expected an integer of at most 63 bits"},
      {"B=1,H=4,N=0,D=64,dtype=f32", "N = 0: expected at least 1"},
      {"B=-1,H=4,N=1,D=64,dtype=f32", "B = -1: expected at least 1"},
      {good + ",M=0", "M = 0: expected at least 1"},
      {"B=1,H=4,N=9,D=12,dtype=f32",
       "D = 12: expected a multiple of 8 between 8 and 256"},
      {"B=1,H=4,N=9,D=264,dtype=f32",
       "D = 264: expected a multiple of 8 between 8 and 256"},
      {"B=1,H=4,N=9,D=0,dtype=f32",
       "D = 0: expected a multiple of 8 between 8 and 256"},
      {"B=1,H=4,N=9,D=8,dtype=f64", "dtype = f64: expected f32, bf16 or f16"},
      {good + ",Hkv=3", "Hkv = 3: expected a divisor of H = 4"},
      {good + ",Hkv=8", "Hkv = 8: expected a divisor of H = 4"},
      {good + ",levels=6", "levels = 6: expected 0 to 5"},
      {good + ",levels=-1", "levels = -1: expected 0 to 5"},
      {good + ",block=3", "block = 3: expected 4 to 128"},
      {good + ",block=129", "block = 129: expected 4 to 128"},
      {good + ",topk=0", "topk = 0: expected entries from 1 to 1073741824"},
      {good + ",topk=8:0", "topk = 8:0: expected entries from 1 to 1073741824"},
      {good + ",topk=2147483648",
       "topk = 2147483648: expected entries from 1 to 1073741824"},
      {good + ",topk=8:", "topk = : expected an integer of at most 63 bits"},
      {good + ",levels=3,topk=8:8",
       "topk = 8:8: expected one entry or levels = 3 entries"},
      {good + ",topk=1:1:1:1:1:1",
       "topk = 1:1:1:1:1:1: expected one entry or at most 5 entries"},
      {good + ",scale=nan", "scale = nan: expected a finite number"},
      {good + ",scale=1e999", "scale = 1e999: expected a finite number"},
      {good + ",scale=a", "scale = a: expected a finite number"},
      {good + ",lse=2", "lse = 2: expected 0 or 1"},
      {good + ",pass=back", "pass = back: expected forward, keep or backward"},
      {good + ",dlse=1",
       "dlse = 1: expected pass = keep or pass = backward beside it"},
      {good + ",pass=keep,dlse=1,lse=0",
       "dlse = 1: expected lse = 1, or there is no lse"},
      {"B=1,H=4,N=100,D=64,dtype=bf16,tf32=1",
       "tf32 = 1: expected dtype = f32 beside it, got dtype = bf16"},
      {good + ",tf32=yes", "tf32 = yes: expected 0 or 1"},
      {"B=2097152,H=2097152,N=2097152,D=8,dtype=f32",
       "B = 2097152, H = 2097152, M = 2097152, N = 2097152, D = 8: a tensor of "
       "these sizes takes more than 2^63 bytes"},
  };
  for (const auto &[text, expected] : cases)
    EXPECT_EQ(parseError(text), expected) << text;
}

TEST(KernelSpec, BordersAreAllowed) {
  spec("B=1,H=1,N=1,D=8,dtype=f16,levels=0,block=4,topk=1");
  spec("B=1,H=1,N=1,D=256,dtype=f16,levels=5,block=128,topk=1:2:3:4:5");
  spec("B=1,H=1,N=1,D=8,dtype=f16,scale=0");
  spec("B=1,H=1,N=1,D=8,dtype=f16,scale=-1e300,topk=1073741824");
}

TEST(KernelSpec, TextRoundTrips) {
  std::mt19937_64 random(7);
  auto below = [&](int64_t n) { return int64_t(random() % uint64_t(n)); };
  for (int i = 0; i < 5000; ++i) {
    KernelSpec s;
    s.Hkv = 1 + below(8);
    s.H = s.Hkv * (1 + below(4));
    s.B = 1 + below(1000);
    s.N = 1 + below(int64_t(1) << 30);
    s.M = below(2) ? s.N : 1 + below(100000);
    s.D = 8 * (1 + below(32));
    s.dtype = DType(below(3));
    if (below(2))
      s.levels = below(6);
    if (below(2))
      s.block = 4 + below(125);
    int64_t entries = below(2) ? s.levels.value_or(below(6)) : 1;
    for (int64_t k = 0; k < entries; ++k)
      s.topk.push_back(1 + below(100));
    if (below(2))
      s.scale = std::ldexp(double(below(int64_t(1) << 53)) - 0x1p52,
                           int(below(200)) - 100);
    s.lse = below(2);
    s.indices = below(2);
    s.pass = Pass(below(3));
    s.lseGradient = s.pass != Pass::Forward && s.lse && below(2);
    ASSERT_EQ(message(s.verify()), "") << s.str();
    KernelSpec back = spec(s.str());
    ASSERT_EQ(back.str(), s.str());
    ASSERT_TRUE(back == s);
    ASSERT_EQ(
        std::tie(back.B, back.H, back.Hkv, back.M, back.N, back.D, back.dtype,
                 back.levels, back.block, back.topk, back.scale, back.lse,
                 back.indices, back.pass, back.lseGradient),
        std::tie(s.B, s.H, s.Hkv, s.M, s.N, s.D, s.dtype, s.levels, s.block,
                 s.topk, s.scale, s.lse, s.indices, s.pass, s.lseGradient));
  }
}

TEST(KernelSpec, AnyTextEndsCleanly) {
  std::mt19937 random(3);
  const std::string alphabet = "BHNMDk=,:.-+0123456789dtypelsfx \n\xff";
  for (int i = 0; i < 20000; ++i) {
    std::string text = "B=1,H=4,N=100,D=64,dtype=f32,levels=3,topk=8:8:4";
    for (int edits = 1 + random() % 4; edits > 0; --edits)
      text[random() % text.size()] = alphabet[random() % alphabet.size()];
    llvm::Expected<KernelSpec> parsed = KernelSpec::parse(text);
    if (!parsed)
      llvm::consumeError(parsed.takeError());
    else
      EXPECT_EQ(spec(parsed->str()).str(), parsed->str());
  }
}

} // namespace

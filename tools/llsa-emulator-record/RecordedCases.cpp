//===- RecordedCases.cpp - single instructions, on a GPU and here ---------===//
#include "tools/llsa-emulator-record/RecordedCases.h"

#include "runtime/support/Hash.h"
#include "llvm/ADT/StringRef.h"
#include <cmath>
#include <cstring>
#include <fmt/format.h>

using namespace llvm;

namespace llsa::tools {

//===----------------------------------------------------------------------===//
// The cases
//===----------------------------------------------------------------------===//

namespace {

/// `text` of an instruction on %a0, %a1, ... to %d0.
RecordedCase elementwise(const char *name, std::vector<Word> inputs,
                         const char *body,
                         Agreement agreement = Agreement::Bits,
                         double bound = 0) {
  RecordedCase result;
  result.name = name;
  result.target = "sm_80";
  result.inputs = std::move(inputs);
  result.body = body;
  result.agreement = agreement;
  result.bound = bound;
  return result;
}

/// "{%a4, %a5}"
std::string registers(const char *prefix, unsigned first, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += fmt::format("{}%{}{}", i ? ", " : "", prefix, first + i);
  return text + "}";
}

/// Products of at most 16 terms lose at most a part in 2^24 of the largest
/// magnitude for each.
constexpr double kProductBound = 0x1p-20;

RecordedCase mma(const char *name, const char *shape, const char *type,
                 Word word, unsigned a, unsigned b) {
  RecordedCase result;
  result.name = name;
  result.target = "sm_80";
  result.inputs.assign(a + b, word);
  result.inputs.insert(result.inputs.end(), 4, Word::F32);
  result.outputs = 4;
  result.threads = 32;
  result.body =
      fmt::format("mma.sync.aligned.{}.row.col.f32.{}.{}.f32 {}, {}, {}, {};",
                  shape, type, type, registers("d", 0, 4), registers("a", 0, a),
                  registers("a", a, b), registers("a", a + b, 4));
  result.agreement = Agreement::Product;
  result.bound = kProductBound;
  return result;
}

/// 64 columns. The right operand goes through shared memory, where threads put
/// their words one after the other: whatever place of an operand that is, it is
/// the same one everywhere. `strides`: bits 16 to 63 of its descriptor.
RecordedCase wgmma(const char *name, const char *type, Word word,
                   unsigned rightWords, uint64_t strides, bool transposed) {
  RecordedCase result;
  result.name = name;
  result.target = "sm_90a";
  result.inputs.assign(4 + rightWords, word);
  result.inputs.insert(result.inputs.end(), 32, Word::F32);
  result.outputs = 32;
  result.ctas = 4;
  result.sharedBytes = rightWords * 4 * result.threads;
  std::string &body = result.body;
  body = fmt::format("mov.u32 %r4, shared; mov.u32 %r5, %tid.x; "
                     "mad.lo.s32 %r6, %r5, {}, %r4;\n",
                     rightWords * 4);
  for (unsigned i = 0; i < rightWords; ++i)
    body += fmt::format("st.shared.b32 [%r6+{}], %a{};\n", 4 * i, 4 + i);
  for (unsigned i = 0; i < 32; ++i)
    body += fmt::format("mov.b32 %d{}, %a{};\n", i, 4 + rightWords + i);
  body += fmt::format(
      "fence.proxy.async.shared::cta; bar.sync 0;\n"
      "shr.u32 %r7, %r4, 4; and.b32 %r7, %r7, 0x3fff; "
      "cvt.u64.u32 %rd6, %r7; or.b64 %rd6, %rd6, {:#x};\n"
      "wgmma.fence.sync.aligned;\n"
      "wgmma.mma_async.sync.aligned.m64n64k16.f32.{}.{} {}, {}, %rd6, 1, 1, 1, "
      "{};\nwgmma.commit_group.sync.aligned;\n"
      "wgmma.wait_group.sync.aligned 0;",
      strides, type, type, registers("d", 0, 32), registers("a", 0, 4),
      transposed ? 1 : 0);
  result.agreement = Agreement::Product;
  result.bound = kProductBound;
  return result;
}

constexpr uint64_t descriptor(uint64_t leading, uint64_t stride,
                              uint64_t swizzle) {
  return leading / 16 << 16 | stride / 16 << 32 | swizzle << 62;
}

std::vector<RecordedCase> makeCases() {
  using W = Word;
  constexpr auto kRelative = Agreement::Relative;
  const std::vector<W> one = {W::F32}, two = {W::F32, W::F32},
                       three = {W::F32, W::F32, W::F32};
  std::vector<RecordedCase> all = {
      elementwise("add_f32", two, "add.rn.f32 %d0, %a0, %a1;"),
      elementwise("mul_f32", two, "mul.rn.f32 %d0, %a0, %a1;"),
      elementwise("fma_f32", three, "fma.rn.f32 %d0, %a0, %a1, %a2;"),
      elementwise("div_f32", two, "div.rn.f32 %d0, %a0, %a1;"),
      elementwise("max_f32", two, "max.f32 %d0, %a0, %a1;"),
      elementwise("max_nan_f32", two, "max.NaN.f32 %d0, %a0, %a1;"),
      elementwise("min_f32", two, "min.f32 %d0, %a0, %a1;"),
      elementwise("cvt_bf16_f32", one,
                  "cvt.rn.bf16.f32 %h0, %a0; cvt.u32.u16 %d0, %h0;"),
      elementwise("cvt_bf16x2_f32", two, "cvt.rn.bf16x2.f32 %d0, %a0, %a1;"),
      elementwise("cvt_f16_f32", one,
                  "cvt.rn.f16.f32 %h0, %a0; cvt.u32.u16 %d0, %h0;"),
      elementwise("cvt_f16x2_f32", two, "cvt.rn.f16x2.f32 %d0, %a0, %a1;"),
      elementwise("cvt_f32_f16", {W::F16Pair},
                  "mov.b32 {%h0, %h1}, %a0; cvt.f32.f16 %d0, %h0;"),
      elementwise("cvt_tf32_f32", one, "cvt.rna.tf32.f32 %d0, %a0;"),
      elementwise("cvt_f32_s32", {W::S32}, "cvt.rn.f32.s32 %d0, %a0;"),
      elementwise("cvt_s32_f32", one, "cvt.rzi.s32.f32 %d0, %a0;"),
      // Bounds are those of PTX.
      elementwise("ex2_ftz_f32", one, "ex2.approx.ftz.f32 %d0, %a0;", kRelative,
                  0x1p-22),
      elementwise("ex2_f32", one, "ex2.approx.f32 %d0, %a0;", kRelative,
                  0x1p-22),
      elementwise("lg2_f32", one, "lg2.approx.f32 %d0, %a0;",
                  Agreement::Absolute, 0x1p-22),
      elementwise("rcp_f32", one, "rcp.approx.f32 %d0, %a0;", kRelative,
                  0x1p-23),
      elementwise("rcp_ftz_f32", one, "rcp.approx.ftz.f32 %d0, %a0;", kRelative,
                  0x1p-23),
      elementwise("tanh_f32", one, "tanh.approx.f32 %d0, %a0;", kRelative,
                  0x1p-10),
      mma("mma_m16n8k16_bf16", "m16n8k16", "bf16", W::BF16Pair, 4, 2),
      mma("mma_m16n8k16_f16", "m16n8k16", "f16", W::F16Pair, 4, 2),
      mma("mma_m16n8k8_bf16", "m16n8k8", "bf16", W::BF16Pair, 2, 1),
      mma("mma_m16n8k8_f16", "m16n8k8", "f16", W::F16Pair, 2, 1),
      mma("mma_m16n8k8_tf32", "m16n8k8", "tf32", W::F32, 4, 2),
      mma("mma_m16n8k4_tf32", "m16n8k4", "tf32", W::F32, 2, 1),
  };
  for (auto [type, word] :
       {std::pair("bf16", W::BF16Pair), std::pair("f16", W::F16Pair)}) {
    auto name = [type = type](const char *layout) {
      return fmt::format("wgmma_{}_{}", type, layout);
    };
    // Rows of 16 terms, 32 bytes; and rows of 64 columns, 128 bytes.
    all.push_back(wgmma(name("rows_swizzle32").c_str(), type, word, 4,
                        descriptor(16, 256, 3), false));
    all.push_back(wgmma(name("rows_swizzle128").c_str(), type, word, 16,
                        descriptor(16, 1024, 1), false));
    all.push_back(wgmma(name("columns_swizzle128").c_str(), type, word, 4,
                        descriptor(2048, 1024, 1), true));
  }
  return all;
}

} // namespace

const std::vector<RecordedCase> &recordedCases() {
  static const std::vector<RecordedCase> kCases = makeCases();
  return kCases;
}

//===----------------------------------------------------------------------===//
// Kernels and inputs
//===----------------------------------------------------------------------===//

std::string ptxOf(const RecordedCase &recorded) {
  size_t count = recorded.inputs.size();
  std::string text = fmt::format(
      ".version 8.8\n.target {}\n.address_size 64\n{}"
      ".visible .entry {}(.param .u64 in, .param .u64 out) {{\n"
      ".reg .b16 %h<4>; .reg .b32 %r<8>; .reg .b64 %rd<8>;\n"
      ".reg .b32 %a<{}>; .reg .b32 %d<{}>;\n"
      "ld.param.u64 %rd1, [in]; ld.param.u64 %rd2, [out];\n"
      "mov.u32 %r1, %ctaid.x; mov.u32 %r2, %tid.x;\n"
      "mad.lo.s32 %r3, %r1, {}, %r2;\n"
      "mad.wide.u32 %rd3, %r3, {}, %rd1;\n"
      "mad.wide.u32 %rd4, %r3, {}, %rd2;\n",
      recorded.target,
      recorded.sharedBytes ? ".extern .shared .align 1024 .b8 shared[];\n" : "",
      recorded.name, count, recorded.outputs, recorded.threads, 4 * count,
      4 * recorded.outputs);
  for (size_t i = 0; i < count; ++i)
    text += fmt::format("ld.global.b32 %a{}, [%rd3+{}];\n", i, 4 * i);
  text += recorded.body + "\n";
  for (unsigned i = 0; i < recorded.outputs; ++i)
    text += fmt::format("st.global.b32 [%rd4+{}], %d{};\n", 4 * i, i);
  return text + "ret;\n}\n";
}

namespace {

/// Numbers that look random (splitmix64).
struct Numbers {
  uint64_t state;
  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  uint32_t below(uint32_t end) { return uint32_t(next() >> 32) % end; }
};

/// How wild values are: near 1; finite, subnormal ones too; some infinite or
/// NaN.
enum class Range { Calm, Wide, Special };

/// A number of `mantissa` bits behind `exponent` bits and a sign.
uint32_t floatBits(Numbers &numbers, Range range, unsigned exponent,
                   unsigned mantissa) {
  uint32_t most = (1u << exponent) - 1, bias = most / 2;
  uint32_t sign = numbers.below(2), fraction = numbers.below(1u << mantissa);
  uint32_t power = bias - 4 + numbers.below(9);
  if (range == Range::Wide)
    power = numbers.below(most);
  if (range == Range::Special && numbers.below(64) == 0) {
    static constexpr uint32_t kKinds = 6;
    switch (numbers.below(kKinds)) {
    case 0: // infinity
      power = most;
      fraction = 0;
      break;
    case 1: // NaN
      power = most;
      fraction |= 1u << (mantissa - 1);
      break;
    case 2: // subnormal
      power = 0;
      break;
    case 3: // zero
      power = fraction = 0;
      break;
    case 4: // the largest
      power = most - 1;
      fraction = (1u << mantissa) - 1;
      break;
    default: // a power of 2
      fraction = 0;
    }
  }
  return (sign << exponent | power) << mantissa | fraction;
}

uint32_t wordOf(Numbers &numbers, Range range, Word word) {
  auto pair = [&](unsigned exponent, unsigned mantissa) {
    uint32_t low = floatBits(numbers, range, exponent, mantissa);
    return low | floatBits(numbers, range, exponent, mantissa) << 16;
  };
  switch (word) {
  case Word::F32:
    return floatBits(numbers, range, 8, 23);
  case Word::BF16Pair:
    return pair(8, 7);
  case Word::F16Pair:
    return pair(5, 10);
  case Word::S32:
    return uint32_t(numbers.next() >> 32) >> numbers.below(32);
  }
  return 0;
}

float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

} // namespace

std::vector<uint32_t> inputsOf(const RecordedCase &recorded) {
  Numbers numbers{0};
  for (char c : recorded.name)
    numbers.state = numbers.state * 131 + uint64_t(c);
  std::vector<uint32_t> words;
  words.reserve(recorded.allThreads() * recorded.inputs.size());
  for (unsigned thread = 0; thread < recorded.allThreads(); ++thread) {
    unsigned cta = thread / recorded.threads;
    // Half of the CTAs are calm, a quarter each is not.
    Range range = cta % 4 == 3   ? Range::Special
                  : cta % 4 == 2 ? Range::Wide
                                 : Range::Calm;
    for (Word word : recorded.inputs)
      words.push_back(wordOf(numbers, range, word));
  }
  return words;
}

std::vector<uint32_t> absoluteInputs(const RecordedCase &recorded) {
  std::vector<uint32_t> words = inputsOf(recorded);
  for (size_t i = 0; i < words.size(); ++i)
    switch (recorded.inputs[i % recorded.inputs.size()]) {
    case Word::F32:
      words[i] &= 0x7fffffff;
      break;
    case Word::BF16Pair:
    case Word::F16Pair:
      words[i] &= 0x7fff7fff;
      break;
    case Word::S32:
      break;
    }
  return words;
}

std::string keyOf(const RecordedCase &recorded) {
  std::vector<uint32_t> words = inputsOf(recorded);
  std::string text = ptxOf(recorded);
  text.append(reinterpret_cast<const char *>(words.data()), words.size() * 4);
  return rt::hashHex(text).substr(0, 16);
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

/// Whether two values of f32 agree; `magnitude`: of a product's terms.
static bool agree(const RecordedCase &recorded, float gpu, float here,
                  float magnitude) {
  if (std::isnan(gpu) || std::isnan(here))
    return std::isnan(gpu) && std::isnan(here);
  if (gpu == here)
    return true;
  double difference = std::abs(double(gpu) - double(here));
  double value = std::abs(double(gpu));
  // Twice the bound where both sides have that error; and the least subnormal.
  double allowed = 0;
  switch (recorded.agreement) {
  case Agreement::Bits:
    return false;
  case Agreement::Relative:
    allowed = 2 * recorded.bound * value;
    break;
  case Agreement::Absolute:
    allowed = 2 * recorded.bound * std::max(value, 1.0);
    break;
  case Agreement::Product:
    allowed = recorded.bound * double(magnitude);
    break;
  }
  return difference <= allowed + 0x1p-149;
}

std::string compareOutputs(const RecordedCase &recorded,
                           ArrayRef<uint32_t> onGpu, ArrayRef<uint32_t> here,
                           ArrayRef<uint32_t> magnitudes) {
  if (onGpu.size() != here.size())
    return fmt::format("{}: {} words were recorded, expected {}", recorded.name,
                       onGpu.size(), here.size());
  bool products = recorded.agreement == Agreement::Product;
  for (size_t i = 0; i < here.size(); ++i) {
    // Packed halves agree to the bit, or not at all.
    if (onGpu[i] == here[i] ||
        agree(recorded, floatOf(onGpu[i]), floatOf(here[i]),
              products ? floatOf(magnitudes[i]) : 0))
      continue;
    return fmt::format("{}: output {} of thread {}: the GPU gave {:#010x} ({}),"
                       " the emulator {:#010x} ({})",
                       recorded.name, i % recorded.outputs,
                       i / recorded.outputs, onGpu[i], floatOf(onGpu[i]),
                       here[i], floatOf(here[i]));
  }
  return "";
}

} // namespace llsa::tools

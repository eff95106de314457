//===- KernelSpec.cpp - parse, check and print specs ------------*- C++ -*-===//
#include "runtime/program/KernelSpec.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

using namespace llvm;

namespace llsa {

namespace {

/// Every key of the text form, in canonical order.
constexpr const char *kKeys =
    "B, H, Hkv, M, N, D, dtype, levels, block, topk, scale, lse, indices, "
    "pass, dlse, tf32";

Expected<int64_t> parseInteger(StringRef key, StringRef text) {
  int64_t value = 0;
  if (text.getAsInteger(10, value))
    return createStringError(
        fmt::format("{} = {}: expected an integer of at most 63 bits",
                    key.str(), text.str()));
  return value;
}

Expected<bool> parseFlag(StringRef key, StringRef text) {
  if (text == "0" || text == "1")
    return text == "1";
  return createStringError(
      fmt::format("{} = {}: expected 0 or 1", key.str(), text.str()));
}

Expected<DType> parseDType(StringRef text) {
  for (DType dtype : {DType::F32, DType::BF16, DType::F16})
    if (text == toString(dtype))
      return dtype;
  return createStringError(
      fmt::format("dtype = {}: expected f32, bf16 or f16", text.str()));
}

Expected<Pass> parsePass(StringRef text) {
  for (Pass pass : {Pass::Forward, Pass::Keep, Pass::Backward})
    if (text == toString(pass))
      return pass;
  return createStringError(
      fmt::format("pass = {}: expected forward, keep or backward", text.str()));
}

Error checkRange(StringRef key, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high)
    return Error::success();
  std::string expected = high == std::numeric_limits<int64_t>::max()
                             ? fmt::format("at least {}", low)
                             : fmt::format("{} to {}", low, high);
  return createStringError(
      fmt::format("{} = {}: expected {}", key.str(), value, expected));
}

std::string joinTopK(ArrayRef<int64_t> topk) {
  return fmt::format("{}", fmt::join(topk.begin(), topk.end(), ":"));
}

/// Sets the field that `key` names.
Error setField(KernelSpec &spec, StringRef key, StringRef text) {
  auto setInteger = [&](auto &field) -> Error {
    Expected<int64_t> value = parseInteger(key, text);
    if (!value)
      return value.takeError();
    field = *value;
    return Error::success();
  };
  auto setFlag = [&](bool &field) -> Error {
    Expected<bool> value = parseFlag(key, text);
    if (!value)
      return value.takeError();
    field = *value;
    return Error::success();
  };
  if (key == "B")
    return setInteger(spec.B);
  if (key == "H")
    return setInteger(spec.H);
  if (key == "Hkv")
    return setInteger(spec.Hkv);
  if (key == "M")
    return setInteger(spec.M);
  if (key == "N")
    return setInteger(spec.N);
  if (key == "D")
    return setInteger(spec.D);
  if (key == "levels")
    return setInteger(spec.levels);
  if (key == "block")
    return setInteger(spec.block);
  if (key == "lse")
    return setFlag(spec.lse);
  if (key == "indices")
    return setFlag(spec.indices);
  if (key == "dlse")
    return setFlag(spec.lseGradient);
  if (key == "tf32")
    return setFlag(spec.tf32);
  if (key == "pass") {
    Expected<Pass> pass = parsePass(text);
    if (!pass)
      return pass.takeError();
    spec.pass = *pass;
    return Error::success();
  }
  if (key == "dtype") {
    Expected<DType> dtype = parseDType(text);
    if (!dtype)
      return dtype.takeError();
    spec.dtype = *dtype;
    return Error::success();
  }
  if (key == "topk") {
    SmallVector<StringRef> entries;
    text.split(entries, ':');
    for (StringRef entry : entries) {
      Expected<int64_t> value = parseInteger(key, entry);
      if (!value)
        return value.takeError();
      spec.topk.push_back(*value);
    }
    return Error::success();
  }
  if (key == "scale") {
    double value = 0;
    if (text.getAsDouble(value) || !std::isfinite(value))
      return createStringError(
          fmt::format("scale = {}: expected a finite number", text.str()));
    spec.scale = value;
    return Error::success();
  }
  return createStringError(fmt::format(
      "spec key '{}' is unknown; expected one of {}", key.str(), kKeys));
}

} // namespace

StringRef toString(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return "f32";
  case DType::BF16:
    return "bf16";
  case DType::F16:
    return "f16";
  }
  llvm_unreachable("all element types are listed");
}

StringRef toString(Pass pass) {
  switch (pass) {
  case Pass::Forward:
    return "forward";
  case Pass::Keep:
    return "keep";
  case Pass::Backward:
    return "backward";
  }
  llvm_unreachable("all passes are listed");
}

int64_t byteSize(DType dtype) { return dtype == DType::F32 ? 4 : 2; }

Expected<KernelSpec> KernelSpec::parse(StringRef text) {
  KernelSpec spec;
  StringSet<> seen;
  SmallVector<StringRef> entries;
  text.split(entries, ',');
  if (text.trim().empty())
    entries.clear();
  for (StringRef entry : entries) {
    auto [key, value] = entry.split('=');
    key = key.trim();
    value = value.trim();
    if (!entry.contains('='))
      return createStringError(fmt::format(
          "spec entry '{}': expected KEY=VALUE", entry.trim().str()));
    if (!seen.insert(key).second)
      return createStringError(
          fmt::format("spec key '{}' is given more than once", key.str()));
    if (Error error = setField(spec, key, value))
      return error;
  }
  for (StringRef key : {"B", "H", "N", "D", "dtype"})
    if (!seen.contains(key))
      return createStringError(fmt::format("spec misses {}", key.str()));
  if (!seen.contains("Hkv"))
    spec.Hkv = spec.H;
  if (!seen.contains("M"))
    spec.M = spec.N;
  if (Error error = spec.verify())
    return error;
  return spec;
}

Error KernelSpec::verify() const {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const std::pair<StringRef, int64_t> sizes[] = {
      {"B", B}, {"H", H}, {"Hkv", Hkv}, {"N", N}, {"M", M}};
  for (auto [key, value] : sizes)
    if (Error error = checkRange(key, value, 1, kMax))
      return error;
  if (D < 8 || D > 256 || D % 8 != 0)
    return createStringError(
        fmt::format("D = {}: expected a multiple of 8 between 8 and 256", D));
  if (H % Hkv != 0)
    return createStringError(
        fmt::format("Hkv = {}: expected a divisor of H = {}", Hkv, H));
  if (levels)
    if (Error error = checkRange("levels", *levels, 0, 5))
      return error;
  if (block)
    if (Error error = checkRange("block", *block, 4, 128))
      return error;
  for (int64_t k : topk)
    if (k < 1 || k > kMostTopk)
      return createStringError(
          fmt::format("topk = {}: expected entries from 1 to {}",
                      joinTopK(topk), kMostTopk));
  int64_t most = levels ? std::max<int64_t>(*levels, 1) : 5;
  if (topk.size() > 1 &&
      (levels ? int64_t(topk.size()) != *levels : int64_t(topk.size()) > most))
    return createStringError(
        fmt::format("topk = {}: expected one entry or {}", joinTopK(topk),
                    levels ? fmt::format("levels = {} entries", *levels)
                           : std::string("at most 5 entries")));
  if (scale && !std::isfinite(*scale))
    return createStringError(
        fmt::format("scale = {}: expected a finite number", *scale));

  if (lseGradient && pass == Pass::Forward)
    return createStringError(
        "dlse = 1: expected pass = keep or pass = backward beside it");
  if (lseGradient && !lse)
    return createStringError("dlse = 1: expected lse = 1, or there is no lse");
  if (tf32 && dtype != DType::F32)
    return createStringError(
        fmt::format("tf32 = 1: expected dtype = f32 beside it, got dtype = {}",
                    toString(dtype).str()));

  // The largest tensor, in float32, must be addressable by 63-bit byte offsets.
  int64_t bytes = 4;
  for (int64_t factor : {B, H, std::max(M, N), D})
    if (MulOverflow(bytes, factor, bytes))
      return createStringError(fmt::format(
          "B = {}, H = {}, M = {}, N = {}, D = {}: a tensor of these sizes "
          "takes more than 2^63 bytes",
          B, H, M, N, D));
  return Error::success();
}

std::string KernelSpec::str() const {
  std::string text = fmt::format("B={},H={}", B, H);
  if (Hkv != H)
    text += fmt::format(",Hkv={}", Hkv);
  if (M != N)
    text += fmt::format(",M={}", M);
  text += fmt::format(",N={},D={},dtype={}", N, D, toString(dtype).str());
  if (levels)
    text += fmt::format(",levels={}", *levels);
  if (block)
    text += fmt::format(",block={}", *block);
  if (!topk.empty())
    text += ",topk=" + joinTopK(topk);
  if (scale)
    text += fmt::format(",scale={}", *scale);
  if (!lse)
    text += ",lse=0";
  if (indices)
    text += ",indices=1";
  if (pass != Pass::Forward)
    text += fmt::format(",pass={}", toString(pass).str());
  if (lseGradient)
    text += ",dlse=1";
  if (tf32)
    text += ",tf32=1";
  return text;
}

} // namespace llsa

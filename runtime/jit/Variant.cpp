//===- Variant.cpp ----------------------------------------------*- C++ -*-===//
#include "runtime/jit/Variant.h"

#include "runtime/support/Files.h"
#include "runtime/support/Hash.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace llsa::rt {

Expected<Variant> Variant::fromFile(const std::string &path) {
  Expected<std::string> text = readFile(path, -1, kMostSourceBytes);
  if (!text)
    return text.takeError();
  return fromSource(std::move(*text), sys::path::stem(path).str());
}

Variant Variant::fromSource(std::string text, std::string name) {
  std::string hash = hashHex(text);
  return Variant(Data{std::move(name), std::move(text), std::move(hash), {}});
}

Variant Variant::withDeviceFunctions(std::vector<CudaSource> sources) const {
  return Variant(Data{name(), text(), hash(), std::move(sources)});
}

} // namespace llsa::rt

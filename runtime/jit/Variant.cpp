//===- Variant.cpp ----------------------------------------------*- C++ -*-===//
#include "runtime/jit/Variant.h"

#include "runtime/cuda/DeviceFunctions.h"
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
  return Variant(std::move(name), std::move(text), std::move(hash), {});
}

Variant Variant::withDeviceFunctions(std::vector<CudaSource> sources) const {
  return Variant(name(), text(), hash(), std::move(sources));
}

Variant::Variant(std::string name, std::string text, std::string hash,
                 std::vector<CudaSource> deviceFunctions) {
  // The hash has a fixed length, which keeps what stands beside it apart.
  std::string identity =
      hashHex(hash + deviceFunctionsKey(deviceFunctions) + "\n" + name);
  data = std::make_shared<const Data>(
      Data{std::move(name), std::move(text), std::move(hash),
           std::move(deviceFunctions), std::move(identity)});
}

} // namespace llsa::rt

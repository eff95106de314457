//===- Variant.h - the text of a variant, loaded once -----------*- C++ -*-===//
#ifndef LLSA_RUNTIME_JIT_VARIANT_H
#define LLSA_RUNTIME_JIT_VARIANT_H

#include "runtime/cuda/Nvrtc.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace llsa::rt {

/// A variant's source. A cheap handle: copies share the text, and its hash is
/// computed once, so that asking the Jit for a kernel reads no text.
class Variant {
public:
  /// Reads a .mlir file; its name without folder and ending is the variant's.
  static llvm::Expected<Variant> fromFile(const std::string &path);
  static Variant fromSource(std::string text, std::string name);
  /// The same variant with the sources of the device functions that it calls
  /// (DeviceFunctions.h), for a GPU or the emulator.
  Variant withDeviceFunctions(std::vector<CudaSource> sources) const;

  const std::string &name() const { return data->name; }
  const std::string &text() const { return data->text; }
  /// hashHex() of the text.
  const std::string &hash() const { return data->hash; }
  const std::vector<CudaSource> &deviceFunctions() const {
    return data->deviceFunctions;
  }

  /// Same handle, not same text: two loads of one file are different here,
  /// and meet again in the cache.
  bool operator==(const Variant &other) const { return data == other.data; }
  /// For hash tables; unique among living variants.
  const void *identity() const { return data.get(); }

private:
  struct Data {
    std::string name, text, hash;
    std::vector<CudaSource> deviceFunctions;
  };
  explicit Variant(Data data)
      : data(std::make_shared<const Data>(std::move(data))) {}
  std::shared_ptr<const Data> data;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_JIT_VARIANT_H

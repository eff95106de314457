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

/// A variant's source. A cheap handle: copies share the text, and its hashes
/// are computed once, so that asking the Jit for a kernel reads no text.
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

  /// hashHex() of the name, the text and the device functions: what a kernel
  /// depends on. Two loads of one file have the same.
  const std::string &identity() const { return data->identity; }

private:
  struct Data {
    std::string name, text, hash;
    std::vector<CudaSource> deviceFunctions;
    std::string identity;
  };
  Variant(std::string name, std::string text, std::string hash,
          std::vector<CudaSource> deviceFunctions);
  std::shared_ptr<const Data> data;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_JIT_VARIANT_H

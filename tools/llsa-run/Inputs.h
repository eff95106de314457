//===- Inputs.h - what a variant is run on ----------------------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_RUN_INPUTS_H
#define LLSA_TOOLS_LLSA_RUN_INPUTS_H

#include "kernels/interpreter/Interpreter.h"
#include "tools/io/Image.h"
#include "tools/io/TokenOrder.h"
#include "tools/llsa-run/HostTensor.h"
#include <map>
#include <optional>

namespace llsa::tools {

/// Where inputs come from.
struct InputSource {
  enum class Kind { Random, Structured, Image, Npy };
  Kind kind = Kind::Random;
  std::string path; ///< of the picture, or the folder of .npy files
  uint64_t seed = 1;

  /// "random", "structured", "image:PATH" or "npy:DIR".
  static llvm::Expected<InputSource> parse(llvm::StringRef text, uint64_t seed);
};

/// A photograph that became tokens.
struct Photograph {
  Image image;
  TokenOrder order;
};

/// Tensors by name.
using NamedTensors = std::map<std::string, HostTensor>;

struct Inputs {
  NamedTensors tensors;
  std::optional<Photograph> photograph; ///< of image inputs
  std::string description;              ///< for the report
};

/// Makes or reads the inputs `ports` for `spec`. Random: q, k and v as
/// Tokens.h says, every other argument nearly normal numbers, or, where it is
/// used as indices, random rows of different ones. `layout` is that of rank-4
/// tensors.
llvm::Expected<Inputs> makeInputs(const InputSource &source,
                                  const KernelSpec &spec,
                                  const std::vector<reference::Port> &ports,
                                  Layout layout = Layout::Contiguous);

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_RUN_INPUTS_H

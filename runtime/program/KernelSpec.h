//===- KernelSpec.h - what a kernel is specialised for ----------*- C++ -*-===//
//
// A variant (a .mlir file) leaves sizes and element type open; a KernelSpec
// closes them. (variant, spec, target, options) is the key of a kernel.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_PROGRAM_KERNELSPEC_H
#define LLSA_RUNTIME_PROGRAM_KERNELSPEC_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace llsa {

/// Element type of q, k, v and o. LSE is always float32, indices are int32.
enum class DType { F32, BF16, F16 };

/// "f32", "bf16", "f16".
llvm::StringRef toString(DType dtype);
/// Bytes of one element: 4, 2, 2.
int64_t byteSize(DType dtype);

/// Which function of a variant a kernel computes.
enum class Pass {
  Forward, ///< the variant
  Keep,    ///< the same, with what the backward needs as further results
  Backward ///< gradients of its inputs, from those of its results
};

/// "forward", "keep", "backward".
llvm::StringRef toString(Pass pass);

/// Sizes, element type and hierarchy of one specialised kernel.
///
/// Text form, also the command line's: `B=1,H=8,N=65536,D=64,dtype=bf16`, then
/// optionally `Hkv=2` (grouped-query heads; must divide H), `M=1024` (queries,
/// when they are not the N keys), `levels=3`, `block=16`, `topk=8` or
/// `topk=8:8:4` (fine to coarse), `scale=0.125`, `lse=0` (do not return LSE),
/// `indices=1` (also return the selected indices i1, i2, ... ), `pass=keep` or
/// `pass=backward` (see Pass), `dlse=1` (of these: LSE has a gradient, too),
/// `tf32=1` (f32 alone: see tf32). What a variant has no use for, as a `topk`
/// where nothing is selected, is refused.
struct KernelSpec {
  int64_t B = 1;   ///< batch
  int64_t H = 1;   ///< query heads
  int64_t Hkv = 1; ///< key/value heads; H % Hkv == 0
  int64_t M = 0;   ///< queries
  int64_t N = 0;   ///< keys
  int64_t D = 0;   ///< head dimension: 8 to 256 in steps of 8
  DType dtype = DType::F32;
  std::optional<int64_t> levels; ///< coarse levels, 0 to 5; closes `levels = ?`
  std::optional<int64_t> block;  ///< 4 to 128; closes `block = ?`
  static constexpr int64_t kMostTopk = int64_t(1) << 30;
  std::vector<int64_t> topk;   ///< empty, one for all levels, or one per level
  std::optional<double> scale; ///< replaces the default 1/sqrt(D)
  bool lse = true;             ///< keep the result named "lse"
  bool indices = false;        ///< append the selected indices as results
  Pass pass = Pass::Forward;
  bool lseGradient = false; ///< keep, backward: the result named "lse" has a
                            ///< gradient, the argument "dlse"
  /// A GPU may round the factors of products to tf32 (11 bits), as PyTorch does
  /// with `allow_tf32`: a quarter of the work. Not those of selections and
  /// linear attention, nor those whose results a backward subtracts from each
  /// other (sums of values where it follows, do . v), and nothing on a CPU.
  /// Needs dtype F32.
  bool tf32 = false;

  /// Parses the text form. An error names the key, what was expected and what
  /// came: unknown keys, missing B, H, N, D or dtype, values out of range.
  static llvm::Expected<KernelSpec> parse(llvm::StringRef text);

  /// Checks ranges; parse() has already called it.
  llvm::Error verify() const;

  /// Canonical text: parse(str()) gives an equal spec, equal specs give equal
  /// text. Part of the cache key.
  std::string str() const;

  bool operator==(const KernelSpec &other) const {
    return str() == other.str();
  }
};

} // namespace llsa

#endif // LLSA_RUNTIME_PROGRAM_KERNELSPEC_H

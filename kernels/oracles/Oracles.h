//===- Oracles.h - plain CUDA kernels, correct before fast ------*- C++ -*-===//
//
// pool, select and attend once more, in CUDA C++ that NVRTC compiles: they
// share nothing with the compiler and run where generated kernels run, so they
// are a witness for shapes that the float64 loops take too long for, and for
// the emulator, which must agree with them and with the GPU alike.
//
// Tensors have no gaps. The .cu files beside this one are the specification of
// each parameter.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_ORACLES_ORACLES_H
#define LLSA_KERNELS_ORACLES_ORACLES_H

#include "runtime/cuda/CudaDevice.h"
#include "runtime/program/Program.h"
#include <vector>

namespace llsa::oracles {

/// Sizes of an attention, as KernelSpec has them.
struct Sizes {
  int64_t batch = 1, heads = 1, keyHeads = 1, queries = 0, dim = 0;
  int64_t queryRows() const { return batch * heads; }
  int64_t keyRows() const { return batch * keyHeads; }
};

/// One source of keys, in device memory.
struct Source {
  const void *keys = nullptr, *values = nullptr;
  int64_t numKeys = 0;
  float weight = 1;
  int64_t span = 0;              ///< tokens that a key averages; 0: no span
  const void *indices = nullptr; ///< null: dense, or a window
  int64_t block = 1, every = 1, entries = 0;
  int64_t before = INT64_MAX / 2, after = INT64_MAX / 2; ///< window
};

/// The coarser selection of select().
struct Within {
  const void *indices = nullptr;
  int64_t block = 1, entries = 0;
};

/// PTX of all oracles for elements of `type` (f32, bf16, f16); wants NVRTC.
llvm::Expected<std::string> compileOracles(ElementType type,
                                           llvm::StringRef target);

/// The oracles on a GPU. All calls wait for their kernels.
class Oracles {
public:
  static llvm::Expected<Oracles>
  create(std::shared_ptr<const rt::CudaDevice> device, ElementType type);
  Oracles(Oracles &&other);
  Oracles &operator=(Oracles &&) = delete;
  ~Oracles();

  /// x [heads, tokens, dim] to y [heads, ceil(tokens / block), dim].
  llvm::Error pool(const void *x, void *y, int64_t heads, int64_t tokens,
                   int64_t dim, int64_t block) const;
  /// The `topk` best keys: int32 indices [heads, queries, topk].
  llvm::Error select(const Sizes &sizes, const void *q, const void *k,
                     int64_t keys, int64_t topk, Within within,
                     void *indices) const;
  /// One softmax over `sources`; `tokens` of level 0 bound the spans. o is like
  /// q; lse is float32 [heads, queries].
  llvm::Error attend(const Sizes &sizes, const void *q,
                     llvm::ArrayRef<Source> sources, int64_t tokens,
                     float scale, void *o, void *lse) const;

private:
  Oracles() = default;
  llvm::Error launch(const char *kernel, int64_t threads,
                     llvm::ArrayRef<void *> params) const;
  llvm::Error wait() const;

  std::shared_ptr<const rt::CudaDevice> device;
  rt::CUmodule module = nullptr;
};

} // namespace llsa::oracles

#endif // LLSA_KERNELS_ORACLES_ORACLES_H

//===- HostTensor.h - a tensor with memory of its own -----------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_RUN_HOSTTENSOR_H
#define LLSA_TOOLS_LLSA_RUN_HOSTTENSOR_H

#include "kernels/reference/Array.h"
#include "runtime/program/Tensor.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace llsa::tools {

/// How a [B, H, N, D] tensor lies in memory.
enum class Layout {
  Contiguous,  ///< [B, H, N, D]
  TokensFirst, ///< [B, N, H, D], as most frameworks' linear layers leave it
  Padded       ///< [B, H, N, D] with 8 unused elements behind every row
};

/// Elements in memory as a kernel sees them. Move-only.
class HostTensor {
public:
  /// Memory that holds no values yet. Fails when there is not enough of it.
  static llvm::Expected<HostTensor> create(ElementType type,
                                           std::vector<int64_t> shape,
                                           Layout layout = Layout::Contiguous);

  ElementType type() const { return elementType; }
  const std::vector<int64_t> &shape() const { return sizes; }
  int64_t numElements() const;
  int64_t numBytes() const { return bytes; }
  const void *data() const { return memory.get(); }

  /// A view for the runtime; lives as long as this tensor.
  Tensor view() const;

  /// Sets element e (in row-major order of the shape) to `value(e)`, rounded to
  /// the element type.
  void fill(llvm::function_ref<double(int64_t e)> value);
  /// Bits that no kernel writes on purpose: NaN, or a great index. What is
  /// still there after a run was not written.
  void fillWithGarbage();

  /// The elements as the reference takes them.
  reference::Array toArray() const;
  /// Rows `rows` of dimension 2 alone; the rank is at least 3.
  reference::Array toArray(const std::vector<int64_t> &rows) const;
  /// The elements of an int32 tensor.
  reference::IndexArray toIndices() const;

private:
  struct Free {
    void operator()(void *pointer) const { std::free(pointer); }
  };
  double at(int64_t offset) const;
  /// Calls visit(offset) for all elements, or those of some rows, in order.
  void forEach(const std::vector<int64_t> *rows,
               llvm::function_ref<void(int64_t offset)> visit) const;

  ElementType elementType = ElementType::F32;
  std::vector<int64_t> sizes, strides;
  int64_t bytes = 0;
  std::unique_ptr<void, Free> memory;
};

/// "1x8x4096x64".
std::string shapeText(llvm::ArrayRef<int64_t> shape);

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_RUN_HOSTTENSOR_H

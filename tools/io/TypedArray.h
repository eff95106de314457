//===- TypedArray.h - an array in a buffer's own type -----------*- C++ -*-===//
#ifndef LLSA_TOOLS_IO_TYPEDARRAY_H
#define LLSA_TOOLS_IO_TYPEDARRAY_H

#include "runtime/program/Tensor.h"
#include <vector>

namespace llsa::tools {

/// Row-major memory of a shape and an element type, owned.
class TypedArray {
public:
  TypedArray(ElementType type, std::vector<int64_t> shape);

  /// Each value rounded once to the type; i32 takes whole numbers.
  static TypedArray fromFloats(ElementType type, std::vector<int64_t> shape,
                               llvm::ArrayRef<float> values);

  /// A view for a launch; valid as long as this array.
  Tensor view() const;

  const char *data() const { return bytes.data(); }
  char *data() { return bytes.data(); }
  ElementType type() const { return elementType; }
  const std::vector<int64_t> &shape() const { return sizes; }
  int64_t numElements() const { return count; }

private:
  ElementType elementType;
  std::vector<int64_t> sizes;
  int64_t count = 1;
  std::vector<char> bytes;
};

} // namespace llsa::tools

#endif // LLSA_TOOLS_IO_TYPEDARRAY_H

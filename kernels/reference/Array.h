//===- Array.h - plain dense arrays for the reference -----------*- C++ -*-===//
//
// Row-major arrays of doubles and of indices, nothing more: the reference is
// the root of truth, so it rests on as little code as possible.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_ARRAY_H
#define LLSA_KERNELS_REFERENCE_ARRAY_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

namespace llsa::reference {

/// Ends the process with a message. The reference is called by tests and tools
/// with shapes that they made themselves, so a wrong one is a bug in them; the
/// check stays on in release builds.
[[noreturn]] void misuse(const char *message);
inline void require(bool condition, const char *message) {
  if (!condition)
    misuse(message);
}

/// A dense row-major array: a shape and its elements.
template <typename T> struct Tensor {
  std::vector<int64_t> shape;
  std::vector<T> data;

  Tensor() = default;
  explicit Tensor(std::vector<int64_t> shape, T fill = T())
      : shape(std::move(shape)),
        data(static_cast<size_t>(numElements()), fill) {}
  Tensor(std::vector<int64_t> shape, std::vector<T> data)
      : shape(std::move(shape)), data(std::move(data)) {
    require(numElements() == static_cast<int64_t>(this->data.size()),
            "Tensor: the number of elements does not fit the shape");
  }

  int64_t numElements() const {
    return std::accumulate(shape.begin(), shape.end(), int64_t(1),
                           std::multiplies<int64_t>());
  }
  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  int64_t dim(int64_t axis) const { return shape[static_cast<size_t>(axis)]; }

  /// First element of row [b, h, n] of a [B, H, N, D] array.
  T *row(int64_t b, int64_t h, int64_t n) {
    return data.data() + ((b * dim(1) + h) * dim(2) + n) * dim(3);
  }
  const T *row(int64_t b, int64_t h, int64_t n) const {
    return data.data() + ((b * dim(1) + h) * dim(2) + n) * dim(3);
  }
  /// Element [b, h, n] of a [B, H, N] array.
  T &at(int64_t b, int64_t h, int64_t n) {
    return data[static_cast<size_t>((b * dim(1) + h) * dim(2) + n)];
  }
  const T &at(int64_t b, int64_t h, int64_t n) const {
    return data[static_cast<size_t>((b * dim(1) + h) * dim(2) + n)];
  }
  /// Element [b, h, n, d] of a [B, H, N, D] array.
  T &at(int64_t b, int64_t h, int64_t n, int64_t d) { return row(b, h, n)[d]; }
  const T &at(int64_t b, int64_t h, int64_t n, int64_t d) const {
    return row(b, h, n)[d];
  }
};

/// Values; tokens are [B, H, N, D].
using Array = Tensor<double>;
/// Indices [B, H, N, k]; -1 is an empty entry.
using IndexArray = Tensor<int32_t>;

} // namespace llsa::reference

#endif // LLSA_KERNELS_REFERENCE_ARRAY_H

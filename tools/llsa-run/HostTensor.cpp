//===- HostTensor.cpp - a tensor with memory of its own -------------------===//
#include "tools/llsa-run/HostTensor.h"
#include "kernels/reference/Rounding.h"
#include "tools/io/Files.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace llsa;
using namespace llsa::tools;

static constexpr int64_t kAlignment = 64;
static constexpr int64_t kRowPadding = 8;

std::string llsa::tools::shapeText(llvm::ArrayRef<int64_t> shape) {
  return fmt::format("{}", fmt::join(shape.begin(), shape.end(), "x"));
}

static std::vector<int64_t> stridesOf(llvm::ArrayRef<int64_t> shape,
                                      Layout layout) {
  std::vector<int64_t> strides = contiguousStrides(shape);
  if (shape.size() != 4 || layout == Layout::Contiguous)
    return strides;
  if (layout == Layout::TokensFirst) {
    strides[1] = shape[3];
    strides[2] = shape[1] * shape[3];
    return strides;
  }
  strides[2] = shape[3] + kRowPadding;
  strides[1] = strides[2] * shape[2];
  strides[0] = strides[1] * shape[1];
  return strides;
}

llvm::Expected<HostTensor> HostTensor::create(ElementType type,
                                              std::vector<int64_t> shape,
                                              Layout layout) {
  HostTensor out;
  out.elementType = type;
  out.sizes = std::move(shape);
  out.strides = stridesOf(out.sizes, layout);
  int64_t elements = 1;
  for (size_t d = 0; d < out.sizes.size(); ++d)
    elements += (out.sizes[d] - 1) * out.strides[d];
  out.bytes = elements * byteSize(type);
  out.memory.reset(std::aligned_alloc(
      kAlignment, llvm::alignTo(uint64_t(out.bytes), kAlignment)));
  if (!out.memory)
    return makeError("out of memory: a tensor of {} {} needs {} bytes",
                     shapeText(out.sizes), toString(type).str(), out.bytes);
  std::memset(out.memory.get(), 0, size_t(out.bytes));
  return out;
}

int64_t HostTensor::numElements() const {
  int64_t count = 1;
  for (int64_t size : sizes)
    count *= size;
  return count;
}

llsa::Tensor HostTensor::view() const {
  return {memory.get(), elementType, sizes, strides};
}

void HostTensor::forEach(const std::vector<int64_t> *rows,
                         llvm::function_ref<void(int64_t offset)> visit) const {
  size_t rank = sizes.size();
  if (rank == 0)
    return visit(0);
  std::vector<int64_t> extents = sizes, index(rank, 0);
  if (rows)
    extents[2] = static_cast<int64_t>(rows->size());
  int64_t inner = extents.back(), count = 1;
  for (size_t d = 0; d + 1 < rank; ++d)
    count *= extents[d];
  // The rows' dimension may be the last one; then it is walked by its numbers.
  bool innerIsRows = rows && rank == 3;
  for (int64_t outer = 0; outer < count; ++outer) {
    int64_t rest = outer, offset = 0;
    for (size_t d = rank - 1; d-- > 0;) {
      int64_t i = rest % extents[d];
      rest /= extents[d];
      offset += (rows && d == 2 ? (*rows)[size_t(i)] : i) * strides[d];
    }
    for (int64_t i = 0; i < inner; ++i)
      visit(offset +
            (innerIsRows ? (*rows)[size_t(i)] : i) * strides[rank - 1]);
  }
}

double HostTensor::at(int64_t offset) const {
  const char *base = static_cast<const char *>(memory.get());
  switch (elementType) {
  case ElementType::F32: {
    float value;
    std::memcpy(&value, base + offset * 4, 4);
    return value;
  }
  case ElementType::BF16: {
    uint16_t bits;
    std::memcpy(&bits, base + offset * 2, 2);
    return reference::fromBF16Bits(bits);
  }
  case ElementType::F16: {
    uint16_t bits;
    std::memcpy(&bits, base + offset * 2, 2);
    return reference::fromF16Bits(bits);
  }
  case ElementType::I32: {
    int32_t value;
    std::memcpy(&value, base + offset * 4, 4);
    return value;
  }
  case ElementType::I8:
    return static_cast<int8_t>(base[offset]);
  }
  llvm_unreachable("all element types are listed");
}

void HostTensor::fill(llvm::function_ref<double(int64_t e)> value) {
  char *base = static_cast<char *>(memory.get());
  int64_t e = 0;
  forEach(nullptr, [&](int64_t offset) {
    double number = value(e++);
    switch (elementType) {
    case ElementType::F32: {
      float rounded = static_cast<float>(number);
      std::memcpy(base + offset * 4, &rounded, 4);
      return;
    }
    case ElementType::BF16: {
      uint16_t bits = reference::toBF16Bits(number);
      std::memcpy(base + offset * 2, &bits, 2);
      return;
    }
    case ElementType::F16: {
      uint16_t bits = reference::toF16Bits(number);
      std::memcpy(base + offset * 2, &bits, 2);
      return;
    }
    case ElementType::I32: {
      int32_t whole = static_cast<int32_t>(number);
      std::memcpy(base + offset * 4, &whole, 4);
      return;
    }
    case ElementType::I8:
      base[offset] = static_cast<char>(static_cast<int8_t>(number));
      return;
    }
  });
}

void HostTensor::fillWithGarbage() {
  // All ones is a NaN in every float type, but a legitimate index.
  std::memset(memory.get(), isInteger(elementType) ? 0x7A : 0xFF,
              size_t(bytes));
}

reference::Array HostTensor::toArray() const {
  reference::Array out(sizes);
  auto next = out.data.begin();
  forEach(nullptr, [&](int64_t offset) { *next++ = at(offset); });
  return out;
}

reference::Array HostTensor::toArray(const std::vector<int64_t> &rows) const {
  std::vector<int64_t> shape = sizes;
  shape[2] = static_cast<int64_t>(rows.size());
  reference::Array out(shape);
  auto next = out.data.begin();
  forEach(&rows, [&](int64_t offset) { *next++ = at(offset); });
  return out;
}

reference::IndexArray HostTensor::toIndices() const {
  reference::IndexArray out(sizes);
  auto next = out.data.begin();
  forEach(nullptr,
          [&](int64_t offset) { *next++ = static_cast<int32_t>(at(offset)); });
  return out;
}

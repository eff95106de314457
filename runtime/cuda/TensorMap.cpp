//===- TensorMap.cpp - a tensor as the copy engine sees it ----------------===//
#include "runtime/cuda/TensorMap.h"

#include "llvm/ADT/SmallVector.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

// CUtensorMapDataType, ...Swizzle, ...L2promotion.
static constexpr int kFloat16 = 6, kFloat32 = 7, kBfloat16 = 9;
static constexpr int kSwizzle32 = 1, kSwizzle64 = 2, kSwizzle128 = 3;
static constexpr int kPromote256 = 3;

static int typeOf(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return kBfloat16;
  case ElementType::F16:
    return kFloat16;
  default:
    return kFloat32;
  }
}

Expected<CUtensorMap> encodeView(const CudaDriver &driver,
                                 const TensorView &view, const Buffer &buffer,
                                 void *address, ArrayRef<int64_t> strides) {
  // Innermost dimension first.
  size_t rank = buffer.shape.size();
  int64_t bytes = byteSize(buffer.type);
  SmallVector<uint64_t, 5> sizes, byteStrides;
  SmallVector<uint32_t, 5> box(rank, 1), steps(rank, 1);
  for (size_t d = rank; d-- > 0;) {
    sizes.push_back(uint64_t(buffer.shape[d]));
    // A dimension of one element may have any stride; the driver wants a
    // multiple of 16 bytes.
    if (d + 1 < rank)
      byteStrides.push_back(
          buffer.shape[d] == 1 ? 16 : uint64_t(strides[d] * bytes));
  }
  box[0] = uint32_t(view.cols);
  box[1] = uint32_t(view.rows);
  int64_t width = view.cols * bytes;
  int swizzle = width == 128  ? kSwizzle128
                : width == 64 ? kSwizzle64
                              : kSwizzle32;
  CUtensorMap map;
  CUresult result = driver.TensorMapEncodeTiled(
      &map, typeOf(buffer.type), unsigned(rank), address, sizes.data(),
      byteStrides.data(), box.data(), steps.data(), /*interleave=*/0, swizzle,
      kPromote256, /*fill=*/0);
  if (result != 0)
    return driver.check(
        result, fmt::format("no tensor map of '{}' at {} with a box of {} x {}",
                            buffer.name, address, view.rows, view.cols));
  return map;
}

} // namespace llsa::rt

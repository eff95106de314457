//===- TypedArray.cpp - an array in a buffer's own type -------------------===//

#include "tools/io/TypedArray.h"
#include "kernels/reference/Rounding.h"
#include "tools/io/Parallel.h"
#include <cstring>

using namespace llsa;
using namespace llsa::tools;

TypedArray::TypedArray(ElementType type, std::vector<int64_t> shape)
    : elementType(type), sizes(std::move(shape)) {
  for (int64_t size : sizes)
    count *= size;
  bytes.resize(count * byteSize(type));
}

TypedArray TypedArray::fromFloats(ElementType type, std::vector<int64_t> shape,
                                  llvm::ArrayRef<float> values) {
  TypedArray array(type, std::move(shape));
  assert(int64_t(values.size()) == array.count && "one value per element");
  char *to = array.bytes.data();
  auto convert = [&](int64_t i) {
    switch (type) {
    case ElementType::F32:
      std::memcpy(to + 4 * i, &values[i], 4);
      break;
    case ElementType::I32: {
      int32_t whole = static_cast<int32_t>(values[i]);
      std::memcpy(to + 4 * i, &whole, 4);
      break;
    }
    case ElementType::I8:
      to[i] = static_cast<char>(static_cast<int8_t>(values[i]));
      break;
    case ElementType::BF16:
    case ElementType::F16: {
      uint16_t bits = type == ElementType::BF16
                          ? reference::toBF16Bits(values[i])
                          : reference::toF16Bits(values[i]);
      std::memcpy(to + 2 * i, &bits, 2);
      break;
    }
    }
  };
  inParallelRanges(array.count, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i)
      convert(i);
  });
  return array;
}

Tensor TypedArray::view() const {
  return {const_cast<char *>(bytes.data()), elementType, sizes, {}};
}

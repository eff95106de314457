//===- StridedCopy.cpp - tensors that lie askew ---------------------------===//
#include "runtime/cuda/StridedCopy.h"

using namespace llvm;

namespace llsa::rt {

namespace {

constexpr unsigned kDeviceMemory = 2; // CUmemorytype
/// Least of what devices allow (CU_DEVICE_ATTRIBUTE_MAX_PITCH).
constexpr int64_t kMaxPitch = (int64_t(1) << 31) - 1;

class Copier {
public:
  Copier(const CudaDriver &cu, const Buffer &buffer, StridedPlace from,
         StridedPlace to, CUstream stream)
      : cu(cu), shape(buffer.shape), size(byteSize(buffer.type)), from(from),
        to(to), stream(stream) {}

  CUresult run() { return shape.empty() ? row(0, 0) : outer(0, 0, 0); }

private:
  /// Walks the dimensions in front of the last two; offsets are in bytes.
  CUresult outer(size_t d, int64_t fromAt, int64_t toAt) {
    if (d + 1 == shape.size())
      return row(fromAt, toAt);
    if (d + 2 == shape.size() && isPitched(d))
      return rows(d, fromAt, toAt);
    for (int64_t i = 0; i < shape[d]; ++i)
      if (CUresult result = outer(d + 1, fromAt + i * from.strides[d] * size,
                                  toAt + i * to.strides[d] * size))
        return result;
    return 0;
  }

  int64_t width() const { return shape.empty() ? size : shape.back() * size; }

  /// Whether dimension `d` is rows at a pitch, as the driver knows them.
  bool isPitched(size_t d) const {
    for (int64_t pitch : {from.strides[d] * size, to.strides[d] * size})
      if (pitch < width() || pitch > kMaxPitch)
        return false;
    return true;
  }

  CUresult rows(size_t d, int64_t fromAt, int64_t toAt) {
    CUmemcpy2D copy{};
    copy.srcMemoryType = copy.dstMemoryType = kDeviceMemory;
    copy.srcDevice = from.data + CUdeviceptr(fromAt);
    copy.dstDevice = to.data + CUdeviceptr(toAt);
    copy.srcPitch = size_t(from.strides[d] * size);
    copy.dstPitch = size_t(to.strides[d] * size);
    copy.widthInBytes = size_t(width());
    copy.height = size_t(shape[d]);
    return cu.Memcpy2DAsync(&copy, stream);
  }

  CUresult row(int64_t fromAt, int64_t toAt) {
    return cu.MemcpyDtoDAsync(to.data + CUdeviceptr(toAt),
                              from.data + CUdeviceptr(fromAt), size_t(width()),
                              stream);
  }

  const CudaDriver &cu;
  ArrayRef<int64_t> shape;
  int64_t size;
  StridedPlace from, to;
  CUstream stream;
};

} // namespace

CUresult copyStrided(const CudaDriver &cu, const Buffer &buffer,
                     StridedPlace from, StridedPlace to, CUstream stream) {
  return Copier(cu, buffer, from, to, stream).run();
}

} // namespace llsa::rt

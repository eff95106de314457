//===- TensorMapCache.cpp - tensor maps of the tensors seen last ----------===//
#include "runtime/cuda/TensorMapCache.h"

#include "runtime/cuda/TensorMap.h"

using namespace llvm;

namespace llsa::rt {

Expected<CUtensorMap> TensorMapCache::get(const CudaDriver &driver,
                                          size_t number, const TensorView &view,
                                          const Buffer &buffer, void *address,
                                          ArrayRef<int64_t> strides) {
  std::lock_guard<std::mutex> lock(mutex);
  View &kept = views[number];
  for (const Entry &entry : kept.entries)
    if (entry.address == address && ArrayRef<int64_t>(entry.strides) == strides)
      return entry.map;
  Expected<CUtensorMap> map =
      encodeView(driver, view, buffer, address, strides);
  if (!map)
    return map;
  Entry &oldest = kept.entries[kept.next];
  kept.next = (kept.next + 1) % kKept;
  oldest.address = address;
  oldest.strides.assign(strides.begin(), strides.end());
  oldest.map = *map;
  return map;
}

} // namespace llsa::rt

//===- StreamMemory.cpp - memory that belongs to a stream -----------------===//
#include "runtime/cuda/StreamMemory.h"

#include "runtime/cuda/StreamId.h"
#include "llvm/ADT/STLExtras.h"
#include <fmt/format.h>
#include <mutex>

using namespace llvm;

namespace llsa::rt {

void *StreamMemory::find(unsigned long long stream, size_t slot) const {
  for (const Block &block : blocks)
    if (block.stream == stream && block.slot == slot)
      return block.memory.data();
  return nullptr;
}

/// The stream's id is not to be had, so it is the newest with this handle.
void *StreamMemory::findCaptured(CUstream stream, size_t slot) const {
  constexpr uintptr_t kPerThread = 2; // CU_STREAM_PER_THREAD
  bool perThread = reinterpret_cast<uintptr_t>(stream) == kPerThread;
  for (const Block &block : reverse(blocks))
    if (block.handle == stream && block.slot == slot &&
        (!perThread || block.thread == std::this_thread::get_id()))
      return block.memory.data();
  return nullptr;
}

Expected<void *> StreamMemory::get(CUstream stream, size_t slot, int64_t bytes,
                                   StringRef purpose) {
  const CudaDriver &cu = device->driver();
  StreamState state;
  if (Error error =
          cu.check(readState(cu, stream, state), "the stream cannot be used"))
    return std::move(error);
  if (state.isCaptured) {
    std::shared_lock<std::shared_mutex> lock(mutex);
    if (void *block = findCaptured(stream, slot))
      return block;
    return createStringError(
        inconvertibleErrorCode(),
        fmt::format("the stream is being captured, and has no {} of {} bytes "
                    "yet: expected {}a run on this stream before the capture",
                    purpose.str(), bytes,
                    purpose == "workspace" ? "a workspace, or " : ""));
  }
  return getById(state.id, stream, slot, bytes);
}

Expected<void *> StreamMemory::getById(unsigned long long id, CUstream stream,
                                       size_t slot, int64_t bytes) {
  {
    std::shared_lock<std::shared_mutex> lock(mutex);
    if (void *block = find(id, slot))
      return block;
  }
  std::unique_lock<std::shared_mutex> lock(mutex);
  if (void *block = find(id, slot))
    return block;
  Expected<CudaMemory> memory = CudaMemory::allocateOn(stream, device, bytes);
  if (!memory)
    return memory.takeError();
  blocks.push_back(
      {id, stream, std::this_thread::get_id(), slot, std::move(*memory)});
  return blocks.back().memory.data();
}

} // namespace llsa::rt

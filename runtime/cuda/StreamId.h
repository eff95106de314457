//===- StreamId.h - which stream a handle is --------------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_STREAMID_H
#define LLSA_RUNTIME_CUDA_STREAMID_H

#include "runtime/cuda/CudaDriver.h"

namespace llsa::rt {

/// The stream that every device has, of which there is one and which cannot be
/// captured: nothing about it has to be asked, and nothing must be. Both its
/// handles are it (CU_STREAM_LEGACY).
inline bool isLegacyDefault(CUstream stream) {
  return reinterpret_cast<uintptr_t>(stream) <= 1;
}

inline CUresult readPriority(const CudaDriver &cu, CUstream stream,
                             int &priority) {
  priority = 0; // the default stream's
  return isLegacyDefault(stream) ? 0 : cu.StreamGetPriority(stream, &priority);
}

/// What the driver says of a stream.
struct StreamState {
  /// The driver does not tell the id of a stream that is being captured (and
  /// spoils the capture).
  bool isCaptured = false;
  /// Handles are used again, ids are not; the default stream of each thread has
  /// one handle and many ids.
  unsigned long long id = 0;
};

inline CUresult readState(const CudaDriver &cu, CUstream stream,
                          StreamState &state) {
  constexpr unsigned long long kNoIdOfTheDriver = ~0ull;
  state = {false, kNoIdOfTheDriver};
  if (isLegacyDefault(stream))
    return 0;
  int capturing = 0;
  if (CUresult result = cu.StreamIsCapturing(stream, &capturing))
    return result;
  state.isCaptured = capturing != 0;
  return state.isCaptured ? 0 : cu.StreamGetId(stream, &state.id);
}

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_STREAMID_H

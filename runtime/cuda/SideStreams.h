//===- SideStreams.h - streams for what runs beside others ------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_SIDESTREAMS_H
#define LLSA_RUNTIME_CUDA_SIDESTREAMS_H

#include "runtime/cuda/CudaDriver.h"
#include <memory>
#include <mutex>
#include <vector>

namespace llsa::rt {

/// A stream of ours, and events to order it with others.
struct SideStream {
  CUstream stream = nullptr;
  std::vector<CUevent> events;
  CUstream user = nullptr; ///< the stream that it was last used beside
  bool isUsed = false;     ///< `user` says something
};

/// A device's side streams. A run takes one for itself and gives it back when
/// everything is on it; so runs of several host threads have one each.
/// Thread-safe. The device's context must be current.
class SideStreams {
public:
  explicit SideStreams(const CudaDriver &driver) : cu(driver) {}
  ~SideStreams();

  /// A side stream for a run on `user`, with `numEvents` events or more; null
  /// when none can be had. A stream gets the one that it had before, so that
  /// nothing is created any more, and work of two streams does not meet on one;
  /// beyond kMost streams it is any that nobody has.
  std::unique_ptr<SideStream> take(CUstream user, size_t numEvents);
  void giveBack(std::unique_ptr<SideStream> side);
  /// Makes one, for the first run.
  void warm(size_t numEvents);

  /// The priorities of kernels in a run's lanes, where the caller's stream has
  /// priority `base`: that of lane 0 is one higher than that of lane 1.
  struct Priorities {
    int lane0, lane1;
    int of(int64_t lane) const { return lane == 0 ? lane0 : lane1; }
  };
  Priorities prioritiesFor(int base) const;

  bool empty() const { return free.empty(); }
  /// Destroys all that nobody has.
  void clear();

private:
  static constexpr size_t kMost = 8; ///< created while others are free
  std::unique_ptr<SideStream> create();
  bool addEvents(SideStream &side, size_t count);
  void destroy(const SideStream &side);

  const CudaDriver &cu;
  std::mutex mutex;
  std::vector<std::unique_ptr<SideStream>> free; ///< guarded by mutex
  size_t created = 0;                            ///< guarded by mutex
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_SIDESTREAMS_H

//===- FakeDriver.h - a libcuda without a GPU -------------------*- C++ -*-===//
//
// A shared library with the driver functions that the runtime uses. Memory "on
// the device" is the host's, copies happen at once, kernels do nothing but are
// written down. What it pretends and what it has seen is in one object, which
// a test reaches as the library's symbol `fakeCuda`. It knows the rules by
// which streams, events and captures order launches, and says of each launch
// which ones it follows.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TEST_UNIT_RUNTIME_CUDA_FAKEDRIVER_H
#define LLSA_TEST_UNIT_RUNTIME_CUDA_FAKEDRIVER_H

#include <cstdint>

namespace llsa::test {

/// One launch that the fake has seen.
struct FakeLaunch {
  char kernel[32];
  unsigned ctas, threads, sharedBytes;
  bool dependent;
  void *stream;
  static constexpr int kNoPriority = 99;
  int priority;
  uint64_t follows;   ///< launches, by their bits: those that have ended before
  int64_t params[16]; ///< the first ones; no kernel of the tests has fewer
};

struct FakeCuda {
  // What it pretends.
  int version = 13000;
  int initResult = 0;
  int devices = 2;
  int major = 9, minor = 0;
  int pools = 1;
  int allocateResult = 0;   ///< the 7th member: Python's tests count on it
  int allocationsLeft = -1; ///< until the memory is used up; -1: any number
  int launchesLeft = -1;    ///< likewise, for what a launch needs
  int linkResult = 0;
  const char *linkErrors = "";
  const char *linkInfo = "";
  int loadResult = 0;
  int launchResult = 0;
  int synchronizeResult = 0;
  bool capturing = false;
  int views = 0; ///< tensor maps behind the parameters of every kernel
  /// Streams with numbers from here on belong to GPU 1, and from there on to
  /// another context of GPU 0.
  uintptr_t firstForeignStream = 1000, firstOfAnotherContext = 2000;
  /// The only stream that is captured when `capturing`; null: all are.
  void *captured = nullptr;
  int streamPriority = 0; ///< of every stream, from -5 to 0
  int streamsLeft = -1, recordsLeft = -1, waitsLeft = -1; ///< as launchesLeft
  int nodesLeft = -1; ///< of graphs that are made node by node

  // What it has seen.
  int allocations = 0, poolAllocations = 0, frees = 0;
  int copies = 0, synchronisations = 0, links = 0, loads = 0, attributes = 0;
  int encodings = 0; ///< of tensor maps
  int streams = 0, events = 0, eventRecords = 0;
  int destroyedStreams = 0, destroyedEvents = 0;
  bool hasOrders = false;              ///< of this state: it begins with none
  int graphs = 0, destroyedGraphs = 0; ///< made node by node, ready to launch
  int graphLaunches = 0, nodeChanges = 0;
  unsigned long long graphFlags = 0; ///< of the last one
  /// Of everything that a launch may call.
  int calls = 0;
  int numLaunches = 0;
  FakeLaunch launches[64];
};

} // namespace llsa::test

#endif // LLSA_TEST_UNIT_RUNTIME_CUDA_FAKEDRIVER_H

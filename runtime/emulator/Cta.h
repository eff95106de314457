//===- Cta.h - the warps of a block and what they share ---------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_CTA_H
#define LLSA_RUNTIME_EMULATOR_CTA_H

#include "runtime/emulator/AsyncState.h"
#include "runtime/emulator/Barrier.h"
#include "runtime/emulator/Launch.h"
#include "runtime/emulator/MBarrier.h"
#include "runtime/emulator/SharedMemory.h"
#include "runtime/emulator/Warp.h"

namespace llsa::ptx {

/// What all CTAs of a launch have in common.
struct LaunchContext {
  const Kernel &kernel;
  Dim3 grid, block;
  uint32_t sharedBytes; ///< static and dynamic
  uint32_t dynamicSharedBytes;
  std::vector<uint8_t> parameters;
  GlobalMemory &memory;
  uint64_t mostInstructions;
};

/// Runs CTAs, one after the other.
class Cta {
public:
  explicit Cta(const LaunchContext &launch);

  /// Runs the CTA number `linear`. False: it has stopped with a fault.
  bool run(uint64_t linear);

  /// The first fault's message.
  const std::string &fault() const { return faultText; }
  void setFault(std::string text);

  const LaunchContext &launch;
  Dim3 index; ///< %ctaid
  uint64_t executed = 0;
  std::vector<std::unique_ptr<Warp>> warps;
  SharedMemory shared;
  BarrierSet barriers;
  MBarrierSet mbarriers;
  AsyncState async;
  /// Counts what can let a waiting warp go on, to tell waiting from deadlock.
  uint64_t progress = 0;

private:
  void faultDeadlock();
  std::string faultText;
};

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_CTA_H

//===- BulkCopy.h - what bulk and tensor copies share -----------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_BULKCOPY_H
#define LLSA_RUNTIME_EMULATOR_BULKCOPY_H

#include "runtime/emulator/Cta.h"

namespace llsa::ptx {

/// How the copies of an mbarrier's phase access shared memory.
SharedMemoryChecker::Access copyAccess(Warp &w, const Instruction &i,
                                       int mbarrier);
/// How a bulk store of some lanes does; also issues it.
SharedMemoryChecker::Access storeAccess(Warp &w, const Instruction &i,
                                        LaneMask lanes);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_BULKCOPY_H

//===- GpuTarget.cpp - which GPU code is made for -------------------------===//

#include "compiler/target/gpu/GpuTarget.h"
#include "compiler/schedule/TargetInfo.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace llsa {

/// What the hardware keeps for itself, per CTA.
static constexpr int64_t kReservedBytes = 1024;

std::optional<GpuTarget> GpuTarget::parse(StringRef text) {
  if (!is_contained(gpuTargets(), text))
    return std::nullopt;
  return GpuTarget{text.str()};
}

bool GpuTarget::hasBulkCopies() const {
  return cantFail(parseTargetInfo(name)).bulkCopies;
}

int64_t GpuTarget::maxSharedBytes() const {
  return cantFail(parseTargetInfo(name)).sharedBytes - kReservedBytes;
}

} // namespace llsa

//===- Occupancy.cpp - what fits on a multiprocessor ----------------------===//
#include "runtime/cuda/Occupancy.h"

#include <algorithm>

using namespace llvm;

namespace llsa::rt {

namespace {

/// Of a multiprocessor; the CUDA programming guide, "Technical specifications
/// per compute capability".
struct Limits {
  const char *target;
  int64_t warps, ctas, sharedBytes;
};

constexpr Limits kLimits[] = {{"sm_80", 64, 32, 164 << 10},
                              {"sm_89", 48, 24, 100 << 10},
                              {"sm_90a", 64, 32, 228 << 10},
                              {"sm_100a", 64, 32, 228 << 10},
                              {"sm_120a", 48, 24, 100 << 10}};
// The same for all of these.
constexpr int64_t kRegisters = 65536, kParts = 4, kWarpLanes = 32;
constexpr int64_t kRegisterUnit = 256; ///< that a warp's registers come in
constexpr int64_t kSharedUnit = 128, kSharedReserved = 1024; ///< per CTA

int64_t roundUp(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

} // namespace

std::optional<Occupancy> occupancy(StringRef target, int64_t warps,
                                   int64_t registers, int64_t sharedBytes) {
  const Limits *limits =
      std::find_if(std::begin(kLimits), std::end(kLimits),
                   [&](const Limits &row) { return target == row.target; });
  if (limits == std::end(kLimits) || warps < 1)
    return std::nullopt;
  int64_t ctas = std::min(limits->ctas, limits->warps / warps);
  // Each quarter of a multiprocessor has a quarter of its registers.
  int64_t perWarp =
      roundUp(std::max<int64_t>(registers, 1) * kWarpLanes, kRegisterUnit);
  ctas = std::min(ctas, kRegisters / kParts / perWarp * kParts / warps);
  ctas =
      std::min(ctas, limits->sharedBytes /
                         (roundUp(sharedBytes, kSharedUnit) + kSharedReserved));
  return Occupancy{ctas, ctas * warps, limits->warps};
}

} // namespace llsa::rt

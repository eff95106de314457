//===- TargetInfo.cpp - what a schedule needs to know of a target ---------===//

#include "compiler/schedule/TargetInfo.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace llsa;

/// True when the last word on `feature` in "+a,-b,+c" is a plus.
static bool hasFeature(StringRef features, StringRef feature) {
  bool found = false;
  SmallVector<StringRef> entries;
  features.split(entries, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef entry : entries)
    if (entry.drop_front() == feature)
      found = entry.front() == '+';
  return found;
}

namespace {
struct Gpu {
  StringLiteral name;
  int64_t sharedKilobytes; ///< of a multiprocessor
  int64_t multiprocessors; ///< of a usual card
  int64_t sortingWarps;
  bool bulkCopies;
};
} // namespace

/// CUDA C++ Programming Guide, table of technical specifications per compute
/// capability; multiprocessors of A100, L40S, H100, B200 and RTX 5090.
static constexpr Gpu kGpus[] = {{"sm_80", 164, 108, 16, false},
                                {"sm_89", 100, 142, 16, false},
                                {"sm_90a", 228, 132, 16, true},
                                {"sm_100a", 228, 148, 16, false},
                                {"sm_120a", 100, 170, 8, false}};

ArrayRef<StringLiteral> llsa::gpuTargets() {
  static const SmallVector<StringLiteral> kNames =
      map_to_vector(kGpus, [](const Gpu &gpu) { return gpu.name; });
  return kNames;
}

Expected<TargetInfo> llsa::parseTargetInfo(StringRef target) {
  for (const Gpu &gpu : kGpus)
    if (gpu.name == target) {
      TargetInfo info;
      info.name = target.str();
      info.isGpu = true;
      info.sharedBytes = gpu.sharedKilobytes * 1024;
      info.multiprocessors = gpu.multiprocessors;
      info.sortingWarps = gpu.sortingWarps;
      info.bulkCopies = gpu.bulkCopies;
      return info;
    }
  auto [kind, rest] = target.split(':');
  auto [march, features] = rest.split(':');
  if (kind != "cpu" || (target.contains(':') && march.empty()))
    return createStringError(
        "target '" + target +
        "' is unknown; expected cpu, cpu:MARCH, cpu:MARCH:FEATURES or one of " +
        join(gpuTargets(), ", "));
  TargetInfo info;
  info.name = target.str();
  bool avx512, avx;
  if (features.empty()) {
    // Without features the name must do. AVX2 is the rule: narrower vectors of
    // a machine only split its operations.
    avx512 =
        is_contained({"x86-64-v4", "skylake-avx512", "cascadelake",
                      "icelake-server", "sapphirerapids", "znver4", "znver5"},
                     march);
    avx = march != "x86-64" && march != "x86-64-v2";
  } else {
    avx512 = hasFeature(features, "avx512f");
    avx = hasFeature(features, "avx");
  }
  info.vectorBytes = avx512 ? 64 : avx ? 32 : 16;
  info.vectorRegisters = avx512 ? 32 : 16;
  return info;
}

//===- TargetInfo.h - what a schedule needs to know of a target -*- C++ -*-===//
#ifndef LLSA_COMPILER_SCHEDULE_TARGETINFO_H
#define LLSA_COMPILER_SCHEDULE_TARGETINFO_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>

namespace llsa {

/// The sizes of a machine that decide about tiles.
struct TargetInfo {
  std::string name;         ///< as given, e.g. "cpu:znver3:+avx2", "sm_90a"
  int64_t vectorBytes = 32; ///< CPU: of one vector register
  int64_t vectorRegisters = 16;

  bool isGpu = false;
  int64_t sharedBytes = 0;     ///< GPU: shared memory of a multiprocessor
  int64_t multiprocessors = 0; ///< GPU: of a usual card
  /// GPU: warps of a multiprocessor that leave a thread as many registers as
  /// its assembler takes to sort 32 scores.
  int64_t sortingWarps = 0;
  /// GPU: the copy engine fills what warps share, and four of them multiply by
  /// it together (wgmma).
  bool bulkCopies = false;

  /// Float32 lanes of one vector register.
  int64_t lanes() const { return vectorBytes / 4; }
};

/// The GPUs that code can be made for: "sm_80", "sm_89", ...
llvm::ArrayRef<llvm::StringLiteral> gpuTargets();

/// Reads "cpu", "cpu:MARCH", "cpu:MARCH:+feature,-feature,..." or one of
/// gpuTargets(). Vector sizes
/// follow from the features, or the march where none are given; a bare "cpu" is
/// AVX2, so that a schedule does not depend on the machine that compiles. The
/// error names the targets that exist.
llvm::Expected<TargetInfo> parseTargetInfo(llvm::StringRef target);

} // namespace llsa

#endif // LLSA_COMPILER_SCHEDULE_TARGETINFO_H

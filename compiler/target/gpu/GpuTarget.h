//===- GpuTarget.h - which GPU code is made for -----------------*- C++ -*-===//
#ifndef LLSA_COMPILER_TARGET_GPU_GPUTARGET_H
#define LLSA_COMPILER_TARGET_GPU_GPUTARGET_H

#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace llsa {

/// A GPU, exactly: its name is what LLVM and ptxas call it.
struct GpuTarget {
  std::string name; ///< "sm_90a"

  /// "sm_80", "sm_89", "sm_90a", "sm_100a" or "sm_120a"; nothing for another.
  static std::optional<GpuTarget> parse(llvm::StringRef text);
  /// See TargetInfo::bulkCopies.
  bool hasBulkCopies() const;
  /// Shared memory that a CTA may have, in bytes.
  int64_t maxSharedBytes() const;
};

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_GPU_GPUTARGET_H

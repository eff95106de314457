//===- WorkspaceLayout.h - where workspace buffers lie ----------*- C++ -*-===//
#ifndef LLSA_COMPILER_TARGET_PLAN_WORKSPACELAYOUT_H
#define LLSA_COMPILER_TARGET_PLAN_WORKSPACELAYOUT_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace llsa {

/// A buffer that lives from its first to its last step, both included.
struct WorkspaceBuffer {
  int64_t bytes = 0;
  int64_t firstStep = 0;
  int64_t lastStep = 0;
};

struct WorkspaceLayout {
  std::vector<int64_t> offsets; ///< one per buffer
  int64_t bytes = 0;            ///< of all
};

/// Places buffers at multiples of `alignment` so that two which live in a
/// common step never overlap: largest first, each at the lowest place that is
/// free. A function of its arguments alone.
WorkspaceLayout layoutWorkspace(llvm::ArrayRef<WorkspaceBuffer> buffers,
                                int64_t alignment = 64);

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_PLAN_WORKSPACELAYOUT_H

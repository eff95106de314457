//===- WorkspaceLayout.h - where workspace buffers lie ----------*- C++ -*-===//
#ifndef LLSA_COMPILER_TARGET_PLAN_WORKSPACELAYOUT_H
#define LLSA_COMPILER_TARGET_PLAN_WORKSPACELAYOUT_H

#include "runtime/program/Program.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>
#include <vector>

namespace llsa {

struct WorkspaceLayout {
  std::vector<int64_t> offsets; ///< one per buffer
  int64_t bytes = 0;            ///< of all
};

/// Places buffers of these sizes at multiples of `alignment` so that two which
/// may hold something at the same time (`together`, of two different ones)
/// never overlap: largest first, each at the lowest place that is free. A
/// function of its arguments alone.
WorkspaceLayout
layoutWorkspace(llvm::ArrayRef<int64_t> bytes,
                llvm::function_ref<bool(size_t, size_t)> together,
                int64_t alignment = 64);

/// Places those of `buffers` that are workspace, so that one place holds two
/// only when all of `steps` that use one have ended before any that uses the
/// other begins, in every order that the lanes allow. There is an offset for
/// each buffer; it means nothing for the others.
WorkspaceLayout layoutWorkspace(llvm::ArrayRef<Buffer> buffers,
                                llvm::ArrayRef<Step> steps);

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_PLAN_WORKSPACELAYOUT_H

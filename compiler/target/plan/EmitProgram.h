//===- EmitProgram.h - the host's list of launches as data ------*- C++ -*-===//
#ifndef LLSA_COMPILER_TARGET_PLAN_EMITPROGRAM_H
#define LLSA_COMPILER_TARGET_PLAN_EMITPROGRAM_H

#include "compiler/target/plan/StepLanes.h"
#include "mlir/Support/LLVM.h"
#include <optional>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace llsa {

struct Program;

/// Reads the launch plan from a module at the tile stage: buffers from the host
/// function's arguments (`llsa.name`, `llsa.role`) and allocations, kernels
/// from `tile.kernel`, steps from `tile.launch`. With `lanes`, which is for
/// GPUs, some steps run beside others (StepLanes.h). Workspace buffers are
/// placed so that those which never live at the same time share memory. Fills
/// `program`'s buffers, kernels, steps and workspaceBytes. Anything else in the
/// host function is an error, reported at the op.
mlir::LogicalResult emitPlan(mlir::ModuleOp module, Program &program,
                             std::optional<LaneOptions> lanes = std::nullopt);

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_PLAN_EMITPROGRAM_H

//===- LaunchKind.h - what one kernel can hold ------------------*- C++ -*-===//
#ifndef LLSA_COMPILER_TRANSFORMS_LAUNCHKIND_H
#define LLSA_COMPILER_TRANSFORMS_LAUNCHKIND_H

#include "mlir/IR/Operation.h"
#include <optional>

namespace llsa {

/// What the ops of a launch are; all but Elementwise and Pool stand alone in
/// it.
enum class LaunchKind {
  Pool,
  Select,
  Attend,
  LinearAttend,
  InvertIndices,
  AttendQueryGrad,
  AttendKeyGrad,
  AttendBiasGrad,
  LinearAttendGrad,
  Elementwise, ///< arith and math ops on tensors and unpools, of one shape
  Launch       ///< a launch already
};

/// "pool", "select", ...
llvm::StringRef stringifyLaunchKind(LaunchKind kind);

/// The kind of launch that `op` needs; nothing when no kernel can hold it, and
/// for constants.
std::optional<LaunchKind> launchKindOf(mlir::Operation *op);

/// True for what is copied into launches rather than handed to them: constants,
/// tensors that repeat a scalar, and scalar arithmetic.
bool isLaunchConstant(mlir::Operation *op);

} // namespace llsa

#endif // LLSA_COMPILER_TRANSFORMS_LAUNCHKIND_H

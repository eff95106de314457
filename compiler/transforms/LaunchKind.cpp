//===- LaunchKind.cpp - what one kernel can hold --------------------------===//

#include "compiler/transforms/LaunchKind.h"
#include "dialects/llsa/LLSAOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llsa;

StringRef llsa::stringifyLaunchKind(LaunchKind kind) {
  switch (kind) {
  case LaunchKind::Pool:
    return "pool";
  case LaunchKind::Select:
    return "select";
  case LaunchKind::Attend:
    return "attend";
  case LaunchKind::LinearAttend:
    return "linear_attend";
  case LaunchKind::InvertIndices:
    return "invert_indices";
  case LaunchKind::AttendQueryGrad:
    return "attend_query_grad";
  case LaunchKind::AttendKeyGrad:
    return "attend_key_grad";
  case LaunchKind::AttendBiasGrad:
    return "attend_bias_grad";
  case LaunchKind::LinearAttendGrad:
    return "linear_attend_grad";
  case LaunchKind::Elementwise:
    return "elementwise";
  case LaunchKind::Launch:
    return "launch";
  }
  llvm_unreachable("all kinds are listed");
}

std::optional<LaunchKind> llsa::launchKindOf(Operation *op) {
  using Kind = std::optional<LaunchKind>;
  return llvm::TypeSwitch<Operation *, Kind>(op)
      .Case([](PoolOp) { return LaunchKind::Pool; })
      .Case([](SelectOp) { return LaunchKind::Select; })
      .Case([](AttendOp) { return LaunchKind::Attend; })
      .Case([](LinearAttendOp) { return LaunchKind::LinearAttend; })
      .Case([](InvertIndicesOp) { return LaunchKind::InvertIndices; })
      .Case([](AttendQueryGradOp) { return LaunchKind::AttendQueryGrad; })
      .Case([](AttendKeyGradOp) { return LaunchKind::AttendKeyGrad; })
      .Case([](AttendBiasGradOp) { return LaunchKind::AttendBiasGrad; })
      .Case([](LinearAttendGradOp) { return LaunchKind::LinearAttendGrad; })
      .Case([](UnpoolOp) { return LaunchKind::Elementwise; })
      .Case([](LaunchOp) { return LaunchKind::Launch; })
      .Default([](Operation *op) -> Kind {
        if (op->hasTrait<OpTrait::Elementwise>() && op->getNumResults() > 0 &&
            op->getNumRegions() == 0 &&
            llvm::all_of(op->getResultTypes(),
                         llvm::IsaPred<RankedTensorType>) &&
            isPure(op))
          return LaunchKind::Elementwise;
        return std::nullopt;
      });
}

bool llsa::isLaunchConstant(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>() || isa<tensor::SplatOp>(op))
    return true;
  return op->getNumRegions() == 0 && op->getNumOperands() > 0 && isPure(op) &&
         llvm::all_of(op->getOperandTypes(),
                      [](Type type) { return !isa<ShapedType>(type); }) &&
         llvm::all_of(op->getResultTypes(),
                      [](Type type) { return type.isIntOrIndexOrFloat(); });
}

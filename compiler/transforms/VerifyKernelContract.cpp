//===- VerifyKernelContract.cpp - the border to tiles -----------*- C++ -*-===//
//
// The labels (contract_c1, ...) are the rules' numbers in Passes.td and the
// names of the cases in
// test/compiler/transforms/llsa-verify-kernel-contract-invalid.mlir.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Entry.h"
#include "compiler/transforms/LaunchKind.h"
#include "compiler/transforms/Passes.h"
#include "dialects/llsa/LLSAOps.h"
#include "dialects/tile/TileDialect.h"
#include "llvm/ADT/StringSet.h"
#include <limits>

namespace llsa {
#define GEN_PASS_DEF_VERIFYKERNELCONTRACT
#include "compiler/transforms/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;

namespace {
struct VerifyKernelContract
    : public llsa::impl::VerifyKernelContractBase<VerifyKernelContract> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

static bool isFloatOfKernels(Type type) {
  return type.isF32() || type.isF16() || type.isBF16();
}

/// Why `type` cannot stand in a kernel; empty when it can. `buffer`: it is in
/// memory, so its elements must be of a type that buffers have.
static std::string whyNot(Type type, bool buffer) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (isa<OpenFloatType>(type))
    return "has an element type that is not bound";
  if (!shaped && isa<FloatType>(type) && !isFloatOfKernels(type))
    return "is a float other than f32, bf16 and f16"; // contract_c7
  if (!shaped)
    return "";
  if (!shaped.hasStaticShape()) // contract_c1
    return "has a size that is not bound";
  for (int64_t size : shaped.getShape()) {
    if (size == 0) // contract_c1
      return "has a size of 0";
    if (size > std::numeric_limits<int32_t>::max()) // contract_c5
      return "has a size beyond 2147483647, which int32 indices cannot reach";
  }
  Type element = shaped.getElementType();
  if (isElementOfBuffers(element))
    return "";
  if (!buffer && (element.isSignlessInteger() || element.isIndex()))
    return "";
  return "has elements other than f32, bf16, f16, i32 or i8"; // contract_c1
}

static LogicalResult verifyTypes(func::FuncOp entry) {
  for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes()))
    if (std::string why = whyNot(type, /*buffer=*/true); !why.empty())
      return emitError(entry.getArgument(i).getLoc())
             << "argument " << argumentName(entry, i) << " " << why << ": "
             << type;
  WalkResult walk = entry.getBody().walk([&](Operation *op) -> WalkResult {
    for (Type type : op->getResultTypes())
      if (std::string why = whyNot(type, isa<LaunchOp>(op)); !why.empty())
        return op->emitOpError() << "result " << why << ": " << type;
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

static LogicalResult verifyLaunch(LaunchOp launch, llvm::StringSet<> &names) {
  if (launch.getName().empty() ||
      !names.insert(launch.getName()).second) // contract_c4
    return launch.emitOpError()
           << "must have a name of its own, got \"" << launch.getName() << "\"";
  if (!isa_and_nonnull<tile::ScheduleAttr>(
          launch.getScheduleAttr())) // contract_c4
    return launch.emitOpError()
           << "has no #tile.schedule; llsa-assign-schedule writes it";

  Operation *first = nullptr;
  for (Operation &op : launch.getBody().front().without_terminator()) {
    if (isLaunchConstant(&op))
      continue;
    std::optional<LaunchKind> kind = launchKindOf(&op);
    if (!kind || kind == LaunchKind::Launch) // contract_c3
      return op.emitOpError() << "cannot stand in a launch";
    bool groups = kind == LaunchKind::Pool || kind == LaunchKind::Elementwise;
    bool isEpilogue = first && kind == LaunchKind::Elementwise &&
                      launchKindOf(first) == LaunchKind::AttendKeyGrad;
    if (first && !isEpilogue &&
        (!groups || kind != launchKindOf(first))) // contract_c3
      return op.emitOpError()
             << "cannot share a launch with '" << first->getName() << "'";
    if (!first)
      first = &op;
  }
  if (!first) // contract_c3
    return launch.emitOpError() << "holds constants alone";
  return success();
}

static LogicalResult verifyOps(func::FuncOp entry) {
  llvm::StringSet<> names;
  for (Operation &op : entry.getBody().front().without_terminator()) {
    if (op.hasTrait<OpTrait::ConstantLike>())
      continue;
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch) // contract_c2
      return op.emitOpError() << "stands in no launch; llsa-fuse makes them";
    if (failed(verifyLaunch(launch, names)))
      return failure();
  }
  return success();
}

static LogicalResult verifyResults(func::FuncOp entry) { // contract_c6
  for (auto [i, value] :
       llvm::enumerate(entry.getBody().front().getTerminator()->getOperands()))
    if (!isa<BlockArgument>(value) && !value.getDefiningOp<LaunchOp>())
      return entry.emitOpError()
             << "result " << resultName(entry, i)
             << " must be made by a kernel or be an argument, got a constant";
  return success();
}

void VerifyKernelContract::runOnOperation() {
  FailureOr<func::FuncOp> entry = findEntry(getOperation());
  if (failed(entry) || failed(verifyTypes(*entry)) ||
      failed(verifyOps(*entry)) || failed(verifyResults(*entry)))
    signalPassFailure();
}

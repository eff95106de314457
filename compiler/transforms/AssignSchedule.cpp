//===- AssignSchedule.cpp - tile sizes of every launch ----------*- C++ -*-===//

#include "compiler/schedule/ChooseSchedule.h"
#include "compiler/transforms/EstimateCost.h"
#include "compiler/transforms/LaunchKind.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/ReadOwner.h"
#include "dialects/llsa/LLSAOps.h"
#include "dialects/llsa/TransposedIndex.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

namespace llsa {
#define GEN_PASS_DEF_ASSIGNSCHEDULE
#include "compiler/transforms/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;

namespace {
struct AssignSchedule : public llsa::impl::AssignScheduleBase<AssignSchedule> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

static int64_t sizeOf(Value value, int64_t dim) {
  return cast<RankedTensorType>(value.getType()).getDimSize(dim);
}

static int64_t elementBytesOf(Value value) {
  Type element = cast<RankedTensorType>(value.getType()).getElementType();
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

static Problem problemOf(SelectOp select) {
  Problem problem;
  problem.elementBytes = elementBytesOf(select.getQuery());
  problem.kind = Problem::Kind::Select;
  problem.heads =
      sizeOf(select.getQuery(), kBatch) * sizeOf(select.getQuery(), kHead);
  problem.queries = sizeOf(select.getQuery(), kToken);
  problem.depth = sizeOf(select.getQuery(), kDepth);
  problem.keys.push_back(candidatesOf(select));
  problem.topk = std::min<int64_t>(select.getTopk(), candidatesOf(select));
  if (std::optional<int64_t> block = select.getBlock()) {
    problem.granule = *block;
    problem.blocks.push_back(*block);
  }
  return problem;
}

/// An attend, or the gradient of its query or of what its score region reads.
template <typename OpT> static Problem problemOfSources(OpT attend) {
  Problem problem;
  problem.kind = Problem::Kind::Attend;
  problem.elementBytes = elementBytesOf(attend.getQuery());
  problem.queries = sizeOf(attend.getQuery(), kToken);
  problem.depth = sizeOf(attend.getQuery(), kDepth);
  problem.region = !attend.getScore().empty() || !attend.getMask().empty();
  for (unsigned i = 0; i < attend.getSources().size(); ++i) {
    SourceAttr source = attend.getSource(i);
    problem.keys.push_back(keysOfSource(attend, i));
    problem.windows |= source.getKind() == SourceKind::Window;
    if (source.getKind() != SourceKind::Gathered)
      continue;
    problem.granule = std::gcd(problem.granule, source.getEvery());
    problem.blocks.push_back(source.getBlock());
  }
  return problem;
}

static Problem problemOf(AttendOp attend) { return problemOfSources(attend); }
static Problem problemOf(AttendQueryGradOp grad) {
  Problem problem = problemOfSources(grad);
  problem.gradient = true;
  return problem;
}

static Problem problemOf(AttendBiasGradOp grad) {
  Problem problem = problemOfSources(grad);
  problem.gradient = true;
  ReadOwner owner(grad);
  if (owner.isRowSum)
    return problem;
  int64_t batches = sizeOf(grad.getQuery(), kBatch),
          heads = sizeOf(grad.getQuery(), kHead);
  problem.kind = Problem::Kind::BiasGrad;
  problem.heads = batches * heads;
  problem.owners =
      (owner.batch < 0 ? 1 : batches) * (owner.head < 0 ? 1 : heads);
  problem.ownsQueries = owner.query >= 0;
  problem.elements = tensorOf(grad.getBiasGrad()).getNumElements();
  return problem;
}

/// Keys are the rows, queries the columns.
static Problem problemOf(AttendKeyGradOp grad) {
  SourceAttr source = grad.getSource();
  Problem problem;
  problem.kind = Problem::Kind::KeyGrad;
  problem.elementBytes = elementBytesOf(grad.getQuery());
  problem.heads =
      sizeOf(grad.getQuery(), kBatch) * sizeOf(grad.getQuery(), kHead);
  problem.queries = sizeOf(grad.getKeys(), kToken);
  problem.streamed = sizeOf(grad.getQuery(), kToken);
  problem.depth = sizeOf(grad.getQuery(), kDepth);
  problem.windows = source.getKind() == SourceKind::Window;
  problem.region = !grad.getScore().empty() || !grad.getMask().empty();
  problem.keys.push_back(
      std::min(queriesOfKey(grad), sizeOf(grad.getQuery(), kToken)));
  if (source.getKind() == SourceKind::Gathered) {
    problem.granule = source.getBlock();
    // Long runs of queries come in parts.
    constexpr int64_t kLongest = 64;
    problem.blocks.push_back(std::min(
        {source.getEvery(), sizeOf(grad.getQuery(), kToken), kLongest}));
    if (Value index = indexBehind(grad)) {
      problem.rowBlocks = sizeOf(index, 3);
      problem.rowQueries = source.getEvery();
    }
  }
  return problem;
}

template <typename OpT> static Problem problemOfLinear(OpT linear) {
  Problem problem;
  problem.kind = Problem::Kind::Attend;
  problem.queries = sizeOf(linear.getQuery(), kToken);
  problem.depth = sizeOf(linear.getQuery(), kDepth);
  problem.keys.push_back(sizeOf(linear.getKeys(), kToken));
  return problem;
}

static Problem problemOf(LinearAttendOp op) { return problemOfLinear(op); }
static Problem problemOf(LinearAttendGradOp op) { return problemOfLinear(op); }

static Problem problemOf(InvertIndicesOp op) {
  Problem problem;
  problem.kind = Problem::Kind::Invert;
  problem.queries = sizeOf(op.getOffsets(), 2) - 1;
  return problem;
}

/// The longest chain of pools in the launch decides.
static Problem problemOfPools(LaunchOp launch) {
  Problem problem;
  problem.kind = Problem::Kind::Pool;
  problem.heads = 0;
  llvm::DenseMap<Value, int64_t> level;
  for (auto pool : launch.getBody().getOps<PoolOp>()) {
    int64_t depth = level.lookup(pool.getInput()) + 1;
    level[pool.getResult()] = depth;
    if (depth == 1)
      problem.heads +=
          sizeOf(pool.getInput(), kBatch) * sizeOf(pool.getInput(), kHead);
    problem.levels = std::max(problem.levels, depth);
    problem.block = pool.getBlock();
    problem.queries =
        std::max(problem.queries, sizeOf(pool.getInput(), kToken));
    problem.depth = sizeOf(pool.getInput(), kDepth);
  }
  return problem;
}

/// Row by row over the last dimension of what the op makes.
static Problem problemOfMap(Operation *op) {
  Problem problem;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  int64_t rank = type.getRank();
  problem.depth = rank > 0 ? type.getDimSize(rank - 1) : 1;
  problem.queries = rank > 1 ? type.getDimSize(rank - 2) : 1;
  return problem;
}

static FailureOr<Problem> problemOf(LaunchOp launch) {
  for (Operation &op : launch.getBody().front().without_terminator()) {
    std::optional<LaunchKind> kind = launchKindOf(&op);
    if (!kind)
      continue;
    return llvm::TypeSwitch<Operation *, Problem>(&op)
        .Case<SelectOp, AttendOp, AttendQueryGradOp, AttendKeyGradOp,
              AttendBiasGradOp, LinearAttendOp, LinearAttendGradOp,
              InvertIndicesOp>([](auto op) { return problemOf(op); })
        .Case([&](PoolOp) { return problemOfPools(launch); })
        .Default([](Operation *op) { return problemOfMap(op); });
  }
  return launch.emitOpError()
         << "holds no op that a schedule can be chosen for";
}

/// Sizes that are still open have no schedule.
static LogicalResult checkStatic(LaunchOp launch) {
  WalkResult walk = launch.walk([&](Operation *op) -> WalkResult {
    for (Type type :
         llvm::concat<const Type>(llvm::to_vector(op->getOperandTypes()),
                                  llvm::to_vector(op->getResultTypes())))
      if (auto shaped = dyn_cast<ShapedType>(type);
          shaped && !shaped.hasStaticShape())
        return op->emitOpError() << "has the open size of " << type
                                 << "; llsa-bind-shapes closes it";
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

void AssignSchedule::runOnOperation() {
  llvm::Expected<TargetInfo> info = parseTargetInfo(target);
  if (!info) {
    emitError(UnknownLoc::get(&getContext()))
        << llvm::toString(info.takeError());
    return signalPassFailure();
  }
  Builder builder(&getContext());
  WalkResult walk = getOperation().walk([&](LaunchOp launch) -> WalkResult {
    if (failed(checkStatic(launch)))
      return failure();
    FailureOr<Problem> problem = problemOf(launch);
    if (failed(problem))
      return failure();
    Schedule schedule = chooseSchedule(*problem, *info);
    bool matrix = problem->kind == Problem::Kind::Attend ||
                  problem->kind == Problem::Kind::BiasGrad ||
                  problem->kind == Problem::Kind::Select;
    if (matrix && rows > 0)
      schedule.rows = rows;
    if (matrix && cols > 0)
      schedule.cols = cols;
    if (!launch.getScheduleAttr())
      launch.setScheduleAttr(tile::ScheduleAttr::get(
          &getContext(), schedule.rows, schedule.cols, schedule.warps,
          schedule.stages, schedule.privateCols, schedule.ctas,
          schedule.privateStages, schedule.queries, schedule.list,
          schedule.persistent, schedule.descending));
    Cost cost = estimateCost(launch);
    launch->setAttr("llsa.flops", builder.getF64FloatAttr(cost.flops));
    launch->setAttr("llsa.bytes", builder.getF64FloatAttr(cost.bytes));
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    signalPassFailure();
}

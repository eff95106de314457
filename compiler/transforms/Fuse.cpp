//===- Fuse.cpp - ops into kernel launches ----------------------*- C++ -*-===//
//
// Groups are made in program order and kept in a list. An op may join a group
// that stands behind all groups that its operands come from; so the list is an
// order in which every launch finds its inputs ready, and no op has to be moved
// across one that it depends on.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Entry.h"
#include "compiler/transforms/LaunchKind.h"
#include "compiler/transforms/Passes.h"
#include "dialects/llsa/LLSAOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

namespace llsa {
#define GEN_PASS_DEF_FUSE
#include "compiler/transforms/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;

namespace {

struct Group {
  LaunchKind kind;
  int64_t block = 0;            ///< pools: their block
  SmallVector<int64_t> shape;   ///< elementwise: their sizes; attend_key_grad:
                                ///< the gradients' sizes
  SmallVector<Operation *> ops; ///< in program order
};

class Grouping {
public:
  Grouping(func::FuncOp entry, int64_t maxPoolTokens)
      : entry(entry), maxPoolTokens(maxPoolTokens) {}
  LogicalResult run();

private:
  LogicalResult place(Operation *op);
  size_t firstGroupFor(Operation *op, const Group &wanted) const;
  bool joins(Operation *op, const Group &wanted, size_t group) const;
  int64_t poolDepth(Operation *op, size_t group) const;
  std::string nameOf(const Group &group);
  LaunchOp build(Group &group);

  func::FuncOp entry;
  int64_t maxPoolTokens;
  SmallVector<Group> groups;
  llvm::DenseMap<Operation *, size_t> groupOf;
  llvm::DenseMap<Operation *, int64_t> selectionNumber;
  llvm::StringMap<int64_t> nameCount;
};

struct Fuse : public llsa::impl::FuseBase<Fuse> {
  using Base::Base;
  void runOnOperation() override;
};

} // namespace

//===----------------------------------------------------------------------===//
// Grouping
//===----------------------------------------------------------------------===//

/// Values from outside `op` that it, or an op inside it, reads.
static llvm::SetVector<Value> capturesOf(Operation *op) {
  llvm::SetVector<Value> captures;
  op->walk([&](Operation *inner) {
    for (Value value : inner->getOperands())
      if (!op->isAncestor(value.getParentBlock()->getParentOp()))
        captures.insert(value);
  });
  return captures;
}

/// How many pools stand on each other in this group below and with `op`.
int64_t Grouping::poolDepth(Operation *op, size_t group) const {
  int64_t depth = 0;
  for (; isa_and_nonnull<PoolOp>(op); op = op->getOperand(0).getDefiningOp()) {
    auto it = groupOf.find(op);
    if (depth > 0 && (it == groupOf.end() || it->second != group))
      break;
    ++depth;
  }
  return depth;
}

/// True when `op` may stand in group `group`, all of whose inputs are ready.
bool Grouping::joins(Operation *op, const Group &wanted, size_t group) const {
  const Group &candidate = groups[group];
  // The epilogue of a key gradient: what reads it, and what will be added.
  if (candidate.kind == LaunchKind::AttendKeyGrad &&
      wanted.kind == LaunchKind::Elementwise)
    return candidate.shape == wanted.shape &&
           (isa<UnpoolOp>(op) || llvm::any_of(op->getOperands(), [&](Value v) {
              auto it = groupOf.find(v.getDefiningOp());
              return it != groupOf.end() && it->second == group;
            }));
  if (candidate.kind != wanted.kind || candidate.block != wanted.block ||
      candidate.shape != wanted.shape)
    return false;
  if (wanted.kind == LaunchKind::Elementwise)
    return true;
  if (wanted.kind != LaunchKind::Pool)
    return false;
  int64_t tokens = 1;
  for (int64_t depth = poolDepth(op, group); depth > 0; --depth)
    tokens *= wanted.block;
  return tokens <= maxPoolTokens;
}

/// The first group that `op` may join; groups.size() when there is none.
size_t Grouping::firstGroupFor(Operation *op, const Group &wanted) const {
  size_t first = 0;
  for (Value value : capturesOf(op)) {
    auto it = groupOf.find(value.getDefiningOp());
    if (it != groupOf.end())
      first = std::max(first, it->second);
  }
  while (first < groups.size() && !joins(op, wanted, first))
    ++first;
  return first;
}

LogicalResult Grouping::place(Operation *op) {
  std::optional<LaunchKind> kind = launchKindOf(op);
  if (!kind)
    return op->emitOpError()
           << "cannot be part of a kernel; expected llsa.pool, llsa.select, "
              "llsa.attend, llsa.linear_attend, llsa.invert_indices, a "
              "gradient "
              "of one of them or an elementwise op on tensors";
  Group wanted{*kind, 0, {}, {}};
  if (auto pool = dyn_cast<PoolOp>(op))
    wanted.block = pool.getBlock();
  if (kind == LaunchKind::Elementwise || kind == LaunchKind::AttendKeyGrad)
    llvm::append_range(wanted.shape,
                       cast<ShapedType>(op->getResult(0).getType()).getShape());
  size_t index = firstGroupFor(op, wanted);
  if (index == groups.size())
    groups.push_back(wanted);
  groups[index].ops.push_back(op);
  groupOf[op] = index;
  return success();
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// "pool", "pool_2", "select_1", "attend", ...
std::string Grouping::nameOf(const Group &group) {
  std::string base = stringifyLaunchKind(group.kind).str();
  if (group.kind == LaunchKind::Select)
    return base + "_" + std::to_string(selectionNumber[group.ops.front()]);
  int64_t count = ++nameCount[base];
  return count == 1 ? base : base + "_" + std::to_string(count);
}

/// Copies the constants, and scalars computed from them, that `launch` reads
/// from outside to its front: a kernel can only be handed buffers.
static void copyConstantsInto(LaunchOp launch) {
  OpBuilder builder = OpBuilder::atBlockBegin(&launch.getBody().front());
  IRMapping copies;
  std::function<void(Value)> copy = [&](Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || copies.contains(value) || !isLaunchConstant(op))
      return;
    for (Value operand : op->getOperands())
      copy(operand);
    builder.clone(*op, copies);
  };
  for (Value value : capturesOf(launch)) {
    copy(value);
    if (Value inside = copies.lookupOrNull(value))
      value.replaceUsesWithIf(inside, [&](OpOperand &use) {
        return launch->isProperAncestor(use.getOwner());
      });
  }
}

LaunchOp Grouping::build(Group &group) {
  Operation *end = entry.getBody().front().getTerminator();
  OpBuilder builder(end);
  llvm::SmallPtrSet<Operation *, 16> inside(group.ops.begin(), group.ops.end());
  SmallVector<Value> yielded;
  SmallVector<Location> locations;
  for (Operation *op : group.ops) {
    locations.push_back(op->getLoc());
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !inside.contains(
                entry.getBody().front().findAncestorOpInBlock(*user));
          }))
        yielded.push_back(result);
  }

  auto launch = LaunchOp::create(
      builder, builder.getFusedLoc(locations), ValueRange(yielded).getTypes(),
      builder.getStringAttr(nameOf(group)), Attribute());
  Block *body = builder.createBlock(&launch.getBody());
  for (Operation *op : group.ops)
    op->moveBefore(body, body->end());
  builder.setInsertionPointToEnd(body);
  YieldOp::create(builder, launch.getLoc(), yielded);
  for (auto [value, result] : llvm::zip_equal(yielded, launch.getResults()))
    value.replaceUsesWithIf(result, [&](OpOperand &use) {
      return !launch->isAncestor(use.getOwner());
    });
  copyConstantsInto(launch);
  return launch;
}

LogicalResult Grouping::run() {
  for (auto [i, select] : llvm::enumerate(numberedSelections(entry)))
    selectionNumber[select] = i + 1;

  Block &block = entry.getBody().front();
  for (Operation &op : block.without_terminator()) {
    if (isLaunchConstant(&op))
      continue;
    // A launch that somebody made by hand stays as it is, in its place.
    if (isa<LaunchOp>(op)) {
      groupOf[&op] = groups.size();
      groups.push_back({LaunchKind::Launch, 0, {}, {&op}});
      continue;
    }
    // What nobody reads needs no kernel.
    if (isOpTriviallyDead(&op))
      continue;
    if (failed(place(&op)))
      return failure();
  }

  for (Group &group : groups) {
    if (group.kind == LaunchKind::Launch)
      group.ops.front()->moveBefore(block.getTerminator());
    else
      build(group);
  }
  // Constants have their copies inside now.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
  return success();
}

void Fuse::runOnOperation() {
  FailureOr<func::FuncOp> entry = findEntry(getOperation());
  if (failed(entry) || failed(Grouping(*entry, maxPoolTokens).run()))
    signalPassFailure();
}

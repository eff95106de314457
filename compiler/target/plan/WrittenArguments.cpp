//===- WrittenArguments.cpp - what a kernel writes ------------------------===//
#include "compiler/target/plan/WrittenArguments.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include <set>

using namespace mlir;

namespace llsa {

/// What `value` may be a view of.
static SmallVector<Value> memoriesOf(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  auto choice = value.getDefiningOp<arith::SelectOp>();
  if (!choice)
    return {value};
  SmallVector<Value> either = memoriesOf(choice.getTrueValue());
  llvm::append_range(either, memoriesOf(choice.getFalseValue()));
  return either;
}

/// The memory that `op` itself may write. A write that names no value orders
/// the op among others (a prefetch, a barrier) and changes no argument.
static SmallVector<Value> writtenBy(Operation *op) {
  SmallVector<Value> written;
  if (auto interface = dyn_cast<MemoryEffectOpInterface>(op)) {
    SmallVector<MemoryEffects::EffectInstance> effects;
    interface.getEffects(effects);
    for (const MemoryEffects::EffectInstance &effect : effects)
      if (isa<MemoryEffects::Write>(effect.getEffect()) && effect.getValue())
        written.push_back(effect.getValue());
  } else if (!op->hasTrait<OpTrait::HasRecursiveMemoryEffects>()) {
    llvm::append_range(written, op->getOperands());
  }
  return written;
}

/// Whether `value` is the kernel's own memory.
static bool isAllocated(Value value) {
  auto interface = value.getDefiningOp<MemoryEffectOpInterface>();
  return interface &&
         interface.getEffectOnValue<MemoryEffects::Allocate>(value);
}

std::vector<int64_t> writtenArguments(tile::KernelOp kernel) {
  Block &body = kernel.getBody().front();
  std::set<int64_t> positions;
  kernel.walk([&](Operation *op) {
    for (Value value : writtenBy(op)) {
      if (!isa<BaseMemRefType>(value.getType()))
        continue;
      for (Value memory : memoriesOf(value)) {
        auto argument = dyn_cast<BlockArgument>(memory);
        if (argument && argument.getOwner() == &body)
          positions.insert(argument.getArgNumber());
        else if (!isAllocated(memory)) // whichever it is
          for (BlockArgument any : body.getArguments())
            positions.insert(any.getArgNumber());
      }
    }
  });
  return {positions.begin(), positions.end()};
}

} // namespace llsa

//===- EstimateCost.cpp - work and traffic of a launch --------------------===//

#include "compiler/transforms/EstimateCost.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <limits>

using namespace mlir;
using namespace llsa;

static double elementsOf(Value value) {
  double count = 1;
  for (int64_t size : tensorOf(value).getShape())
    count *= static_cast<double>(size);
  return count;
}

static double bytesOf(Value value) {
  return elementsOf(value) *
         ((tensorOf(value).getElementTypeBitWidth() + 7) / 8);
}

/// The children of an index row's entries; as many as an integer holds at most.
static int64_t childrenOf(Value indices, int64_t block) {
  int64_t count;
  if (llvm::MulOverflow(tensorOf(indices).getDimSize(3), block, count))
    return std::numeric_limits<int64_t>::max();
  return count;
}

/// Keys of a window that a query meets, or queries that a key meets. Both ends
/// may be "everything", as large as an integer gets.
static int64_t reachOf(SourceAttr window, int64_t all) {
  return std::min(all, std::min(all, window.getBefore()) +
                           std::min(all, window.getAfter()) + 1);
}

static int64_t keysOf(SourceAttr source, Value keys, Value indices) {
  int64_t all = tensorOf(keys).getDimSize(kToken);
  switch (source.getKind()) {
  case SourceKind::Dense:
    return all;
  case SourceKind::Gathered:
    // Blocks may be named twice: not limited by the keys that there are.
    return childrenOf(indices, source.getBlock());
  case SourceKind::Window:
    return reachOf(source, all);
  }
  llvm_unreachable("all kinds are listed");
}

int64_t llsa::keysOfSource(AttendOp attend, unsigned i) {
  return keysOf(attend.getSource(i), attend.getKeys()[i],
                attend.getIndicesOf(i));
}

int64_t llsa::distinctKeysOfSource(AttendOp attend, unsigned i) {
  return std::min(tensorOf(attend.getKeys()[i]).getDimSize(kToken),
                  keysOfSource(attend, i));
}

int64_t llsa::keysOfSource(AttendQueryGradOp grad, unsigned i) {
  return keysOf(grad.getSource(i), grad.getKeys()[i], grad.getIndicesOf(i));
}

int64_t llsa::keysOfSource(AttendBiasGradOp grad, unsigned i) {
  return keysOf(grad.getSource(i), grad.getKeys()[i], grad.getIndicesOf(i));
}

int64_t llsa::queriesOfKey(AttendKeyGradOp grad) {
  SourceAttr source = grad.getSource();
  int64_t all = tensorOf(grad.getQuery()).getDimSize(kToken);
  switch (source.getKind()) {
  case SourceKind::Dense:
    return all;
  case SourceKind::Gathered: {
    int64_t blocks = tensorOf(grad.getOffsets()).getDimSize(2) - 1;
    int64_t rows = llvm::divideCeil(tensorOf(grad.getRows()).getDimSize(2),
                                    std::max<int64_t>(1, blocks));
    int64_t queries;
    if (llvm::MulOverflow(rows, std::min(all, source.getEvery()), queries))
      return std::numeric_limits<int64_t>::max();
    return queries;
  }
  case SourceKind::Window:
    return reachOf(source, all);
  }
  llvm_unreachable("all kinds are listed");
}

int64_t llsa::candidatesOf(SelectOp select) {
  if (Value within = select.getWithin())
    return childrenOf(within, *select.getBlock());
  return tensorOf(select.getKeys()).getDimSize(kToken);
}

static double flopsOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, double>(op)
      .Case([](PoolOp pool) { return elementsOf(pool.getInput()); })
      .Case([](SelectOp select) {
        return 2.0 * elementsOf(select.getQuery()) * candidatesOf(select);
      })
      .Case([](AttendOp attend) {
        double keys = 0;
        for (unsigned i = 0; i < attend.getSources().size(); ++i)
          keys += keysOfSource(attend, i);
        return 4.0 * elementsOf(attend.getQuery()) * keys;
      })
      .Case([](AttendQueryGradOp grad) {
        double keys = 0;
        for (unsigned i = 0; i < grad.getSources().size(); ++i)
          keys += keysOfSource(grad, i);
        return 6.0 * elementsOf(grad.getQuery()) * keys;
      })
      .Case([](AttendBiasGradOp grad) {
        double keys = 0;
        for (unsigned i = 0; i < grad.getSources().size(); ++i)
          keys += keysOfSource(grad, i);
        return 4.0 * elementsOf(grad.getQuery()) * keys;
      })
      .Case([](AttendKeyGradOp grad) {
        double group = double(tensorOf(grad.getQuery()).getDimSize(kHead)) /
                       double(tensorOf(grad.getKeys()).getDimSize(kHead));
        return 8.0 * elementsOf(grad.getKeys()) * group * queriesOfKey(grad);
      })
      .Case([](LinearAttendGradOp linear) {
        double depth = tensorOf(linear.getQuery()).getDimSize(kDepth);
        return 6.0 * depth * elementsOf(linear.getQuery()) +
               6.0 * depth * elementsOf(linear.getKeys());
      })
      .Case([](LinearAttendOp linear) {
        double depth = tensorOf(linear.getQuery()).getDimSize(kDepth);
        return 2.0 * depth *
               (elementsOf(linear.getQuery()) + elementsOf(linear.getKeys()));
      })
      .Case([](InvertIndicesOp invert) {
        return elementsOf(invert.getIndices());
      })
      .Default([](Operation *op) {
        if (op->getNumResults() == 0 || op->hasTrait<OpTrait::ConstantLike>() ||
            !isa<RankedTensorType>(op->getResult(0).getType()))
          return 0.0;
        return elementsOf(op->getResult(0));
      });
}

/// `value` to six digits: enough for an estimate, and IR prints it in decimal.
static double sixDigits(double value) {
  SmallString<32> text;
  llvm::raw_svector_ostream(text) << llvm::format("%.5e", value);
  double rounded = 0;
  [[maybe_unused]] bool invalid = StringRef(text).getAsDouble(rounded);
  assert(!invalid && "a printed number can be read");
  return rounded;
}

Cost llsa::estimateCost(LaunchOp launch) {
  Cost cost;
  llvm::SmallPtrSet<Value, 8> read;
  launch.getBody().walk([&](Operation *op) {
    for (OpOperand &use : op->getOpOperands()) {
      // The keys of transposed indices say how many there are.
      auto invert = dyn_cast<InvertIndicesOp>(op);
      if (invert && &use == &invert.getKeysMutable())
        continue;
      Value operand = use.get();
      if (isa<RankedTensorType>(operand.getType()) &&
          !launch->isAncestor(operand.getParentBlock()->getParentOp()) &&
          read.insert(operand).second)
        cost.bytes += bytesOf(operand);
    }
  });
  for (Operation &op : launch.getBody().front())
    cost.flops += flopsOf(&op);
  for (Value result : launch.getResults())
    cost.bytes += bytesOf(result);
  return {sixDigits(cost.flops), sixDigits(cost.bytes)};
}

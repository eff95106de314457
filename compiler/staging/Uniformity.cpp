//===- Uniformity.cpp - what all warps of a CTA agree on ------------------===//

#include "compiler/staging/Uniformity.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include <numeric>

using namespace mlir;
using namespace llsa;
using namespace llsa::tile;

static std::optional<int64_t> constantOf(Value value) {
  APInt number;
  if (value && matchPattern(value, m_ConstantInt(&number)))
    return number.getSExtValue();
  return std::nullopt;
}

Uniformity::Uniformity(KernelOp kernel) : kernel(kernel), warps(1) {
  if (ScheduleAttr schedule = kernel.getScheduleAttr())
    warps = schedule.getWarps();
}

bool Uniformity::isUniform(Value value) {
  if (!value || warps == 1)
    return true;
  if (isa<MemRefType>(value.getType())) {
    auto choice = value.getDefiningOp<arith::SelectOp>();
    return !choice || areUniform(choice->getOperands());
  }
  if (auto rows = value.getDefiningOp<BlockRowsOp>())
    return areUniform(rows.getIndices()) && isUniform(rows.getPart());
  std::optional<Range> range = rangeOf(value);
  return range && range->spread == 1;
}

bool Uniformity::areUniform(ValueRange values) {
  return llvm::all_of(values, [&](Value value) { return isUniform(value); });
}

bool Uniformity::isReachedTogether(Operation *op) {
  for (Operation *parent = op->getParentOp(); parent != kernel;
       parent = parent->getParentOp()) {
    auto loop = dyn_cast<scf::ForOp>(parent);
    if (!loop || !isUniform(loop.getLowerBound()) ||
        !isUniform(loop.getUpperBound()) || !isUniform(loop.getStep()))
      return false;
  }
  return true;
}

std::optional<Uniformity::Range> Uniformity::rangeOf(Value value) {
  auto found = known.find(value);
  if (found != known.end())
    return found->second;
  std::optional<Range> range = compute(value);
  known[value] = range;
  return range;
}

std::optional<Uniformity::Range> Uniformity::compute(Value value) {
  if (std::optional<int64_t> number = constantOf(value))
    return Range{std::abs(*number), 1, number};
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    // All warps ask for a stream's elements together (or the stream is not
    // shared, whatever is said of its index).
    if (isa<StreamOp>(argument.getOwner()->getParentOp()))
      return Range{1, 1, std::nullopt};
    // An induction variable of a loop with uniform bounds.
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (loop && argument == loop.getInductionVar() &&
        isUniform(loop.getLowerBound()) && isUniform(loop.getStep()))
      return Range{1, 1, std::nullopt};
    return std::nullopt;
  }
  Operation *op = value.getDefiningOp();
  if (isa<CtaOp, NumCtasOp>(op))
    return Range{1, 1, std::nullopt};
  if (auto item = dyn_cast<WorkItemOp>(op)) {
    unsigned number = cast<OpResult>(value).getResultNumber();
    int64_t last = kernel.getItems()[number] - 1;
    if (number + 1 != item.getNumResults())
      return Range{1, 1, last};
    // Numbered from a multiple of `warps` on if the dimension holds whole CTAs.
    if (kernel.getItems().back() % warps != 0)
      return std::nullopt;
    return Range{warps, warps, last};
  }
  if (op->getNumOperands() != 2 || op->getNumResults() != 1)
    return std::nullopt;
  std::optional<Range> a = rangeOf(op->getOperand(0)),
                       b = rangeOf(op->getOperand(1));
  if (!a || !b)
    return std::nullopt;
  if (a->spread == 1 && b->spread == 1 && isPure(op))
    return Range{1, 1, std::nullopt};
  std::optional<int64_t> c = constantOf(op->getOperand(1));
  return llvm::TypeSwitch<Operation *, std::optional<Range>>(op)
      .Case([&](arith::AddIOp) {
        Range sum{std::gcd(a->unit, b->unit), a->spread + b->spread - 1, {}};
        if (a->most && b->most)
          sum.most = *a->most + *b->most;
        return sum;
      })
      .Case([&](arith::MulIOp) -> std::optional<Range> {
        if (!c || *c <= 0)
          return std::nullopt;
        Range product{a->unit * *c, (a->spread - 1) * *c + 1, {}};
        if (a->most)
          product.most = *a->most * *c;
        return product;
      })
      .Case([&](arith::DivUIOp) -> std::optional<Range> {
        if (!c || *c <= 0)
          return std::nullopt;
        std::optional<int64_t> most;
        if (a->most)
          most = *a->most / *c;
        if (a->unit != 0 && *c % a->unit == 0 && a->spread <= a->unit)
          return Range{1, 1, most};
        if (a->unit % *c == 0)
          return Range{a->unit / *c, (a->spread - 1) / *c + 1, most};
        return std::nullopt;
      })
      .Case([&](arith::RemUIOp) -> std::optional<Range> {
        if (!c || *c <= 0)
          return std::nullopt;
        if (a->unit % *c == 0)
          return Range{0, std::min(a->spread, *c), *c - 1};
        if (a->unit != 0 && *c % a->unit == 0 && a->spread <= a->unit)
          return Range{a->unit, a->spread, *c - 1};
        return std::nullopt;
      })
      .Case([&](arith::MinSIOp) -> std::optional<Range> {
        // Cutting off the top of the last run leaves it a run.
        if (!c || !a->most || *c < *a->most - a->spread + 1)
          return std::nullopt;
        return Range{a->unit, a->spread, std::min(*c, *a->most)};
      })
      .Default([](Operation *) { return std::nullopt; });
}

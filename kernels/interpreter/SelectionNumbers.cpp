//===- SelectionNumbers.cpp - which selection is i1, i2, ... --------------===//
#include "kernels/interpreter/SelectionNumbers.h"
#include "dialects/llsa/LLSAOps.h"
#include "kernels/reference/Array.h"
#include "llvm/ADT/DenseMap.h"

using namespace llsa;
using namespace llsa::reference;

namespace {
/// Gives equal numbers to values that are computed alike.
class ValueNumbers {
public:
  int64_t of(mlir::Value value) {
    auto known = numbers.find(value);
    if (known != numbers.end())
      return known->second;
    int64_t number = compute(value);
    numbers[value] = number;
    return number;
  }
  int64_t pool(int64_t input, int64_t block) {
    return intern({kPool, input, block});
  }
  int64_t select(int64_t query, int64_t keys, int64_t topk, int64_t within,
                 int64_t block) {
    return intern({kSelect, query, keys, topk, within, block});
  }

private:
  using Key = std::vector<int64_t>;
  enum Kind : int64_t { kPool, kSelect, kOther };

  int64_t intern(const Key &key) {
    return interned.emplace(key, int64_t(interned.size())).first->second;
  }
  int64_t compute(mlir::Value value) {
    mlir::Operation *op = value.getDefiningOp();
    if (auto op = value.getDefiningOp<PoolOp>())
      return pool(of(op.getInput()), op.getBlock());
    if (auto op = value.getDefiningOp<SelectOp>())
      return select(of(op.getQuery()), of(op.getKeys()), op.getTopk(),
                    op.getWithin() ? of(op.getWithin()) : -1,
                    op.getBlock().value_or(0));
    // An argument, or an op with a region, is like itself alone.
    if (!op || op->getNumRegions() > 0)
      return intern({kOther, address(value.getAsOpaquePointer())});
    Key key = {kOther, address(op->getName().getAsOpaquePointer()),
               address(op->getAttrDictionary().getAsOpaquePointer()),
               address(value.getType().getAsOpaquePointer()),
               int64_t(llvm::cast<mlir::OpResult>(value).getResultNumber())};
    for (mlir::Value operand : op->getOperands())
      key.push_back(of(operand));
    return intern(key);
  }
  static int64_t address(const void *pointer) {
    return static_cast<int64_t>(reinterpret_cast<intptr_t>(pointer));
  }

  llvm::DenseMap<mlir::Value, int64_t> numbers;
  std::map<Key, int64_t> interned;
};
} // namespace

SelectionNumbers::SelectionNumbers(mlir::Operation *entry) {
  ValueNumbers values;
  std::map<int64_t, size_t> firstWith; ///< of each value: its place
  std::vector<Selection> inOrder;
  std::map<std::pair<mlir::Operation *, int64_t>, size_t> places;
  auto add = [&](mlir::Operation *op, int64_t level, int64_t value) {
    auto found = firstWith.emplace(value, inOrder.size());
    if (found.second)
      inOrder.push_back({op, level});
    places[{op, level}] = found.first->second;
  };
  entry->walk([&](mlir::Operation *op) {
    if (auto select = llvm::dyn_cast<SelectOp>(op)) {
      if (!select.getResult().use_empty())
        add(op, 0, values.of(select.getResult()));
      return;
    }
    auto attention = llvm::dyn_cast<AttentionOp>(op);
    if (!attention)
      return;
    HierarchyAttr hierarchy = attention.getHierarchy();
    std::vector<int64_t> queries = {values.of(attention.getQuery())},
                         keys = {values.of(attention.getKeys())};
    for (int64_t level = 1; level <= hierarchy.getLevels(); ++level) {
      queries.push_back(values.pool(queries.back(), hierarchy.getBlock()));
      keys.push_back(values.pool(keys.back(), hierarchy.getBlock()));
    }
    int64_t coarser = -1;
    for (int64_t level = hierarchy.getLevels(); level >= 1; --level) {
      coarser = values.select(queries[size_t(level)], keys[size_t(level)],
                              hierarchy.getTopkAt(level), coarser,
                              coarser < 0 ? 0 : hierarchy.getBlock());
      add(op, level, coarser);
    }
  });
  selections.assign(inOrder.rbegin(), inOrder.rend());
  for (auto [selection, place] : places)
    positions[selection] = inOrder.size() - 1 - place;
}

std::string SelectionNumbers::nameOf(mlir::Operation *op, int64_t level) const {
  auto found = positions.find({op, level});
  require(found != positions.end(), "a selection without a number");
  return "i" + std::to_string(found->second + 1);
}

//===- SortingNetwork.h - the greatest of a lane's keys ---------*- C++ -*-===//
#ifndef LLSA_COMPILER_CONVERSION_TILETONVVM_SORTINGNETWORK_H
#define LLSA_COMPILER_CONVERSION_TILETONVVM_SORTINGNETWORK_H

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace llsa::gpu {

/// Sorts by keys (i32, unsigned), in descending order; what a key stands for, if
/// anything, goes along with it.
class SortingNetwork {
public:
  using Value = mlir::Value;
  struct Entry {
    Value key; ///< null: an empty place, below all others
    Value of;  ///< null: nothing
  };
  using Entries = llvm::SmallVector<Entry>;

  SortingNetwork(mlir::OpBuilder &b, mlir::Location loc) : b(b), loc(loc) {}

  /// Batcher's odd-even mergesort.
  void sort(llvm::MutableArrayRef<Entry> entries) {
    size_t n = entries.size();
    for (size_t p = 1; p < n; p *= 2)
      for (size_t k = p; k >= 1; k /= 2)
        for (size_t j = k % p; j + k < n; j += 2 * k)
          for (size_t i = 0; i < k && i + j + k < n; ++i)
            if ((i + j) / (2 * p) == (i + j + k) / (2 * p))
              order(entries[i + j], entries[i + j + k]);
  }

  /// The greatest of two descending lists whose length is one power of two.
  /// `rejected` is raised to the greatest key that is left over.
  Entries merge(llvm::ArrayRef<Entry> x, llvm::ArrayRef<Entry> y,
                Value &rejected) {
    Entries best;
    for (auto [higher, lower] : llvm::zip(x, llvm::reverse(y))) {
      Entry first = higher, second = lower;
      order(first, second);
      best.push_back(first);
      rejected = max(rejected, second.key);
    }
    // What is left is bitonic.
    for (size_t half = best.size() / 2; half > 0; half /= 2)
      for (size_t i = 0; i < best.size(); ++i)
        if (i % (2 * half) < half)
          order(best[i], best[i + half]);
    return best;
  }

  Value max(Value x, Value y) {
    if (!x || !y)
      return x ? x : y;
    return mlir::arith::MaxUIOp::create(b, loc, x, y);
  }

private:
  /// The greater one first.
  void order(Entry &x, Entry &y) {
    if (!x.key)
      std::swap(x, y);
    if (!y.key)
      return;
    using namespace mlir::arith;
    Value most = MaxUIOp::create(b, loc, x.key, y.key),
          least = MinUIOp::create(b, loc, x.key, y.key);
    if (x.of) {
      Value inOrder = CmpIOp::create(b, loc, CmpIPredicate::uge, x.key, y.key);
      Value of = SelectOp::create(b, loc, inOrder, x.of, y.of);
      y.of = SelectOp::create(b, loc, inOrder, y.of, x.of);
      x.of = of;
    }
    x.key = most;
    y.key = least;
  }

  mlir::OpBuilder &b;
  mlir::Location loc;
};

} // namespace llsa::gpu

#endif // LLSA_COMPILER_CONVERSION_TILETONVVM_SORTINGNETWORK_H

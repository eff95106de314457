//===- GatherSteps.h - index rows, some keys at a time ----------*- C++ -*-===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_GATHERSTEPS_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_GATHERSTEPS_H

#include "compiler/conversion/llsa-to-tile/KernelBuilder.h"
#include "dialects/llsa/LLSAOps.h"

namespace llsa {

/// The unit of a tensor core's columns.
constexpr int64_t kFragment = 8;

/// The selection that made `indices`; null where they come from outside.
SelectOp selectionOf(mlir::Value indices);

/// Entries at the start of each row of `indices` that may name a block: a
/// selection of more than there are candidates leaves the rest of it empty, and
/// nobody needs to look there. All of them where they come from outside.
int64_t filledEntries(mlir::Value indices);

/// How the keys that an index row names are dealt out to steps of a loop: some
/// whole blocks a step, or a part of one block where a block is larger than a
/// step may be.
class GatherSteps {
public:
  /// `entries` blocks of `block` keys; about `cols` keys a step. With
  /// `fragments` every step is a multiple of 8 keys wide, as tensor cores want
  /// it; the surplus names no key.
  GatherSteps(int64_t entries, int64_t block, int64_t cols, bool fragments);

  int64_t count() const { return steps; }
  int64_t keysPerStep() const { return width; }
  /// No step reaches behind the index row's end, or a block's.
  bool isEven() const { return even; }
  /// The copy engine can take a step's keys.
  bool isBulk() const;
  /// The keys of step `i` as a 1xC tile, -1 where there is none. `row` are the
  /// indices of the index row in `indices`, without its last dimension's.
  mlir::Value keysOf(KernelBuilder &k, mlir::Value indices,
                     mlir::ValueRange row, mlir::Value i, int64_t limit) const;
  /// The entries of the index row that these keys are of (1xC, i32).
  mlir::Value entriesOf(KernelBuilder &k, mlir::Value i) const;

private:
  int64_t block;
  int64_t steps;
  int64_t width;          ///< keys of a step
  int64_t entriesPerStep; ///< 0: a step is a part of a block
  int64_t partsPerEntry = 1;
  bool even;
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_GATHERSTEPS_H

//===- ScalarRanges.h - how wide index values must be -----------*- C++ -*-===//
//
// A variant's `index` has 64 bits, but nearly every value of that type is a
// position, a head or a distance and fits into 32, where twice as many go into
// a vector register. So an index becomes an i32 tile where its range shows that
// this loses nothing, and an i64 tile elsewhere. Ranges come from the constants
// and from what is declared of a region's arguments, by MLIR's own rules for
// each op (InferIntRangeInterface).
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_SCALARRANGES_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_SCALARRANGES_H

#include "mlir/IR/Value.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"
#include "llvm/ADT/DenseMap.h"

namespace llsa {

/// Ranges of integers, be they scalars or elements of tensors.
class ScalarRanges {
public:
  /// `value`, of type index, is between `low` and `high`.
  void declare(mlir::Value value, int64_t low, int64_t high);

  /// An integer's range; everything where nothing is known.
  mlir::ConstantIntRanges of(mlir::Value value);
  bool isNonNegative(mlir::Value value);
  bool mayBe(mlir::Value value, int64_t number);

  /// The element type of a tile that holds `value`: index becomes i32 or i64.
  mlir::Type tileElement(mlir::Value value);
  /// What index operands and results of `op` are while it runs: i64 where the
  /// op would give something else in 32 bits.
  mlir::Type indexTypeWithin(mlir::Operation *op);

private:
  bool fits32(mlir::Value value);

  llvm::DenseMap<mlir::Value, mlir::ConstantIntRanges> known;
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_SCALARRANGES_H

//===- AttendRegions.h - regions on tiles of pairs --------------*- C++ -*-===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDREGIONS_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDREGIONS_H

#include "compiler/conversion/llsa-to-tile/AttendSource.h"

namespace llsa {

/// The score, mask and derivative regions of an attend, on tiles of pairs of
/// queries and keys; either may be the rows.
class AttendRegions {
public:
  AttendRegions(KernelBuilder &k, const AttendForm &form) : k(k), form(form) {}

  /// Arguments of the regions: `score` is a tile of scaled scores, `queries`
  /// and `keys` are ids along its sides, of queries and keys that exist. What
  /// the regions make of pairs that do not exist is discarded.
  llvm::SmallVector<mlir::Value>
  arguments(const Source &source, mlir::Value score, mlir::Value batch,
            mlir::Value head, mlir::Value queries, mlir::Value keys);

  /// The score that the region makes of args[0], or args[0].
  mlir::Value score(const Source &source, llvm::ArrayRef<mlir::Value> args);
  /// Which pairs count; null when there is no region.
  mlir::Value mask(const Source &source, llvm::ArrayRef<mlir::Value> args);
  /// The gradient of args[0], given that of score().
  mlir::Value derivative(const Source &source, llvm::ArrayRef<mlir::Value> args,
                         mlir::Value gradient);

  /// What the `reads` region yields, given the gradient of score().
  llvm::SmallVector<mlir::Value> reads(const Source &source,
                                       llvm::ArrayRef<mlir::Value> args,
                                       mlir::Value gradient);

  bool failed() const { return hasFailed; }

private:
  /// Empty after a diagnostic.
  llvm::SmallVector<mlir::Value> emitAll(const Source &source,
                                         mlir::Region &region,
                                         llvm::ArrayRef<mlir::Value> args);
  mlir::Value emit(const Source &source, mlir::Region &region,
                   llvm::ArrayRef<mlir::Value> args);

  KernelBuilder &k;
  const AttendForm &form;
  bool hasFailed = false;
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDREGIONS_H

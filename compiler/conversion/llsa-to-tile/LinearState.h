//===- LinearState.h - what keys and values leave for linear attention ----===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_LINEARSTATE_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_LINEARSTATE_H

#include "compiler/conversion/llsa-to-tile/Lowering.h"

namespace llsa {

/// The features of a tile of f32 rows.
class Features {
public:
  Features(KernelBuilder &k, FeatureMap phi, mlir::Value x);
  mlir::Value whole;
  /// Some columns of the features, of the same columns of the rows.
  mlir::Value columns(mlir::Value x) const;

private:
  KernelBuilder &k;
  FeatureMap phi;
  mlir::Value max, sum; ///< of a row, for a softmax
};

/// State columns of one work item: few, so that there are several work items
/// per head, and a divisor of the depth.
int64_t columnsPerItem(int64_t depth);

/// Stores a work item's columns of a D x D sum, and the 1 x D sum that every
/// column's item of the head has made: the first one's.
void storeColumns(KernelBuilder &k, mlir::ValueRange sums, mlir::Value state,
                  mlir::Value total, mlir::Value batch, mlir::Value head,
                  mlir::Value column);

/// Launches a kernel, with this share of the launch's cost, that sums
/// phi(k_j)^T v_j (D x D, the state) and phi(k_j) (1 x D, the total) per key
/// head; returns both f32 workspaces.
std::pair<mlir::Value, mlir::Value>
launchLinearState(const LaunchContext &context, llvm::StringRef name,
                  mlir::Value keys, mlir::Value values, FeatureMap phi,
                  double share);

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_LINEARSTATE_H

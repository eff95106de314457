//===- AttendForm.h - what attends and their gradients share ----*- C++ -*-===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDFORM_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDFORM_H

#include "compiler/conversion/llsa-to-tile/KernelBuilder.h"
#include "dialects/llsa/LLSAOps.h"
#include <optional>

namespace llsa {

/// Operands and attributes of an attend or of one of its gradients.
struct AttendForm {
  explicit AttendForm(AttendOp op);
  explicit AttendForm(AttendQueryGradOp op);
  explicit AttendForm(AttendBiasGradOp op);
  /// One source, whose indices are null.
  explicit AttendForm(AttendKeyGradOp op);

  mlir::Value query;
  // One per source; indices are null where it is not gathered.
  llvm::SmallVector<mlir::Value> keys, values, indices;
  llvm::SmallVector<SourceAttr> sources;
  std::optional<int64_t> baseTokens; ///< level-0 tokens, if they are known
  double scale;
  /// Null when there is none.
  mlir::Region *score = nullptr, *mask = nullptr, *derivative = nullptr,
               *reads = nullptr;

  bool hasRegion() const { return score || mask; }
  /// A window or mask hides keys from rows.
  bool hidesPairs() const;
  int64_t depth() const;
  int64_t queries() const;
  /// Queries that share all index rows; 0 when there are none.
  int64_t granule() const;
  /// How query-stationary kernels deal out the queries.
  RowGrid grid(tile::ScheduleAttr schedule) const;
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDFORM_H

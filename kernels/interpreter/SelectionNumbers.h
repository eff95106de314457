//===- SelectionNumbers.h - which selection is i1, i2, ... ------*- C++ -*-===//
//
// Private to kernels/interpreter.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_INTERPRETER_SELECTIONNUMBERS_H
#define LLSA_KERNELS_INTERPRETER_SELECTIONNUMBERS_H

#include "mlir/IR/Operation.h"
#include <map>
#include <string>
#include <vector>

namespace llsa::reference {

/// Numbers the selections of a bound variant as the compiler does, once it has
/// opened the composites: in reverse program order, i1 first, so that a
/// composite's level 1 comes before its level 2. Selections that are the same
/// (the same ops on the same tensors) are one, numbered where it stands first;
/// a selection that nobody uses has no number.
class SelectionNumbers {
public:
  explicit SelectionNumbers(mlir::Operation *entry);

  struct Selection {
    mlir::Operation *op; ///< llsa.select, or llsa.attention
    int64_t level;       ///< of the composite; 0 for llsa.select
  };
  /// i1 at position 0.
  const std::vector<Selection> &all() const { return selections; }
  /// "i1", "i2", ...
  std::string nameOf(mlir::Operation *op, int64_t level = 0) const;

private:
  std::vector<Selection> selections;
  std::map<std::pair<mlir::Operation *, int64_t>, size_t> positions;
};

} // namespace llsa::reference

#endif // LLSA_KERNELS_INTERPRETER_SELECTIONNUMBERS_H

//===- StepOrder.h - which steps wait for which -----------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_PROGRAM_STEPORDER_H
#define LLSA_RUNTIME_PROGRAM_STEPORDER_H

#include "runtime/program/Program.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/BitVector.h"

namespace llsa {

/// The order in which lanes and Step::after put steps: a partial one when there
/// are several lanes.
class StepOrder {
public:
  /// Every step of an `after` stands before the one that names it.
  explicit StepOrder(llvm::ArrayRef<Step> steps);

  /// Whether step `a` has always ended when step `b` begins.
  bool precedes(size_t a, size_t b) const {
    return before[b].test(unsigned(a));
  }
  /// Whether `a` and `b` may run at the same time.
  bool sideBySide(size_t a, size_t b) const {
    return a != b && !precedes(a, b) && !precedes(b, a);
  }

private:
  std::vector<llvm::BitVector> before; ///< by step: those that have ended
};

} // namespace llsa

#endif // LLSA_RUNTIME_PROGRAM_STEPORDER_H

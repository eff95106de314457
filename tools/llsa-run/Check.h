//===- Check.h - a run against the float64 reference ------------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_RUN_CHECK_H
#define LLSA_TOOLS_LLSA_RUN_CHECK_H

#include "kernels/interpreter/Interpreter.h"
#include "kernels/reference/Compare.h"
#include "tools/llsa-run/Inputs.h"

namespace llsa::tools {

/// One result's comparison.
struct OutputCheck {
  std::string name;
  reference::Comparison comparison;
  std::string part; ///< what of it was compared; empty: the sampled queries
};

/// Element by element the one of two plain evaluations that is farther from the
/// reference: frameworks do either (AttendOptions::fused), and where few numbers
/// are compared one alone may be exact by luck.
reference::Array fartherFrom(const reference::Array &exact,
                             const reference::Array &x,
                             const reference::Array &y);

/// What a check found.
struct CheckReport {
  std::vector<OutputCheck> outputs; ///< float results
  reference::IndexCheck indices;    ///< all selections, and int32 results
  double keysPerQuery = 0;
  int64_t sampledRows = 0, allRows = 0; ///< queries per head

  bool ok() const;
  /// The first thing that is wrong; empty when ok.
  std::string message() const;
  /// The result whose error is greatest beside what is allowed; null when
  /// there is none.
  const OutputCheck *worst() const;
};

/// Up to `count` of `total` query rows, sorted: the first, the last, and random
/// ones. All when `count` is 0 or not less than `total`.
std::vector<int64_t> sampleRows(int64_t total, int64_t count, uint64_t seed);

/// Compares a run's results with the reference by the rule of Compare.h, on
/// the run's own selections, and the selections by that of IndexCheck.h.
/// `outputs` holds every result and every selection by name. With `rows`, only
/// those query rows of the values are compared.
llvm::Expected<CheckReport> checkRun(const reference::Interpreter &interpreter,
                                     const NamedTensors &inputs,
                                     const NamedTensors &outputs,
                                     const std::vector<int64_t> *rows);

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_RUN_CHECK_H

//===- CheckGradients.h - a backward against the float64 reference -*- C++
//-*-===//
//
// A query's gradient needs that query alone, so sampled ones are compared in
// all heads. A key's gradient is a sum over all queries that see it, each with
// the sum of its own softmax: it costs the reference as much as all of the
// head. So keys and values are compared whole, in as many sampled heads as the
// reference does in some seconds.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TOOLS_LLSA_RUN_CHECKGRADIENTS_H
#define LLSA_TOOLS_LLSA_RUN_CHECKGRADIENTS_H

#include "runtime/jit/Jit.h"
#include "tools/llsa-run/Check.h"

namespace llsa::tools {

/// Gradients of one argument as the reference evaluates them.
struct ReferenceGradient {
  reference::Array exact; ///< float64
  reference::Array plain; ///< the farther one of two plain evaluations
  double terms = 0;       ///< see reference::AttendGradients
};

/// Compares a gradient of elements `dtype` by the rule of Compare.h, with room
/// for what a backward takes from its forward: an lse that was rounded to
/// float32, by which all weights of a row are wrong (`greatestLse`: the
/// greatest finite |lse|), and an output that was, by which all differences of
/// a row are. So two units of float32 at `terms` are allowed, too, as Compare.h
/// allows two at the greatest magnitude of what is no difference.
reference::Comparison compareGradient(std::string_view name,
                                      const reference::Array &actual,
                                      const ReferenceGradient &expected,
                                      DType dtype, double greatestLse);

/// The greatest finite |lse| that a forward returned or kept.
double greatestLse(const NamedTensors &tensors);

/// One run of both passes.
struct CheckedRun {
  const rt::Variant *variant = nullptr;
  KernelSpec spec; ///< of the plain forward
  std::string target;
  /// Inputs, what the forward gave with its selections, results' gradients.
  const NamedTensors *tensors = nullptr;
  const NamedTensors *gradients = nullptr; ///< "dq", "dk", "dv", ...
};

struct GradientCheckOptions {
  int64_t samples = 128; ///< queries per head; 0: everything
  uint64_t seed = 1;
  unsigned threads = 1;
};

/// Compares every gradient of a run, on the run's own selections, and adds the
/// comparisons to `check`, that of the forward.
llvm::Error checkGradients(const CheckedRun &run,
                           const GradientCheckOptions &options,
                           CheckReport &check);

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_RUN_CHECKGRADIENTS_H

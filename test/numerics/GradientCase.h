//===- GradientCase.h - a variant and its derived backward ------*- C++ -*-===//
#ifndef LLSA_TEST_NUMERICS_GRADIENTCASE_H
#define LLSA_TEST_NUMERICS_GRADIENTCASE_H

#include "kernels/reference/Hierarchy.h"
#include "test/numerics/RunCase.h"

namespace llsa::numerics {

/// What one run of both passes read and made, by name.
struct GradientRun {
  tools::NamedTensors tensors;   ///< inputs, results, what is kept, "do", ...
  tools::NamedTensors gradients; ///< "dq", "dk", "dv", ...
};

/// The forward that keeps what the backward needs, the backward, and the
/// reference of the forward.
struct GradientKernel {
  std::unique_ptr<rt::Jit> jit;
  rt::Jit::KernelPtr keep, backward;
  std::unique_ptr<reference::Interpreter> interpreter;

  static llvm::Expected<GradientKernel>
  create(const std::string &text, KernelSpec spec, unsigned threads = 1);

  /// Random gradients of the results, "do" and so on, as the backward takes
  /// them; `quietRows`: 0 in half of the rows.
  llvm::Expected<tools::NamedTensors>
  outputGradients(uint64_t seed,
                  tools::Layout layout = tools::Layout::Contiguous,
                  bool quietRows = false) const;

  /// Runs both; `inputs` are the variant's and the results' gradients.
  llvm::Expected<GradientRun>
  run(tools::NamedTensors inputs,
      tools::Layout layout = tools::Layout::Contiguous) const;
};

/// Compares <y, gradients> with the derivative of the reference along some
/// directions y, which differences of the float64 forward give, on the run's
/// index sets. So a pair that brings no gradient, or brings it twice, is found
/// by the forward's own definition. `dtype` says how many bits the gradients
/// and what they are computed of have. Returns what is wrong, and in `worst`
/// the greatest share of the allowed error.
std::string checkDirections(const GradientKernel &kernel,
                            const GradientRun &run, DType dtype, uint64_t seed,
                            double &worst);

/// Compares dq, dk and dv of a hierarchy without regions with the reference's
/// gradients, element by element, by the rule of Compare.h.
std::string checkElements(const GradientRun &run,
                          const reference::Hierarchy &hierarchy, double scale,
                          DType dtype, bool tf32 = false);

/// checkDirections for a case, checkElements too where it can; empty when all
/// is right.
class GradientCaseRunner {
public:
  std::string run(const Case &c, double &worst);

private:
  std::string key;
  std::unique_ptr<GradientKernel> kernel;
};

} // namespace llsa::numerics

#endif // LLSA_TEST_NUMERICS_GRADIENTCASE_H

//===- Measure.h - one case, on a CPU or a GPU ------------------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_BENCH_MEASURE_H
#define LLSA_TOOLS_LLSA_BENCH_MEASURE_H

#include "runtime/cuda/CudaGraph.h"
#include "runtime/jit/Jit.h"
#include "tools/llsa-bench/Arguments.h"
#include "tools/llsa-bench/Report.h"

namespace llsa::bench {

/// How long and how often.
struct Effort {
  unsigned repeat = 0; ///< samples of a case; at least 3 are taken
  double seconds = 3;  ///< no more samples of a case after this time
  unsigned sets = 3;   ///< input sets that take turns
  /// GPU: seconds without work in front of each measurement, so that what ran
  /// before does not lower the clocks, for the power that it took.
  double rest = 0.3;
};

/// A case that was compiled and measured.
struct Result {
  rt::Jit::KernelPtr kernel; ///< what ran; its program has the names
  Measurement measured;
};

/// Both passes of a case.
struct GradResult {
  rt::Jit::KernelPtr forward, backward;
  GradMeasurement measured;
};

/// A sample is one run; the host's clock. Runs take turns on input sets of
/// different contents.
llvm::Expected<Result> measureOnCpu(rt::Jit &jit, const rt::Variant &variant,
                                    const Case &wanted,
                                    const std::string &inputKind,
                                    const Effort &effort);

/// A sample is the replay of a graph of some runs, divided by their number;
/// events on the stream. The runs of a graph take turns on input sets that
/// have the same contents and memory of their own, so that the L2 holds little
/// of what a run reads. The kernel is compiled anew, into a cache of its own.
llvm::Expected<Result> measureOnCuda(const rt::CudaStream &stream,
                                     const std::string &device,
                                     const rt::Variant &variant,
                                     const Case &wanted, InputMaker &inputs,
                                     const Effort &effort);

/// The forward that keeps what the backward needs, the backward on what that
/// left, and both behind each other in one sample (one graph). Gradients of
/// results are random numbers.
llvm::Expected<GradResult>
measureGradOnCpu(rt::Jit &jit, const rt::Variant &variant, const Case &wanted,
                 const std::string &inputKind, const Effort &effort);
llvm::Expected<GradResult>
measureGradOnCuda(const rt::CudaStream &stream, const std::string &device,
                  const rt::Variant &variant, const Case &wanted,
                  InputMaker &inputs, const Effort &effort);

/// Bytes per second, read and written, of a copy from the GPU's memory to the
/// GPU's memory.
llvm::Expected<double> measureCopyRate(const rt::CudaStream &stream);

} // namespace llsa::bench

#endif // LLSA_TOOLS_LLSA_BENCH_MEASURE_H

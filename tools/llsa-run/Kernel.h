//===- Kernel.h - a compiled variant, its tensors, its times ----*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_RUN_KERNEL_H
#define LLSA_TOOLS_LLSA_RUN_KERNEL_H

#include "runtime/jit/Jit.h"
#include "tools/llsa-run/Inputs.h"

namespace llsa::tools {

/// Median, least and greatest of some runs, in milliseconds.
struct RunTimes {
  double median = 0, least = 0, greatest = 0;
  int64_t runs = 0;
};

/// Tensors for every result of `program`, filled with garbage.
llvm::Expected<NamedTensors> makeOutputs(const Program &program,
                                         Layout layout = Layout::Contiguous);

/// Runs the kernel once and waits; a kernel of a GPU on copies there.
llvm::Error runOnce(const rt::CompiledKernel &kernel,
                    const NamedTensors &inputs, const NamedTensors &outputs);

/// Runs the kernel `repeat` times, after one run that warms up. With `repeat`
/// 0: as often as about a second holds, but thrice; a single run that takes
/// more than three seconds is not repeated.
llvm::Expected<RunTimes> timeRuns(const rt::CompiledKernel &kernel,
                                  const NamedTensors &inputs,
                                  const NamedTensors &outputs, int64_t repeat);

/// One launch of a program: the kernel's name and its milliseconds.
struct LaunchTime {
  std::string kernel;
  double milliseconds = 0;
};

/// The time of each launch of a kernel, in order. Every kernel's runs are in a
/// range with its name (Nvtx.h).
llvm::Expected<std::vector<LaunchTime>>
profileSteps(const rt::CompiledKernel &kernel, const NamedTensors &inputs,
             const NamedTensors &outputs);

/// The text of a variant's `bind` stage, which the reference reads.
llvm::Expected<std::string> bindVariant(const rt::Variant &variant,
                                        const KernelSpec &spec,
                                        llvm::StringRef target);
/// The bound text of a variant, ready for the reference.
llvm::Expected<reference::Interpreter>
makeInterpreter(const rt::Variant &variant, const KernelSpec &spec,
                llvm::StringRef target);

/// An error when this machine has not the memory for `bytes` more.
llvm::Error checkMemory(double bytes, llvm::StringRef purpose);

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_RUN_KERNEL_H

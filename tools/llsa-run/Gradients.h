//===- Gradients.h - a variant's forward and backward -----------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_RUN_GRADIENTS_H
#define LLSA_TOOLS_LLSA_RUN_GRADIENTS_H

#include "tools/llsa-run/Options.h"
#include "tools/llsa-run/Report.h"

namespace llsa::tools {

/// The backward's inputs that neither the variant takes nor its forward gives:
/// gradients of results. One that is none of these is an error.
llvm::Expected<std::vector<reference::Port>>
gradientPorts(const Program &keep, const Program &backward);

/// Runs the forward that keeps what the backward needs, then the backward, and
/// writes gradients: what --grad asks for. The results' gradients ("do", and
/// "dlse" if the spec has it or its file is there) are inputs beside the
/// variant's. `spec` is that of the pass "keep".
llvm::Expected<Report> runGradients(const RunOptions &options, KernelSpec spec,
                                    const InputSource &source,
                                    const rt::Variant &variant);

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_RUN_GRADIENTS_H

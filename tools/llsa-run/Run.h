//===- Run.h - what llsa-run does, step by step -----------------*- C++ -*-===//
#ifndef LLSA_TOOLS_LLSA_RUN_RUN_H
#define LLSA_TOOLS_LLSA_RUN_RUN_H

#include "tools/llsa-run/Options.h"
#include "tools/llsa-run/Report.h"

namespace llsa::tools {

/// Compiles, runs, checks, compares, draws and writes, as asked. A check that
/// fails is no error here: the report says it.
llvm::Expected<Report> runVariant(const RunOptions &options);

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_RUN_RUN_H

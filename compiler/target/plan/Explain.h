//===- Explain.h - what was decided and why, as text ------------*- C++ -*-===//
#ifndef LLSA_COMPILER_TARGET_PLAN_EXPLAIN_H
#define LLSA_COMPILER_TARGET_PLAN_EXPLAIN_H

#include "mlir/Support/LLVM.h"
#include <string>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace llsa {

struct Program;

/// Reads a module at the llsa stage: per launch its kind, tiles, sources with
/// granularity and weight, keys per query, work and traffic, and why.
std::string explainLaunches(mlir::ModuleOp module);

/// The page that `--explain` prints: a heading, `launches` (the text above) and
/// buffers and totals of a program whose plan is complete.
std::string explainProgram(const Program &program, llvm::StringRef launches);

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_PLAN_EXPLAIN_H

//===- Passes.h - passes in front of LLVM -----------------------*- C++ -*-===//
#ifndef LLSA_COMPILER_TARGET_PASSES_PASSES_H
#define LLSA_COMPILER_TARGET_PASSES_PASSES_H

#include "mlir/Pass/Pass.h"
#include <memory>

namespace llsa {

#define GEN_PASS_DECL
#include "compiler/target/passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/target/passes/Passes.h.inc"

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_PASSES_PASSES_H

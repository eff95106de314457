//===- Passes.h - passes from the llsa dialect to itself --------*- C++ -*-===//
#ifndef LLSA_COMPILER_TRANSFORMS_PASSES_H
#define LLSA_COMPILER_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace llsa {

#define GEN_PASS_DECL
#include "compiler/transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/transforms/Passes.h.inc"

} // namespace llsa

#endif // LLSA_COMPILER_TRANSFORMS_PASSES_H

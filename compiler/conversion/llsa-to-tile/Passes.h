//===- Passes.h - llsa to tile ----------------------------------*- C++ -*-===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_PASSES_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace llsa {

#define GEN_PASS_DECL
#include "compiler/conversion/llsa-to-tile/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/conversion/llsa-to-tile/Passes.h.inc"

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_PASSES_H

//===- Passes.h - tile to nvvm ----------------------------------*- C++ -*-===//
#ifndef LLSA_COMPILER_CONVERSION_TILETONVVM_PASSES_H
#define LLSA_COMPILER_CONVERSION_TILETONVVM_PASSES_H

#include "dialects/tile/TileOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace llsa {

#define GEN_PASS_DECL
#include "compiler/conversion/tile-to-nvvm/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/conversion/tile-to-nvvm/Passes.h.inc"

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_TILETONVVM_PASSES_H

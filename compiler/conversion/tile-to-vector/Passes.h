//===- Passes.h - tile to vector --------------------------------*- C++ -*-===//
#ifndef LLSA_COMPILER_CONVERSION_TILE_TO_VECTOR_PASSES_H
#define LLSA_COMPILER_CONVERSION_TILE_TO_VECTOR_PASSES_H

#include "mlir/Pass/Pass.h"

namespace llsa {
#define GEN_PASS_DECL
#include "compiler/conversion/tile-to-vector/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/conversion/tile-to-vector/Passes.h.inc"
} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_TILE_TO_VECTOR_PASSES_H

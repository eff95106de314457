//===- Passes.h - tile to staged tile ---------------------------*- C++ -*-===//
#ifndef LLSA_COMPILER_STAGING_PASSES_H
#define LLSA_COMPILER_STAGING_PASSES_H

#include "dialects/tile/TileOps.h"
#include "mlir/Pass/Pass.h"

namespace llsa {

#define GEN_PASS_DECL
#include "compiler/staging/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/staging/Passes.h.inc"

} // namespace llsa

#endif // LLSA_COMPILER_STAGING_PASSES_H

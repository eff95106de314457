//===- RegisterPasses.cpp ---------------------------------------*- C++ -*-===//
#include "compiler/pipelines/RegisterPasses.h"

#include "compiler/conversion/llsa-to-tile/Passes.h"
#include "compiler/conversion/tile-to-nvvm/Passes.h"
#include "compiler/conversion/tile-to-vector/Passes.h"
#include "compiler/pipelines/Pipelines.h"
#include "compiler/staging/Passes.h"
#include "compiler/target/passes/Passes.h"
#include "compiler/transforms/Passes.h"

namespace llsa {

void registerOwnPasses() {
  registerLLSATransformsPasses();
  registerLLSAToTilePasses();
  registerTileToVectorPasses();
  registerLLSATargetPasses();
  registerLLSAStagingPasses();
  registerTileToNvvmPasses();
}

void registerAllPasses() {
  registerOwnPasses();
  registerUpstreamPasses();
  registerPipelines();
}

} // namespace llsa

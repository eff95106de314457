//===- Pipelines.cpp --------------------------------------------*- C++ -*-===//
#include "compiler/pipelines/Pipelines.h"

#include "compiler/conversion/llsa-to-tile/Passes.h"
#include "compiler/conversion/tile-to-vector/Passes.h"
#include "compiler/pipelines/HostLowering.h"
#include "compiler/transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace llsa {

void buildBindPipeline(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createBindShapes({options.spec}));
  // Equal selections are one from here on, so that whoever reads the bound
  // variant numbers them as expose-indices does.
  pm.addPass(createCSEPass());
}

void buildLLSAPipeline(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createDecompose());
  // Before cse: a selection that two attends use is returned once.
  pm.addPass(createCSEPass());
  if (options.indices)
    pm.addPass(createExposeIndices());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createFuse());
  AssignScheduleOptions schedule;
  schedule.target = options.target;
  pm.addPass(createAssignSchedule(schedule));
  pm.addPass(createVerifyKernelContract());
}

void buildTilePipeline(OpPassManager &pm, const PipelineOptions &options) {
  pm.addPass(createConvertLLSAToTile());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void buildVectorPipeline(OpPassManager &pm, const PipelineOptions &options) {
  ConvertTileToVectorOptions vector;
  vector.vectorBytes = options.vectorBytes;
  vector.vectorRegisters = options.vectorRegisters;
  pm.addPass(createConvertTileToVector(vector));
  pm.addPass(createExpandMath());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createLoopInvariantCodeMotionPass());
}

void buildLLVMPipeline(OpPassManager &pm, const PipelineOptions &) {
  addHostEntry(pm);
  addMathExpansion(pm);
  addControlFlow(pm);
  addConversionToLLVM(pm);
}

} // namespace llsa

//===- Pipelines.cpp --------------------------------------------*- C++ -*-===//
#include "compiler/pipelines/Pipelines.h"

#include "compiler/conversion/llsa-to-tile/Passes.h"
#include "compiler/conversion/tile-to-nvvm/Passes.h"
#include "compiler/conversion/tile-to-vector/Passes.h"
#include "compiler/pipelines/HostLowering.h"
#include "compiler/staging/Passes.h"
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
  if (options.indices && options.pass != "backward")
    pm.addPass(createExposeIndices());
  if (options.pass != "forward") {
    DifferentiateOptions differentiate;
    differentiate.produce = options.pass == "backward" ? "backward" : "forward";
    differentiate.lseGradient = options.lseGradient;
    pm.addPass(createDifferentiate(differentiate));
    // One transposed index for all sources that share a selection.
    pm.addPass(createCSEPass());
  }
  pm.addPass(createCanonicalizerPass());
  FuseOptions fuse;
  if (options.gpu)
    fuse.maxPoolTokens = 512;
  pm.addPass(createFuse(fuse));
  AssignScheduleOptions schedule;
  schedule.target = options.target;
  pm.addPass(createAssignSchedule(schedule));
  pm.addPass(createVerifyKernelContract());
}

void buildTilePipeline(OpPassManager &pm, const PipelineOptions &options) {
  ConvertLLSAToTileOptions convert;
  convert.widenDots = !options.gpu;
  convert.lazyRescale = options.gpu;
  convert.streams = options.gpu;
  pm.addPass(createConvertLLSAToTile(convert));
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

void buildStagedPipeline(OpPassManager &pm, const PipelineOptions &options) {
  OpPassManager &kernels = pm.nest<tile::KernelOp>();
  if (options.tf32)
    kernels.addPass(createUseTf32({/*sums=*/options.pass != "keep"}));
  kernels.addPass(createPersist());
  StageStreamsOptions streams;
  streams.bulk = options.bulkCopies;
  kernels.addPass(createStageStreams(streams));
  kernels.addPass(createLowerGather());
  kernels.addPass(createPipelineLoads());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  AllocateSharedOptions shared;
  if (options.maxSharedBytes > 0)
    shared.limit = options.maxSharedBytes;
  kernels.addPass(createAllocateShared(shared));
  kernels.addPass(createAssignLayouts());
}

void buildNVVMPipeline(OpPassManager &pm, const PipelineOptions &options) {
  ConvertTileToNVVMOptions convert;
  convert.dependentLaunch = options.dependentLaunch;
  pm.addPass(createConvertTileToNVVM(convert));
  pm.addPass(createExpandMath()); // what float32 kernels left of it
  // From the end to the start: with the many equal constants that kernels have,
  // the other way takes eight times as long.
  pm.addPass(createCanonicalizerPass(
      GreedyRewriteConfig().setUseTopDownTraversal(false)));
  pm.addPass(createCSEPass());
  pm.addPass(createLoopInvariantCodeMotionPass());
}

void buildLLVMPipeline(OpPassManager &pm, const PipelineOptions &options) {
  if (options.gpu) {
    addMathExpansion(pm, /*gpu=*/true);
    addLaneConversionToLLVM(pm);
    addGpuEntry(pm);
    return;
  }
  addHostEntry(pm);
  addMathExpansion(pm, /*gpu=*/false);
  addControlFlow(pm);
  addConversionToLLVM(pm);
}

} // namespace llsa

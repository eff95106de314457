//===- RegisterPipelines.cpp ------------------------------------*- C++ -*-===//
#include "compiler/pipelines/Pipelines.h"

#include "compiler/schedule/TargetInfo.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace llsa {

namespace {

/// PipelineOptions as a command line writes them.
struct TextOptions : PassPipelineOptions<TextOptions> {
  Option<std::string> spec{
      *this, "spec",
      llvm::cl::desc("kernel spec, e.g. {B=1,H=8,N=65536,D=64,dtype=bf16}")};
  Option<bool> indices{*this, "indices",
                       llvm::cl::desc("return the selected indices too"),
                       llvm::cl::init(false)};
  Option<std::string> pass{*this, "pass",
                           llvm::cl::desc("forward, keep or backward"),
                           llvm::cl::init("forward")};
  Option<std::string> target{*this, "target", llvm::cl::desc("exact target"),
                             llvm::cl::init("cpu")};
  Option<int64_t> vectorBytes{*this, "vector-bytes",
                              llvm::cl::desc("bytes of a vector register"),
                              llvm::cl::init(32)};
  Option<int64_t> vectorRegisters{*this, "vector-registers",
                                  llvm::cl::desc("number of vector registers"),
                                  llvm::cl::init(16)};

  Option<bool> tf32{
      *this, "tf32",
      llvm::cl::desc("GPU: round factors of float32 products to tf32"),
      llvm::cl::init(false)};

  Option<bool> dependentLaunch{
      *this, "dependent-launch",
      llvm::cl::desc("GPU: kernels wait for each other by griddepcontrol"),
      llvm::cl::init(false)};

  PipelineOptions get() const {
    PipelineOptions options;
    options.dependentLaunch = dependentLaunch;
    options.spec = spec;
    options.indices = indices;
    options.pass = pass;
    options.tf32 = tf32;
    options.target = target;
    // An unknown target has a diagnostic from llsa-assign-schedule.
    if (llvm::Expected<TargetInfo> info = parseTargetInfo(options.target)) {
      options.gpu = info->isGpu;
      options.bulkCopies = info->bulkCopies;
    } else {
      llvm::consumeError(info.takeError());
    }
    options.vectorBytes = vectorBytes;
    options.vectorRegisters = vectorRegisters;
    return options;
  }
};

using BuildFunction = void (*)(OpPassManager &, const PipelineOptions &);

void registerPipeline(StringRef name, StringRef description,
                      std::vector<BuildFunction> stages) {
  PassPipelineRegistration<TextOptions>(
      name, description,
      [stages](OpPassManager &pm, const TextOptions &options) {
        for (BuildFunction build : stages)
          build(pm, options.get());
      });
}

} // namespace

void registerPipelines() {
  registerPipeline("bind-pipeline", "variant -> bind stage",
                   {buildBindPipeline});
  registerPipeline("llsa-pipeline", "bind stage -> llsa stage",
                   {buildLLSAPipeline});
  registerPipeline("tile-pipeline", "llsa stage -> tile stage",
                   {buildTilePipeline});
  registerPipeline("vector-pipeline", "tile stage -> vector stage (CPU)",
                   {buildVectorPipeline});
  registerPipeline("staged-pipeline", "tile stage -> staged stage (GPU)",
                   {buildStagedPipeline});
  registerPipeline("nvvm-pipeline", "staged stage -> nvvm stage (GPU)",
                   {buildNVVMPipeline});
  registerPipeline("llvm-pipeline", "vector or nvvm stage -> llvm stage",
                   {buildLLVMPipeline});
  registerPipeline("llsa-to-tile-pipeline", "variant -> tile stage",
                   {buildBindPipeline, buildLLSAPipeline, buildTilePipeline});
  registerPipeline("llsa-to-llvm-pipeline", "variant -> llvm stage (CPU)",
                   {buildBindPipeline, buildLLSAPipeline, buildTilePipeline,
                    buildVectorPipeline, buildLLVMPipeline});
  registerPipeline("llsa-to-nvvm-pipeline", "variant -> nvvm stage (GPU)",
                   {buildBindPipeline, buildLLSAPipeline, buildTilePipeline,
                    buildStagedPipeline, buildNVVMPipeline});
}

} // namespace llsa

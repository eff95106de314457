//===- Pipelines.h - the passes of each stage -------------------*- C++ -*-===//
//
// One build function per stage of compiler/driver/Stage.h. The driver, and
// through it every tool, calls these and nothing else; llsa-opt has the same
// functions as `--bind-pipeline`, `--llsa-pipeline` and so on.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_PIPELINES_PIPELINES_H
#define LLSA_COMPILER_PIPELINES_PIPELINES_H

#include <cstdint>
#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace llsa {

/// What the passes of all stages need to know.
struct PipelineOptions {
  std::string spec;             ///< KernelSpec's text
  bool indices = false;         ///< return the selected indices too
  std::string pass = "forward"; ///< forward, keep or backward
  bool lseGradient = false;     ///< the result named lse has a gradient
  std::string target = "cpu";   ///< exact target, for the choice of schedules
  bool tf32 = false;       ///< GPU: factors of float32 products may be rounded
  bool gpu = false;        ///< the target is a GPU
  bool bulkCopies = false; ///< GPU: has a copy engine and wgmma (sm_90a)
  bool dependentLaunch = false; ///< GPU: kernels overlap (griddepcontrol);
                                ///< slower so far, see docs/performance.md
  int64_t maxSharedBytes = 0;   ///< GPU: shared memory that a CTA may have
  int64_t vectorBytes = 32;     ///< CPU: bytes of a vector register
  int64_t vectorRegisters = 16; ///< CPU: how many there are
};

/// Variant -> bind: every size and element type closed, the hierarchy too.
void buildBindPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// bind -> llsa: only pool, select, attend and their like, grouped into
/// launches with schedules; the kernel contract holds.
void buildLLSAPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// llsa -> tile: one tile.kernel per launch, and the host's list of launches.
void buildTilePipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// tile -> vector: one function per kernel, in vector, scf and memref.
void buildVectorPipeline(mlir::OpPassManager &pm,
                         const PipelineOptions &options);

/// tile -> staged (GPU): right operands of dots in shared memory, copied there
/// ahead of time.
void buildStagedPipeline(mlir::OpPassManager &pm,
                         const PipelineOptions &options);

/// staged -> nvvm (GPU): one function per kernel, what a lane does.
void buildNVVMPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// vector or nvvm -> llvm: the LLVM dialect, on the CPU with the entries that
/// the runtime calls.
void buildLLVMPipeline(mlir::OpPassManager &pm, const PipelineOptions &options);

/// Registers the above under their stages' names (`bind-pipeline`, ...), and
/// `llsa-to-tile-pipeline` and `llsa-to-llvm-pipeline`, from a variant all the
/// way.
void registerPipelines();

} // namespace llsa

#endif // LLSA_COMPILER_PIPELINES_PIPELINES_H

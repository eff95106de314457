//===- HostLowering.h - the parts of the way to the LLVM dialect -*- C++
//-*-===//
//
// Apart from Pipelines.cpp because upstream's pass headers are slow to compile.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_PIPELINES_HOSTLOWERING_H
#define LLSA_COMPILER_PIPELINES_HOSTLOWERING_H

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace llsa {

/// Entry functions as the runtime calls them; kernels take plain pointers.
void addHostEntry(mlir::OpPassManager &pm);

/// Kernels that a GPU's driver can launch, once all is LLVM dialect.
void addGpuEntry(mlir::OpPassManager &pm);

/// math and arith ops without an instruction become those with one, or, but on
/// a GPU, calls of libm.
void addMathExpansion(mlir::OpPassManager &pm, bool gpu);

/// scf loops become branches; vectors of higher rank and strided views, what
/// the LLVM dialect can say.
void addControlFlow(mlir::OpPassManager &pm);

/// Everything becomes the LLVM dialect.
void addConversionToLLVM(mlir::OpPassManager &pm);

/// The same for a lane's code on a GPU: scalars, branches and what is LLVM or
/// NVVM already. One conversion for all of it, and no cleaning up: LLVM's
/// optimiser comes next and does that faster.
void addLaneConversionToLLVM(mlir::OpPassManager &pm);

} // namespace llsa

#endif // LLSA_COMPILER_PIPELINES_HOSTLOWERING_H

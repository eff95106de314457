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

/// math and arith ops without an instruction become those with one.
void addMathExpansion(mlir::OpPassManager &pm);

/// scf loops become branches; vectors of higher rank and strided views, what
/// the LLVM dialect can say.
void addControlFlow(mlir::OpPassManager &pm);

/// Everything becomes the LLVM dialect.
void addConversionToLLVM(mlir::OpPassManager &pm);

} // namespace llsa

#endif // LLSA_COMPILER_PIPELINES_HOSTLOWERING_H

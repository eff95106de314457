//===- RegisterPasses.h - what tools can name on a command line -*- C++ -*-===//
#ifndef LLSA_COMPILER_PIPELINES_REGISTERPASSES_H
#define LLSA_COMPILER_PIPELINES_REGISTERPASSES_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace llsa {

/// What convert-to-llvm, a pass of our pipelines, asks dialects for: how their
/// ops become the LLVM dialect.
void registerConversionsToLLVM(mlir::DialectRegistry &registry);

/// All our passes, those upstream passes that our pipelines use, and the
/// pipelines themselves.
void registerAllPasses();

/// The parts of registerAllPasses, one file each: headers are slow to compile.
void registerOwnPasses();
void registerUpstreamPasses();

} // namespace llsa

#endif // LLSA_COMPILER_PIPELINES_REGISTERPASSES_H

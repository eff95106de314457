//===- Compilation.h - one way through the stages ---------------*- C++ -*-===//
#ifndef LLSA_COMPILER_DRIVER_COMPILATION_H
#define LLSA_COMPILER_DRIVER_COMPILATION_H

#include "compiler/driver/Compiler.h"
#include "compiler/driver/DiagnosticText.h"
#include "compiler/driver/KernelModules.h"
#include "compiler/target/gpu/PtxCodeGen.h"
#include "compiler/target/host/HostCodeGen.h"
#include "compiler/target/plan/StepLanes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace llvm {
class LLVMContext;
class Module;
class StdThreadPool;
} // namespace llvm

namespace llsa {

/// The state of one call of Compiler::compileTo: a context of its own, the
/// module (MLIR's, later LLVM's), and the program that grows with the stages.
class Compilation {
public:
  Compilation(llvm::StringRef name, const CompileOptions &options, Stage last);
  ~Compilation();

  llvm::Expected<CompileResult> run(llvm::StringRef source,
                                    const KernelSpec &spec);

private:
  /// What becomes of a GPU's kernel behind MLIR. Each has a context and a code
  /// generator of its own, which LLVM wants of threads.
  struct GpuCode {
    std::unique_ptr<PtxCodeGen> generator;
    std::unique_ptr<llvm::LLVMContext> context;
    std::unique_ptr<llvm::Module> module;
  };

  /// Parses the source and reads or writes its header.
  llvm::Error start(llvm::StringRef source, const KernelSpec &spec);
  llvm::Error startFromLLVMIR(llvm::StringRef source);
  llvm::Error startFromGpuLLVMIR(llvm::StringRef source);
  llvm::Error takePlan(llvm::StringRef plan);
  llvm::Error checkSpec(const KernelSpec &given) const;

  llvm::Error runStage(Stage stage);
  /// A stage's passes, over the module or over each kernel's.
  llvm::Error runPasses(Stage stage);
  /// From here on there is a module for each kernel of a GPU.
  void splitModule();
  /// The stages behind MLIR's.
  llvm::Error runCodeGen(Stage stage);
  /// Fills in `target`, or `gpuTarget` and `isGpu`.
  llvm::Error resolveTarget();
  llvm::Error createCodeGen();
  llvm::Error createCodeGen(GpuCode &code) const;
  /// Does the work of kernel 0, 1, ... at the same time. The error is that of
  /// the first one that has one, whichever comes first.
  llvm::Error forEachKernel(size_t count,
                            llvm::function_ref<llvm::Error(size_t)> work);
  llvm::Error makeKernelsLLVMIR();
  /// One text of all kernels' PTX.
  llvm::Expected<std::string> emitPtx();
  /// What the nvvm stage's functions say about their launches.
  void readKernels();
  /// How steps get lanes; nothing: they are all in one.
  std::optional<LaneOptions> laneOptions() const;
  /// What the stage's module says for the program.
  llvm::Error readStage(Stage stage);
  llvm::Error finishProgram();

  /// The stage as text.
  llvm::Expected<std::string> print(Stage stage);
  std::string printGpuLLVMIR() const;

  /// "NAME: error: MESSAGE", for what has no place in the source.
  llvm::Error fail(const llvm::Twine &message) const;
  llvm::Error fail(llvm::Error error) const;

  std::string name;
  const CompileOptions &options;
  Stage last;
  bool isGpu = false;
  HostTarget target;   ///< of a CPU
  GpuTarget gpuTarget; ///< of a GPU

  std::unique_ptr<llvm::StdThreadPool> threads; ///< of the context
  mlir::MLIRContext context;
  DiagnosticText diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  KernelModules kernels; ///< of a GPU, instead of `module`
  std::unique_ptr<HostCodeGen> codeGen;
  std::unique_ptr<llvm::LLVMContext> llvmContext;
  std::unique_ptr<llvm::Module> llvmModule;
  std::vector<GpuCode> gpuCode; ///< instead of `llvmModule`

  std::string launches; ///< explanation of the llsa stage
  bool hasPlan = false; ///< program holds buffers, kernels and steps
  CompileResult result;
};

} // namespace llsa

#endif // LLSA_COMPILER_DRIVER_COMPILATION_H

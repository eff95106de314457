//===- Compiler.h - a variant and a spec in, a Program out ------*- C++ -*-===//
//
// The compiler as plain C++: no MLIR header is needed to use it. The JIT, all
// tools and the tests call this and nothing else.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_DRIVER_COMPILER_H
#define LLSA_COMPILER_DRIVER_COMPILER_H

#include "compiler/driver/Stage.h"
#include "runtime/program/KernelSpec.h"
#include "runtime/program/Program.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace llsa {

/// Whether steps of a GPU's program may run beside others.
enum class SideLane {
  WhereFaster, ///< when an estimate says that it pays (StepLanes.h)
  Always,      ///< whenever something can, however little it gains: for tests
  Never        ///< all in one lane
};

struct CompileOptions {
  /// "cpu" (this machine), "cpu:MARCH", or a GPU: "sm_90a" and others.
  std::string target = "cpu";
  /// When set, every stage is written here as NN-stage.mlir and so on.
  std::string dumpDir;
  /// When set and a pass fails, the reproducer is written here.
  std::string reproducerPath;
  /// When set, the source is text of this stage, as compileTo printed it, and
  /// compilation goes on behind it. Its spec and variant come with the text;
  /// a spec given beside it (one with N > 0) must be the same, and so must
  /// the target from the tile stage on, but for what one CPU has and another
  /// has not.
  std::optional<Stage> startFrom;
  /// For a GPU: how many kernels are compiled at the same time; 0: as many as
  /// there are CPUs. The result does not depend on it.
  unsigned threads = 0;
  /// Text of MLIR's stages says of each op where in the source it comes from.
  bool locations = false;
  /// For a GPU: what is done with steps that can run side by side. Results do
  /// not depend on it.
  SideLane sideLane = SideLane::WhereFaster;
};

/// How long one stage took.
struct StageTime {
  Stage stage;
  double milliseconds;
};

struct CompileResult {
  Program program;  ///< complete unless the compilation was stopped
  std::string text; ///< the stage's text when it was stopped
  std::vector<StageTime> times;
};

/// Resolves "cpu" to the exact target of this machine ("cpu:znver3:+avx2,…"),
/// as it stands in cache keys. An error lists the targets that exist.
llvm::Expected<std::string> resolveTarget(llvm::StringRef target);

/// Identifies this build of the compiler in cache keys.
llvm::StringRef buildId();

/// Compiles variants. Thread-safe: each call has a context of its own.
class Compiler {
public:
  /// Compiles `source` (MLIR text; `name` stands in messages) for `spec`.
  /// The error's text holds every diagnostic, one per line, with locations.
  llvm::Expected<CompileResult> compile(llvm::StringRef source,
                                        llvm::StringRef name,
                                        const KernelSpec &spec,
                                        const CompileOptions &options) const;

  /// Like compile, but ends after `stage` with its text in `result.text`.
  llvm::Expected<CompileResult> compileTo(Stage stage, llvm::StringRef source,
                                          llvm::StringRef name,
                                          const KernelSpec &spec,
                                          const CompileOptions &options) const;
};

} // namespace llsa

#endif // LLSA_COMPILER_DRIVER_COMPILER_H

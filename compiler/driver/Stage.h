//===- Stage.h - the names of the compiler's stages -------------*- C++ -*-===//
//
// The one list of stages: the values of `llsac --stop-after=`, the names of
// dumped files, the chapters of docs/architecture.md.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_DRIVER_STAGE_H
#define LLSA_COMPILER_DRIVER_STAGE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace llsa {

/// In the order in which a variant passes through them.
enum class Stage {
  Bind,    ///< the variant with every size a number
  LLSA,    ///< pool, select, attend; grouped into launches with schedules
  Tile,    ///< one tile.kernel per launch and the host's list of launches
  Vector,  ///< CPU: vector, scf and memref dialects
  Staged,  ///< GPU: operands staged in shared memory
  NVVM,    ///< GPU: what a lane does: arith, math, scf, llvm and nvvm
  LLVM,    ///< LLVM dialect
  LLVMIR,  ///< LLVM IR after optimisation
  Asm,     ///< CPU: assembly text
  PTX,     ///< GPU: PTX text
  Program, ///< the launch plan as JSON
  Cubin,   ///< GPU: machine code, which the runtime's assembler makes of PTX
  SASS,    ///< GPU: machine code as text
};

/// "bind", "llsa", "tile", "vector", "staged", "nvvm", "llvm", "llvmir", "asm",
/// "ptx", "program", "cubin", "sass".
llvm::StringRef stageName(Stage stage);
/// What a reader finds at that stage, in one line.
llvm::StringRef stageDescription(Stage stage);
/// Whether the way to a GPU (or a CPU) leads through the stage.
bool isOnTheWay(Stage stage, bool gpu);
/// All stages in order.
llvm::ArrayRef<Stage> allStages();
std::optional<Stage> parseStage(llvm::StringRef name);

} // namespace llsa

#endif // LLSA_COMPILER_DRIVER_STAGE_H

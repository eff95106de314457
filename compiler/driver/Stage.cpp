//===- Stage.cpp ------------------------------------------------*- C++ -*-===//
#include "compiler/driver/Stage.h"

#include "llvm/Support/ErrorHandling.h"

using namespace llvm;

namespace llsa {

StringRef stageName(Stage stage) {
  switch (stage) {
  case Stage::Bind:
    return "bind";
  case Stage::LLSA:
    return "llsa";
  case Stage::Tile:
    return "tile";
  case Stage::Vector:
    return "vector";
  case Stage::LLVM:
    return "llvm";
  case Stage::LLVMIR:
    return "llvmir";
  case Stage::Asm:
    return "asm";
  case Stage::Program:
    return "program";
  }
  llvm_unreachable("all stages are listed");
}

StringRef stageDescription(Stage stage) {
  switch (stage) {
  case Stage::Bind:
    return "the variant with every size a number";
  case Stage::LLSA:
    return "pool, select, attend; grouped into launches with schedules";
  case Stage::Tile:
    return "one tile.kernel per launch and the host's list of launches";
  case Stage::Vector:
    return "vector, scf and memref dialects (CPU)";
  case Stage::LLVM:
    return "LLVM dialect";
  case Stage::LLVMIR:
    return "LLVM IR after optimisation";
  case Stage::Asm:
    return "assembly text of the target";
  case Stage::Program:
    return "the launch plan as JSON";
  }
  llvm_unreachable("all stages are listed");
}

ArrayRef<Stage> allStages() {
  static constexpr Stage kStages[] = {
      Stage::Bind, Stage::LLSA,   Stage::Tile, Stage::Vector,
      Stage::LLVM, Stage::LLVMIR, Stage::Asm,  Stage::Program};
  return kStages;
}

std::optional<Stage> parseStage(StringRef name) {
  for (Stage stage : allStages())
    if (stageName(stage) == name)
      return stage;
  return std::nullopt;
}

} // namespace llsa

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
  case Stage::Staged:
    return "staged";
  case Stage::NVVM:
    return "nvvm";
  case Stage::LLVM:
    return "llvm";
  case Stage::LLVMIR:
    return "llvmir";
  case Stage::Asm:
    return "asm";
  case Stage::PTX:
    return "ptx";
  case Stage::Program:
    return "program";
  case Stage::Cubin:
    return "cubin";
  case Stage::SASS:
    return "sass";
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
  case Stage::Staged:
    return "right operands of dots staged in shared memory (GPU)";
  case Stage::NVVM:
    return "what a lane does: arith, math, scf, llvm and nvvm (GPU)";
  case Stage::LLVM:
    return "LLVM dialect";
  case Stage::LLVMIR:
    return "LLVM IR after optimisation";
  case Stage::Asm:
    return "assembly text (CPU)";
  case Stage::PTX:
    return "PTX text (GPU)";
  case Stage::Program:
    return "the launch plan as JSON";
  case Stage::Cubin:
    return "machine code, where an assembler is found (GPU)";
  case Stage::SASS:
    return "machine code as text, where a disassembler is found (GPU)";
  }
  llvm_unreachable("all stages are listed");
}

ArrayRef<Stage> allStages() {
  static constexpr Stage kStages[] = {
      Stage::Bind,    Stage::LLSA,  Stage::Tile,   Stage::Vector, Stage::Staged,
      Stage::NVVM,    Stage::LLVM,  Stage::LLVMIR, Stage::Asm,    Stage::PTX,
      Stage::Program, Stage::Cubin, Stage::SASS};
  return kStages;
}

bool isOnTheWay(Stage stage, bool gpu) {
  switch (stage) {
  case Stage::Vector:
  case Stage::Asm:
    return !gpu;
  case Stage::Staged:
  case Stage::NVVM:
  case Stage::PTX:
  case Stage::Cubin:
  case Stage::SASS:
    return gpu;
  default:
    return true;
  }
}

std::optional<Stage> parseStage(StringRef name) {
  for (Stage stage : allStages())
    if (stageName(stage) == name)
      return stage;
  return std::nullopt;
}

} // namespace llsa

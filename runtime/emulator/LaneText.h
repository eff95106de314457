//===- LaneText.h - lanes as text -------------------------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_LANETEXT_H
#define LLSA_RUNTIME_EMULATOR_LANETEXT_H

#include "runtime/emulator/Instruction.h"
#include <string>

namespace llsa::ptx {

/// "lane 3", "lanes 0-15,17".
std::string lanesText(LaneMask lanes);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_LANETEXT_H

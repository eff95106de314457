//===- WrittenArguments.h - what a kernel writes ----------------*- C++ -*-===//
#ifndef LLSA_COMPILER_TARGET_PLAN_WRITTENARGUMENTS_H
#define LLSA_COMPILER_TARGET_PLAN_WRITTENARGUMENTS_H

#include "dialects/tile/TileOps.h"
#include <cstdint>
#include <vector>

namespace llsa {

/// The positions of the arguments that `kernel` writes, ascending: what its ops
/// say of their effects (MemoryEffectOpInterface), whatever they are. An op
/// that says nothing, and is no container of ops that do, writes all that it is
/// given; memory of which it cannot be told whose it is may be any argument's.
std::vector<int64_t> writtenArguments(tile::KernelOp kernel);

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_PLAN_WRITTENARGUMENTS_H

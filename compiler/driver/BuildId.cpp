//===- BuildId.cpp ----------------------------------------------*- C++ -*-===//
#include "compiler/driver/Compiler.h"

namespace llsa {

// Made by BuildId.cmake whenever a source of the compiler changes.
static constexpr char kBuildId[] =
#include "compiler/driver/BuildId.inc"
    ;

llvm::StringRef buildId() { return kBuildId; }

} // namespace llsa

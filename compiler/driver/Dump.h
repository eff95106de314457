//===- Dump.h - stages as files ---------------------------------*- C++ -*-===//
#ifndef LLSA_COMPILER_DRIVER_DUMP_H
#define LLSA_COMPILER_DRIVER_DUMP_H

#include "compiler/driver/Stage.h"
#include "llvm/Support/Error.h"

namespace llsa {

/// "01-bind.mlir", ..., "06-llvmir.ll", "07-asm.s", "08-program.json".
std::string dumpFileName(Stage stage);

/// Writes one stage's text into `folder`, which is made when it is missing. A
/// file is written whole or not at all.
llvm::Error dumpStage(llvm::StringRef folder, Stage stage,
                      llvm::StringRef text);

} // namespace llsa

#endif // LLSA_COMPILER_DRIVER_DUMP_H

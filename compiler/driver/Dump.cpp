//===- Dump.cpp -------------------------------------------------*- C++ -*-===//
#include "compiler/driver/Dump.h"

#include "compiler/driver/WriteText.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa {

std::string dumpFileName(Stage stage) {
  const char *ending = "mlir";
  if (stage == Stage::LLVMIR)
    ending = "ll";
  if (stage == Stage::Asm)
    ending = "s";
  if (stage == Stage::Program)
    ending = "json";
  return fmt::format("{:02}-{}.{}", int(stage) + 1, stageName(stage).str(),
                     ending);
}

Error dumpStage(StringRef folder, Stage stage, StringRef text) {
  if (std::error_code error = sys::fs::create_directories(folder))
    return createStringError(error,
                             fmt::format("cannot make the dump folder '{}': {}",
                                         folder.str(), error.message()));
  SmallString<128> path(folder);
  sys::path::append(path, dumpFileName(stage));
  return writeText(path, text);
}

} // namespace llsa

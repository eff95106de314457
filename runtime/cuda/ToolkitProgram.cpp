//===- ToolkitProgram.cpp - programs of the CUDA toolkit ------------------===//
#include "runtime/cuda/ToolkitProgram.h"

#include "runtime/support/Env.h"
#include "runtime/support/Files.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include <fmt/format.h>
#include <optional>

using namespace llvm;

namespace llsa::rt {

Expected<std::string> findToolkitProgram(StringRef name, StringRef setting) {
  if (!setting.empty()) {
    if (sys::fs::can_execute(setting))
      return setting.str();
    return createStringError(fmt::format("'{}' is no program", setting.str()));
  }
  ErrorOr<std::string> found = sys::findProgramByName(name);
  std::string home = env::cudaHome();
  if (!found && !home.empty())
    found = sys::findProgramByName(name, {home + "/bin"});
  if (found)
    return *found;
  return createStringError(
      fmt::format("there is no {} on PATH{}", name.str(),
                  home.empty() ? "" : " or in " + home + "/bin"));
}

Expected<std::string> runProgram(ArrayRef<std::string> command) {
  Expected<TemporaryFile> output = TemporaryFile::create("log");
  if (!output)
    return output.takeError();
  std::string outputPath = output->path(), problem;
  std::optional<StringRef> redirects[] = {StringRef(), StringRef(outputPath),
                                          StringRef(outputPath)};
  SmallVector<StringRef> arguments(command.begin(), command.end());
  int code =
      sys::ExecuteAndWait(command[0], arguments, std::nullopt, redirects,
                          /*SecondsToWait=*/0, /*MemoryLimit=*/0, &problem);
  Expected<std::string> text = readFile(outputPath);
  if (!text)
    return text.takeError();
  if (code == 0)
    return text;
  if (problem.empty())
    problem = StringRef(*text).trim().str();
  return createStringError(
      fmt::format("{} ends with {}: {}", command[0], code, problem));
}

Expected<TemporaryFile> TemporaryFile::create(StringRef ending,
                                              StringRef content) {
  TemporaryFile file;
  int fd = -1;
  std::error_code error =
      sys::fs::createTemporaryFile("llsa", ending, fd, file.place);
  if (!error) {
    raw_fd_ostream os(fd, /*shouldClose=*/true);
    os << content;
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (error)
    return createStringError(error, "cannot write a temporary file: " +
                                        error.message());
  return file;
}

TemporaryFile::~TemporaryFile() {
  if (!place.empty())
    sys::fs::remove(place);
}

} // namespace llsa::rt

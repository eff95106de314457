//===- Ptxas.cpp - the assembler of the CUDA toolkit ----------------------===//
#include "runtime/cuda/Ptxas.h"

#include "runtime/cuda/ToolkitProgram.h"
#include "runtime/support/Env.h"
#include "runtime/support/Files.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

/// The release in what `ptxas --version` prints; 0.0 when there is none.
static CudaVersion parseRelease(StringRef text) {
  CudaVersion version;
  text = text.split("release ").second;
  if (text.consumeInteger(10, version.major) || !text.consume_front(".") ||
      text.consumeInteger(10, version.minor))
    return {};
  return version;
}

Expected<Ptxas> Ptxas::find() {
  auto refuse = [](const std::string &why) {
    return createStringError("ptxas: " + why);
  };
  std::string setting = env::ptxas();
  if (setting == "off")
    return refuse("switched off by LLSA_PTXAS");
  Expected<std::string> program = findToolkitProgram("ptxas", setting);
  if (!program)
    return refuse(toString(program.takeError()));
  Expected<std::string> text = runProgram({*program, "--version"});
  if (!text)
    return refuse(toString(text.takeError()));
  Ptxas ptxas;
  ptxas.program = std::move(*program);
  ptxas.release = parseRelease(*text);
  if (ptxas.release < kOldestCuda)
    return refuse(fmt::format("{} is too old: expected release {} or newer, "
                              "got {}",
                              ptxas.program, kOldestCuda.str(),
                              ptxas.release.str()));
  return ptxas;
}

Expected<AssembledCode> Ptxas::assemble(StringRef ptx, StringRef target) const {
  Expected<TemporaryFile> input = TemporaryFile::create("ptx", ptx);
  if (!input)
    return input.takeError();
  Expected<TemporaryFile> output = TemporaryFile::create("cubin");
  if (!output)
    return output.takeError();
  Expected<std::string> log =
      runProgram({program, "-v", "-arch=" + target.str(), input->path(), "-o",
                  output->path()});
  if (!log)
    return createStringError(fmt::format("ptxas {} refuses the code for {}: {}",
                                         release.str(), target.str(),
                                         toString(log.takeError())));
  Expected<std::string> cubin = readFile(output->path());
  if (!cubin)
    return cubin.takeError();
  return AssembledCode{std::move(*cubin), std::move(*log)};
}

} // namespace llsa::rt

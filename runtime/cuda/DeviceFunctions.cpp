//===- DeviceFunctions.cpp - a user's CUDA C++ in our kernels -------------===//
#include "runtime/cuda/DeviceFunctions.h"

#include "runtime/cuda/PtxFunctions.h"
#include "runtime/cuda/PtxInline.h"
#include "runtime/support/Files.h"
#include "runtime/support/Hash.h"
#include "llvm/ADT/StringExtras.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

Expected<CudaSource> readCudaSource(const std::string &path) {
  Expected<std::string> text = readFile(path, -1, kMostSourceBytes);
  if (!text)
    return text.takeError();
  return CudaSource{path, std::move(*text)};
}

/// PTX of the sources. Without one in CUDA C++ no compiler is wanted.
static Expected<std::vector<PtxText>>
compileSources(ArrayRef<CudaSource> sources, StringRef target) {
  std::optional<Nvrtc> compiler;
  std::vector<PtxText> texts;
  for (const CudaSource &source : sources) {
    if (StringRef(source.name).ends_with(".ptx")) {
      texts.push_back({source.name, source.text});
      continue;
    }
    if (!compiler) {
      Expected<Nvrtc> opened = Nvrtc::open();
      if (!opened)
        return opened.takeError();
      compiler = std::move(*opened);
    }
    Expected<std::string> ptx =
        compiler->compile(source, target, {"-rdc=true"});
    if (!ptx)
      return ptx.takeError();
    texts.push_back({source.name, std::move(*ptx)});
  }
  return texts;
}

static std::string names(ArrayRef<CudaSource> sources) {
  std::vector<std::string> all;
  for (const CudaSource &source : sources)
    all.push_back("'" + source.name + "'");
  return join(all, ", ");
}

Error linkDeviceFunctions(Program &program, ArrayRef<CudaSource> sources) {
  auto fail = [&](const std::string &message) {
    return createStringError(
        inconvertibleErrorCode(),
        fmt::format("variant '{}': {}", program.variant, message));
  };
  const std::vector<std::string> &needed = program.deviceFunctions;
  if (needed.empty() && sources.empty())
    return Error::success();
  if (needed.empty())
    return fail(fmt::format("it calls no device function, but is given {}",
                            names(sources)));
  if (sources.empty())
    return fail(fmt::format("it calls the device function{} {}: expected the "
                            "CUDA C++ source, got none",
                            needed.size() == 1 ? "" : "s", join(needed, ", ")));
  Expected<std::vector<PtxText>> texts =
      compileSources(sources, program.target);
  if (!texts)
    return texts.takeError();
  Expected<std::string> joined = joinPtx(program.code, *texts, needed);
  if (!joined)
    return fail(toString(joined.takeError()));
  program.code = inlineCalls(*joined, needed);
  program.explain += fmt::format("functions  {} from {}\n", join(needed, ", "),
                                 names(sources));
  return Error::success();
}

std::string deviceFunctionsKey(ArrayRef<CudaSource> sources) {
  if (sources.empty())
    return "";
  std::string text;
  for (const CudaSource &source : sources)
    text += fmt::format("{} {} {} {}\n", source.name.size(), source.name,
                        source.text.size(), source.text);
  return "functions " + hashHex(text);
}

} // namespace llsa::rt

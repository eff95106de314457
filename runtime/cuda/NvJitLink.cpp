//===- NvJitLink.cpp - NVIDIA's linker, opened at run time ----------------===//
#include "runtime/cuda/NvJitLink.h"

#include "runtime/support/Env.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

Expected<NvJitLink> NvJitLink::open() {
  auto refuse = [](const std::string &why) {
    return createStringError(inconvertibleErrorCode(), "nvJitLink: " + why);
  };
  std::string setting = env::nvJitLink();
  if (setting == "off")
    return refuse("switched off by LLSA_NVJITLINK");
  Expected<SharedLibrary> library = SharedLibrary::open(
      toolkitLibraries(setting, {"libnvJitLink.so.13", "libnvJitLink.so.12"}));
  if (!library)
    return refuse(toString(library.takeError()));

  NvJitLink linker;
  linker.libraryPath = library->path();
  library->load(linker.Version, "nvJitLinkVersion");
  library->load(linker.Create, "nvJitLinkCreate");
  library->load(linker.Destroy, "nvJitLinkDestroy");
  library->load(linker.AddData, "nvJitLinkAddData");
  library->load(linker.Complete, "nvJitLinkComplete");
  library->load(linker.GetLinkedCubinSize, "nvJitLinkGetLinkedCubinSize");
  library->load(linker.GetLinkedCubin, "nvJitLinkGetLinkedCubin");
  library->load(linker.GetErrorLogSize, "nvJitLinkGetErrorLogSize");
  library->load(linker.GetErrorLog, "nvJitLinkGetErrorLog");
  library->load(linker.GetInfoLogSize, "nvJitLinkGetInfoLogSize");
  library->load(linker.GetInfoLog, "nvJitLinkGetInfoLog");
  unsigned major = 0, minor = 0;
  if (library->missing().empty() && linker.Version(&major, &minor) == 0)
    linker.release = {int(major), int(minor)};
  if (linker.release < kOldestCuda)
    return refuse(fmt::format(
        "{} is too old: expected release {} or newer{}", library->path(),
        kOldestCuda.str(),
        major ? fmt::format(", got {}", linker.release.str()) : ""));
  return linker;
}

/// Reads a log by its two functions.
template <typename Handle>
static std::string readLog(Handle handle, int (*size)(Handle, size_t *),
                           int (*read)(Handle, char *)) {
  size_t bytes = 0;
  if (size(handle, &bytes) != 0 || bytes == 0)
    return "";
  std::string text(bytes + 1, '\0');
  if (read(handle, text.data()) != 0)
    return "";
  return StringRef(text.c_str()).trim().str();
}

Error NvJitLink::fail(Handle handle, StringRef target) const {
  std::string log =
      handle ? readLog<Handle>(handle, GetErrorLogSize, GetErrorLog) : "";
  return createStringError(
      inconvertibleErrorCode(),
      fmt::format("nvJitLink {} refuses the code for {}: {}", release.str(),
                  target.str(), log.empty() ? "it does not say why" : log));
}

Expected<AssembledCode> NvJitLink::link(ArrayRef<LinkInput> inputs,
                                        StringRef target) const {
  std::string arch = "-arch=" + target.str();
  std::vector<const char *> options = {arch.c_str(), "-verbose"};
  if (any_of(inputs, [](const LinkInput &input) {
        return input.kind == LinkInput::Kind::LTOIR;
      }))
    options.push_back("-lto");
  Handle handle = nullptr;
  scope_exit destroy([&] {
    if (handle)
      Destroy(&handle);
  });
  if (Create(&handle, uint32_t(options.size()), options.data()) != 0)
    return fail(handle, target);
  for (const LinkInput &input : inputs) {
    // The linker wants PTX to end in a zero that counts.
    std::string data = input.data.str();
    size_t bytes = data.size() + (input.kind == LinkInput::Kind::PTX ? 1 : 0);
    if (AddData(handle, int(input.kind), data.c_str(), bytes,
                input.name.c_str()) != 0)
      return fail(handle, target);
  }
  AssembledCode code;
  size_t bytes = 0;
  if (Complete(handle) != 0 || GetLinkedCubinSize(handle, &bytes) != 0)
    return fail(handle, target);
  code.cubin.resize(bytes);
  if (GetLinkedCubin(handle, code.cubin.data()) != 0)
    return fail(handle, target);
  code.log = readLog<Handle>(handle, GetInfoLogSize, GetInfoLog);
  return code;
}

} // namespace llsa::rt

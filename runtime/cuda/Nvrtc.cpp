//===- Nvrtc.cpp - NVIDIA's compiler for CUDA C++, at run time ------------===//
#include "runtime/cuda/Nvrtc.h"

#include "runtime/support/Env.h"
#include "llvm/ADT/ScopeExit.h"
#include <cstring>
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

Expected<Nvrtc> Nvrtc::open() {
  std::string setting = env::nvrtc();
  if (setting == "off")
    return createStringError("NVRTC: switched off by LLSA_NVRTC");
  Expected<SharedLibrary> library = SharedLibrary::open(
      toolkitLibraries(setting, {"libnvrtc.so.13", "libnvrtc.so.12"}));
  if (!library)
    return createStringError("NVRTC, which compiles CUDA C++, is not there: " +
                             toString(library.takeError()));
  Nvrtc compiler;
  library->load(compiler.Version, "nvrtcVersion");
  library->load(compiler.CreateProgram, "nvrtcCreateProgram");
  library->load(compiler.DestroyProgram, "nvrtcDestroyProgram");
  library->load(compiler.CompileProgram, "nvrtcCompileProgram");
  library->load(compiler.GetPTXSize, "nvrtcGetPTXSize");
  library->load(compiler.GetPTX, "nvrtcGetPTX");
  library->load(compiler.GetProgramLogSize, "nvrtcGetProgramLogSize");
  library->load(compiler.GetProgramLog, "nvrtcGetProgramLog");
  library->load(compiler.GetErrorString, "nvrtcGetErrorString");
  int major = 0, minor = 0;
  if (library->missing().empty() && compiler.Version(&major, &minor) == 0)
    compiler.release = {major, minor};
  if (compiler.release < kOldestCuda)
    return createStringError(fmt::format(
        "NVRTC: {} is too old: expected release {} or newer{}", library->path(),
        kOldestCuda.str(),
        major ? fmt::format(", got {}", compiler.release.str()) : ""));
  return compiler;
}

Expected<std::string> Nvrtc::compile(const CudaSource &source, StringRef target,
                                     ArrayRef<std::string> options) const {
  std::vector<std::string> all = {"-arch=" + target.str(), "-std=c++17",
                                  "-default-device"};
  all.insert(all.end(), options.begin(), options.end());
  std::vector<const char *> arguments;
  for (const std::string &option : all)
    arguments.push_back(option.c_str());

  Handle handle = nullptr;
  scope_exit destroy([&] {
    if (handle)
      DestroyProgram(&handle);
  });
  int result = CreateProgram(&handle, source.text.c_str(), source.name.c_str(),
                             0, nullptr, nullptr);
  if (result == 0)
    result = CompileProgram(handle, int(arguments.size()), arguments.data());
  std::string log, ptx;
  size_t bytes = 0;
  if (handle && GetProgramLogSize(handle, &bytes) == 0 && bytes > 1) {
    log.resize(bytes);
    GetProgramLog(handle, log.data());
    log = StringRef(log.c_str()).trim().str();
  }
  if (result != 0)
    return createStringError(fmt::format(
        "'{}' does not compile for {}: {}", source.name, target.str(),
        log.empty() ? GetErrorString(result) : "NVRTC says:\n" + log));
  result = GetPTXSize(handle, &bytes);
  ptx.resize(bytes);
  if (result == 0)
    result = GetPTX(handle, ptx.data());
  if (result != 0)
    return createStringError(fmt::format("'{}': NVRTC gives no PTX: {}",
                                         source.name, GetErrorString(result)));
  ptx.resize(std::strlen(ptx.c_str())); // its end is a zero
  return ptx;
}

} // namespace llsa::rt

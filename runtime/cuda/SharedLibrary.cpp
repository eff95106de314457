//===- SharedLibrary.cpp - NVIDIA's libraries, opened at run time ---------===//
#include "runtime/cuda/SharedLibrary.h"

#include "runtime/support/Env.h"
#include <dlfcn.h>
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

Expected<SharedLibrary> SharedLibrary::open(ArrayRef<std::string> candidates) {
  std::string reasons;
  for (const std::string &path : candidates) {
    if (void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL))
      return SharedLibrary(handle, path);
    reasons += (reasons.empty() ? "" : "; ") + std::string(dlerror());
  }
  return createStringError(inconvertibleErrorCode(), reasons);
}

void *SharedLibrary::lookUp(const char *name) const {
  return dlsym(handle, name);
}

void *SharedLibrary::find(const char *name) {
  void *address = lookUp(name);
  if (!address && firstMissing.empty())
    firstMissing = name;
  return address;
}

std::vector<std::string> toolkitLibraries(const std::string &setting,
                                          ArrayRef<const char *> names) {
  if (setting == "off")
    return {};
  if (!setting.empty())
    return {setting};
  std::vector<std::string> candidates(names.begin(), names.end());
  std::string home = env::cudaHome();
  if (!home.empty())
    for (const char *folder : {"lib64", "lib"})
      for (const char *name : names)
        candidates.push_back(fmt::format("{}/{}/{}", home, folder, name));
  return candidates;
}

std::string CudaVersion::str() const {
  return fmt::format("{}.{}", major, minor);
}

} // namespace llsa::rt

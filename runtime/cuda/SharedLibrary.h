//===- SharedLibrary.h - NVIDIA's libraries, opened at run time -*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_SHAREDLIBRARY_H
#define LLSA_RUNTIME_CUDA_SHAREDLIBRARY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <type_traits>
#include <vector>

namespace llsa::rt {

/// A shared library with functions looked up by name. It is never closed: code
/// of it may run as long as the process does.
class SharedLibrary {
public:
  /// Opens the first of `candidates` (names or paths) that can be opened. The
  /// error tells why not, for each.
  static llvm::Expected<SharedLibrary>
  open(llvm::ArrayRef<std::string> candidates);

  /// Sets `function`; the first name that is not there is kept as missing().
  template <typename Function> void load(Function &function, const char *name) {
    function = reinterpret_cast<std::decay_t<Function>>(find(name));
  }
  /// Sets `function`, to null when it is not there, which is nothing to report.
  template <typename Function>
  void loadIfThere(Function &function, const char *name) {
    function = reinterpret_cast<std::decay_t<Function>>(lookUp(name));
  }
  /// The first function that load() did not find; empty: none.
  const std::string &missing() const { return firstMissing; }
  /// The candidate that was opened.
  const std::string &path() const { return openedPath; }

private:
  SharedLibrary(void *handle, std::string path)
      : handle(handle), openedPath(std::move(path)) {}
  void *lookUp(const char *name) const;
  void *find(const char *name);

  void *handle;
  std::string openedPath, firstMissing;
};

/// Where a library of the CUDA toolkit may be: what `setting` says alone, or
/// `names` for the dynamic linker and then in CUDA_HOME. Empty when `setting`
/// is "off".
std::vector<std::string> toolkitLibraries(const std::string &setting,
                                          llvm::ArrayRef<const char *> names);

/// A release of the CUDA toolkit, or what a driver is made for.
struct CudaVersion {
  int major = 0, minor = 0;
  std::string str() const;
  bool operator<(const CudaVersion &other) const {
    return major != other.major ? major < other.major : minor < other.minor;
  }
};

/// The first release that knows PTX 8.8, which the compiler emits, and all its
/// targets.
constexpr CudaVersion kOldestCuda{12, 9};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_SHAREDLIBRARY_H

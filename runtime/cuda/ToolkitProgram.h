//===- ToolkitProgram.h - programs of the CUDA toolkit ----------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_TOOLKITPROGRAM_H
#define LLSA_RUNTIME_CUDA_TOOLKITPROGRAM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace llsa::rt {

/// A program of the CUDA toolkit: what `setting` says, else on PATH, else in
/// CUDA_HOME/bin. The error says where it was looked for.
llvm::Expected<std::string> findToolkitProgram(llvm::StringRef name,
                                               llvm::StringRef setting = {});

/// Runs a program to its end. What it prints to either stream is the value; the
/// error holds it when the program fails.
llvm::Expected<std::string> runProgram(llvm::ArrayRef<std::string> command);

/// A new file for a program to read or write, gone with this object.
class TemporaryFile {
public:
  static llvm::Expected<TemporaryFile> create(llvm::StringRef ending,
                                              llvm::StringRef content = {});
  TemporaryFile(TemporaryFile &&other) { place.swap(other.place); }
  TemporaryFile &operator=(TemporaryFile &&) = delete;
  ~TemporaryFile();
  std::string path() const { return place.str().str(); }

private:
  TemporaryFile() = default;
  llvm::SmallString<128> place;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_TOOLKITPROGRAM_H

//===- Files.cpp - read and write whole files -----------------------------===//
#include "tools/io/Files.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llsa::tools;

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
llsa::tools::readFile(llvm::StringRef path, llvm::StringRef what) {
  llvm::sys::fs::file_status status;
  if (std::error_code code = llvm::sys::fs::status(path, status))
    return makeError("cannot read {} '{}': {}", what.str(), path.str(),
                     code.message());
  // Pipes and devices could block or never end.
  if (!llvm::sys::fs::is_regular_file(status))
    return makeError("cannot read {} '{}': it is {}, not a file", what.str(),
                     path.str(),
                     llvm::sys::fs::is_directory(status) ? "a directory"
                                                         : "a device or pipe");
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError("cannot read {} '{}': {}", what.str(), path.str(),
                     buffer.getError().message());
  return std::move(*buffer);
}

llvm::Error llsa::tools::writeFile(llvm::StringRef path,
                                   llvm::ArrayRef<llvm::StringRef> pieces) {
  int descriptor;
  llvm::SmallString<128> aside;
  if (std::error_code code = llvm::sys::fs::createUniqueFile(
          path + ".%%%%%%%%.tmp", descriptor, aside))
    return makeError("cannot write '{}': {}", path.str(), code.message());
  std::error_code code;
  {
    llvm::raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    for (llvm::StringRef piece : pieces)
      stream << piece;
    stream.close();
    code = stream.error();
    stream.clear_error();
  }
  if (!code)
    code = llvm::sys::fs::rename(aside, path);
  if (!code)
    return llvm::Error::success();
  llvm::sys::fs::remove(aside);
  return makeError("cannot write '{}': {}", path.str(), code.message());
}

//===- WriteText.cpp --------------------------------------------*- C++ -*-===//
#include "compiler/driver/WriteText.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace llsa {

namespace {

/// A stream that is destroyed with its error pending ends the process, so the
/// error is taken here.
std::error_code writeAll(raw_fd_ostream &os, StringRef text) {
  os << text;
  os.flush();
  std::error_code error = os.error();
  os.clear_error();
  return error;
}

Error fail(StringRef path, std::error_code error) {
  return createStringError(error,
                           "cannot write '" + path + "': " + error.message());
}

} // namespace

Error writeText(StringRef path, StringRef text) {
  if (path == "-") {
    if (std::error_code error = writeAll(outs(), text))
      return fail("the standard output", error);
    return Error::success();
  }
  // What is no file (/dev/stdout, a pipe) cannot be replaced by one.
  sys::fs::file_status status;
  if (!sys::fs::status(path, status) &&
      status.type() != sys::fs::file_type::regular_file) {
    std::error_code error;
    raw_fd_ostream os(path, error);
    if (!error)
      error = writeAll(os, text);
    return error ? fail(path, error) : Error::success();
  }

  auto file = sys::fs::TempFile::create(path + ".%%%%%%%%.tmp",
                                        sys::fs::all_read | sys::fs::all_write);
  if (!file)
    return fail(path, errorToErrorCode(file.takeError()));
  std::error_code error;
  {
    raw_fd_ostream os(file->FD, /*shouldClose=*/false);
    error = writeAll(os, text);
  }
  if (error) {
    consumeError(file->discard());
    return fail(path, error);
  }
  if (Error kept = file->keep(path))
    return fail(path, errorToErrorCode(std::move(kept)));
  return Error::success();
}

} // namespace llsa

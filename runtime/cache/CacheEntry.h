//===- CacheEntry.h - one kernel as a folder of files -----------*- C++ -*-===//
//
// An entry is a folder with
//
//     manifest       what follows, with sizes and checksums, and one of itself
//     spec.txt       the KernelSpec
//     variant.mlir   the source, for people and for verify
//     program.json   the Program without its code
//     code.bin       the code
//
// The manifest is text, one item a line:
//
//     llsa-cache 1                                the format's version
//     key <32 hex digits>
//     variant <bytes> <text> ...                  each field of the CacheKey
//     file <name> <bytes> <32 hex digits>         each file
//     end <32 hex digits>                         checksum of all lines above
//
// Whoever reads an entry believes nothing that is not checked here.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CACHE_CACHEENTRY_H
#define LLSA_RUNTIME_CACHE_CACHEENTRY_H

#include "runtime/cache/CacheKey.h"
#include "runtime/program/Program.h"
#include "llvm/Support/Error.h"

namespace llsa::rt {

/// Version of the layout above; an entry of another version is recompiled.
constexpr int kCacheFormatVersion = 1;

/// Writes the files of an entry into `folder`, which exists and is private.
llvm::Error writeEntry(const std::string &folder, const CacheKey &key,
                       llvm::StringRef source, const Program &program);

/// What a manifest says.
struct Manifest {
  CacheKey key;
  std::string hex;    ///< the key line
  uint64_t bytes = 0; ///< of all files, without the manifest
};

/// Reads and checks the manifest of the entry in the open folder `dir`.
llvm::Expected<Manifest> readManifest(int dir);

/// Reads a whole entry from the open folder `dir` and checks every file
/// against its checksum and the Program against the key `hex`, the name under
/// which the entry was found. The error says which file is wrong and how.
llvm::Expected<Program> readEntry(int dir, llvm::StringRef hex);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CACHE_CACHEENTRY_H

//===- CacheKey.h - all that decides what a kernel is -----------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CACHE_CACHEKEY_H
#define LLSA_RUNTIME_CACHE_CACHEKEY_H

#include <string>
#include <utility>
#include <vector>

namespace llsa::rt {

/// Everything that the compiler's result depends on. Two keys with one hex()
/// have the same kernel; leaving a field out here would give wrong answers.
struct CacheKey {
  std::string variant;    ///< name, as in messages
  std::string sourceHash; ///< hashHex() of the variant's text
  std::string spec;       ///< KernelSpec::str()
  std::string target;     ///< exact, from resolveTarget(): never "cpu"
  std::string options;    ///< all else that changes code, such as the assembler
  std::string build;      ///< buildId() of the compiler

  /// The fields with their names, in the order in which they are hashed.
  std::vector<std::pair<const char *, const std::string *>> fields() const;

  /// 32 hex digits over all fields: the entry's name on disk.
  std::string hex() const;
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CACHE_CACHEKEY_H

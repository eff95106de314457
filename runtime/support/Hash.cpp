//===- Hash.cpp -------------------------------------------------*- C++ -*-===//
#include "runtime/support/Hash.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace llsa::rt {

std::string hashHex(llvm::StringRef data) {
  XXH128_hash_t hash = XXH3_128bits(data.data(), data.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

} // namespace llsa::rt

//===- Hash.h - one hash for keys and checksums -----------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_SUPPORT_HASH_H
#define LLSA_RUNTIME_SUPPORT_HASH_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace llsa::rt {

/// XXH3 of 128 bits as 32 lower-case hex digits. Guards against damage and
/// chance, not against an adversary who may write to the cache.
std::string hashHex(llvm::StringRef data);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_SUPPORT_HASH_H

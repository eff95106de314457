//===- HostTarget.h - which CPU code is made for ----------------*- C++ -*-===//
#ifndef LLSA_COMPILER_TARGET_HOST_HOSTTARGET_H
#define LLSA_COMPILER_TARGET_HOST_HOSTTARGET_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace llvm {
class TargetMachine;
}

namespace llsa {

/// A CPU, exactly: two targets with the same text get the same code.
struct HostTarget {
  std::string cpu;          ///< as LLVM names it, "znver3"
  std::string features;     ///< "+avx,+avx2,...,-avx512f"
  int64_t vectorBits = 128; ///< of the widest registers

  /// Resolves "cpu" (this machine), "cpu:MARCH" (the features of that
  /// processor) or "cpu:MARCH:+feature,-feature" (exact). The error for
  /// anything else says what exists.
  static llvm::Expected<HostTarget> resolve(llvm::StringRef text);

  /// "cpu:znver3:+avx,+avx2,..."; resolve(str()) gives an equal target.
  std::string str() const { return "cpu:" + cpu + ":" + features; }

  /// A code generator for it. Objects are position-independent.
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
  createTargetMachine() const;
};

/// One line per target that exists, for `--list-targets` and errors.
std::string describeTargets();

} // namespace llsa

#endif // LLSA_COMPILER_TARGET_HOST_HOSTTARGET_H

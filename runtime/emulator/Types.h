//===- Types.h - PTX's scalar types and state spaces ------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_TYPES_H
#define LLSA_RUNTIME_EMULATOR_TYPES_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace llsa::ptx {

/// A PTX type, as it stands behind an opcode (".s32").
enum class Type : uint8_t {
  None,
  Pred,
  B8,
  B16,
  B32,
  B64,
  B128, // NOLINT: one line per family reads best
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  BF16,
  F32,
  F64,
  TF32,
  F16x2,
  BF16x2,
  F32x2,
};

/// Bytes of a value in a register or in memory; 0 for None and Pred.
unsigned bytesOf(Type type);
bool isSigned(Type type);
/// F16 to F32x2.
bool isFloat(Type type);
/// The type named `name` ("s32", without dot), or None.
Type typeNamed(llvm::StringRef name);
llvm::StringRef nameOf(Type type);

/// Where an address points to. Generic addresses name all but Param of a
/// function.
enum class Space : uint8_t { Generic, Global, Shared, Local, Param, Const };

llvm::StringRef nameOf(Space space);

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_TYPES_H

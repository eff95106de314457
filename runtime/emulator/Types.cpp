//===- Types.cpp ------------------------------------------------*- C++ -*-===//
#include "runtime/emulator/Types.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/ErrorHandling.h"

using namespace llvm;

namespace llsa::ptx {

namespace {
struct TypeInfo {
  Type type;
  StringLiteral name;
  unsigned bytes;
};
constexpr TypeInfo kTypes[] = {
    {Type::None, "", 0},       {Type::Pred, "pred", 0},
    {Type::B8, "b8", 1},       {Type::B16, "b16", 2},
    {Type::B32, "b32", 4},     {Type::B64, "b64", 8},
    {Type::B128, "b128", 16},  {Type::U8, "u8", 1},
    {Type::U16, "u16", 2},     {Type::U32, "u32", 4},
    {Type::U64, "u64", 8},     {Type::S8, "s8", 1},
    {Type::S16, "s16", 2},     {Type::S32, "s32", 4},
    {Type::S64, "s64", 8},     {Type::F16, "f16", 2},
    {Type::BF16, "bf16", 2},   {Type::F32, "f32", 4},
    {Type::F64, "f64", 8},     {Type::TF32, "tf32", 4},
    {Type::F16x2, "f16x2", 4}, {Type::BF16x2, "bf16x2", 4},
    {Type::F32x2, "f32x2", 8},
};
} // namespace

unsigned bytesOf(Type type) { return kTypes[unsigned(type)].bytes; }

StringRef nameOf(Type type) { return kTypes[unsigned(type)].name; }

bool isSigned(Type type) { return type >= Type::S8 && type <= Type::S64; }

bool isFloat(Type type) { return type >= Type::F16; }

Type typeNamed(StringRef name) {
  for (const TypeInfo &info : kTypes)
    if (info.name == name && info.type != Type::None)
      return info.type;
  return Type::None;
}

StringRef nameOf(Space space) {
  switch (space) {
  case Space::Generic:
    return "generic";
  case Space::Global:
    return "global";
  case Space::Shared:
    return "shared";
  case Space::Local:
    return "local";
  case Space::Param:
    return "param";
  case Space::Const:
    return "const";
  }
  llvm_unreachable("covered switch");
}

} // namespace llsa::ptx

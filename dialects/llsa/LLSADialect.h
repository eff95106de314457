//===- LLSADialect.h - the llsa dialect -------------------------*- C++ -*-===//
#ifndef LLSA_DIALECTS_LLSA_LLSADIALECT_H
#define LLSA_DIALECTS_LLSA_LLSADIALECT_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"

#include "dialects/llsa/LLSADialect.h.inc"

#include "dialects/llsa/LLSAEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/llsa/LLSAAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/llsa/LLSATypes.h.inc"

#endif // LLSA_DIALECTS_LLSA_LLSADIALECT_H

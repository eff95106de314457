//===- TileDialect.h - the tile dialect -------------------------*- C++ -*-===//
#ifndef LLSA_DIALECTS_TILE_TILEDIALECT_H
#define LLSA_DIALECTS_TILE_TILEDIALECT_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"

#include "dialects/tile/TileDialect.h.inc"

#include "dialects/tile/TileEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/tile/TileAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/tile/TileTypes.h.inc"

#endif // LLSA_DIALECTS_TILE_TILEDIALECT_H

//===- TileOps.h - ops of the tile dialect ----------------------*- C++ -*-===//
#ifndef LLSA_DIALECTS_TILE_TILEOPS_H
#define LLSA_DIALECTS_TILE_TILEOPS_H

#include "dialects/tile/TileDialect.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace llsa::tile {
/// A tile: rank 2, static sizes, each at least 1.
bool isTileShape(mlir::RankedTensorType type);
} // namespace llsa::tile

#define GET_OP_CLASSES
#include "dialects/tile/TileOps.h.inc"

namespace llsa::tile {
/// The copy engine can fill rows of so many bytes.
bool isBulkRow(int64_t bytes);
/// One row of f32: what a tile.shared_tile reads at once, for any op.
bool isSharedVector(mlir::RankedTensorType tile);
/// Rows that one bulk copy of a gather of `width` rows takes: a block, or where
/// they are a part of one, all of them if such parts divide it; 0 if these rows
/// cannot be copied so.
int64_t bulkRows(int64_t width, int64_t block, bool arePart);
int64_t bulkRowsOf(BlockRowsOp rows);
} // namespace llsa::tile

#endif // LLSA_DIALECTS_TILE_TILEOPS_H

//===- TileDialect.td - the tile dialect -------------------*- tablegen -*-===//
#ifndef TILE_DIALECT_TD
#define TILE_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::llsa::tile";
  let summary = "How one warp computes a kernel, tile by tile";
  let description = [{
    A `tile.kernel` is a program for **one warp** (on the CPU: one vector unit):
    it owns one work item and all values in it. A *tile* is a rank-2 tensor with
    static sizes; its rows are queries (or whatever the warp owns), its columns
    keys or depth. `tensor<Rx1xT>` is a row vector's worth of one value per row,
    `tensor<1xCxT>` one value per column. `arith` and `math` ops work on tiles
    elementwise; `scf` loops carry them.

    Memory is `memref`. There is no shared memory and no barrier here: loads
    and gathers are direct. The CPU target lowers from this form; the GPU target
    stages, pipelines and lays out tiles first. docs/rationale/tile.md says why
    the unit is the warp.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let hasConstantMaterializer = 1;
}

//===----------------------------------------------------------------------===//
// #tile.schedule
//===----------------------------------------------------------------------===//

def Tile_ScheduleAttr : AttrDef<Tile_Dialect, "Schedule"> {
  let mnemonic = "schedule";
  let summary = "The tile sizes of one kernel";
  let description = [{
    Written into the IR by `llsa-assign-schedule`, read by
    `convert-llsa-to-tile` and everything behind it.

    * `rows`: rows of a tile, what one work item owns (queries; pooled tokens).
    * `cols`: keys that one step of a source's loop takes.
    * `warps`: warps per CTA; 1 on the CPU.
    * `stages`: buffers of a load pipeline; 1 on the CPU. A pool loads as many
      tiles at once.
    * `private_cols`: keys that one step takes of a source that every warp
      gathers for itself; 0 (the default) means `cols`.
    * `ctas`: CTAs that a multiprocessor should hold at once, which limits a
      thread's registers; 0 (the default): no limit.
    * `private_stages`: buffers of the pipelines of such sources, which are there
      beside the others', so that a step takes keys from both; 0 (the default):
      `stages` buffers, in the same place when the others are done.
    * `queries`: queries that one work item of a gradient of keys or of a bias
      takes at most; 0 (the default): all.
    * `list`: places of a top-k list that one walk over the candidates fills; 0
      (the default): all.
    * `persistent`: as many CTAs as fit on the card work on one item after
      another (`tile-persist`); false (the default): a CTA for each.
    * `descending`: on a GPU the CTAs that start first take the last work items,
      so that a kernel meets first what the one before it wrote or read last and
      the L2 still holds; false (the default): from the first to the last.

    Constraints:
    * (C1) each number is at least 1, but `private_cols`, `ctas`, `private_stages`,
      `queries` and `list` may be 0.
    * (C2) `rows`, `cols` and `private_cols` are at most 1024, `warps` and `ctas`
      32, `stages` and `private_stages` 64.

    On a GPU a launch that multiplies tiles has at least 2 `rows`, and its `cols`
    and `private_cols` are multiples of 8: `convert-llsa-to-tile` checks that.

    ```mlir
    #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>
    ```
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$cols, "int64_t":$warps, "int64_t":$stages,
                        DefaultValuedParameter<"int64_t", "0">:$private_cols,
                        DefaultValuedParameter<"int64_t", "0">:$ctas,
                        DefaultValuedParameter<"int64_t", "0">:$private_stages,
                        DefaultValuedParameter<"int64_t", "0">:$queries,
                        DefaultValuedParameter<"int64_t", "0">:$list,
                        DefaultValuedParameter<"bool", "false">:$persistent,
                        DefaultValuedParameter<"bool", "false">:$descending);
  let builders = [AttrBuilder<(ins "int64_t":$rows, "int64_t":$cols, "int64_t":$warps,
                                   "int64_t":$stages), [{
    return $_get($_ctxt, rows, cols, warps, stages, 0, 0, 0, 0, 0, false, false);
  }]>];
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// !tile.stream
//===----------------------------------------------------------------------===//

def Tile_Stream : TypeDef<Tile_Dialect, "Stream"> {
  let mnemonic = "stream";
  let summary = "A sequence of tiles";
  let description = [{
    What `tile.stream` makes and `tile.next` takes from; the parameters are the
    tiles of one element.

    ```mlir
    !pairs = !tile.stream<tensor<32x64xbf16>, tensor<32x64xbf16>>
    ```
  }];
  let parameters = (ins ArrayRefParameter<"::mlir::Type">:$tiles);
  let assemblyFormat = "`<` $tiles `>`";
}

#endif // TILE_DIALECT_TD

//===- TileOps.td - ops of the tile dialect ----------------*- tablegen -*-===//
#ifndef TILE_OPS_TD
#define TILE_OPS_TD

include "dialects/tile/TileDialect.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Tile_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tile_Dialect, mnemonic, traits>;

def Tile_IsTile : CPred<"::llsa::tile::isTileShape(::llvm::cast<::mlir::RankedTensorType>($_self))">;
class Tile_TileOf<list<Type> types>
    : RankedTensorOf<types, [Tile_IsTile], "tile (rank-2 tensor of static sizes, each at least 1)">;
def Tile_FloatElement : AnyTypeOf<[F32, BF16, F16], "f32, bf16 or f16">;
def Tile_AnyTile : Tile_TileOf<[AnyFloat, AnySignlessInteger, Index]>;
def Tile_FloatTile : Tile_TileOf<[Tile_FloatElement]>;
def Tile_F32Tile : Tile_TileOf<[F32]>;
def Tile_I32Tile : Tile_TileOf<[I32]>;
/// A ring of slots in shared memory: `SxRxC`, S tiles of RxC.
def Tile_Ring : MemRefRankOf<[F32, BF16, F16], [3]>;

//===----------------------------------------------------------------------===//
// kernel, return, work_item, launch
//===----------------------------------------------------------------------===//

def Tile_KernelOp : Tile_Op<"kernel", [
    FunctionOpInterface, IsolatedFromAbove, Symbol, AffineScope, AutomaticAllocationScope]> {
  let summary = "A program for one warp, over a grid of work items";
  let description = [{
    The arguments are buffers. `items` are the sizes of the grid of work items,
    outermost first; `tile.work_item` names the one at hand. Work items are
    independent of each other and may run in any order and at the same time.

    Constraints:
    * (C1) arguments are memrefs; there are no results.
    * (C2) `items` are one or more numbers of at least 1, whose product is below
      2^63.
    * (C3) the body is one block that ends in `tile.return`.
    * (C4) memory is an argument, or what `arith.select` chooses of arguments, or
      the kernel's own (`tile.alloc_shared`, `tile.alloc_barriers`).

    ```mlir
    tile.kernel @copy(%x: memref<64x32xf32>, %y: memref<64x32xf32>) items [4] {
      %i = tile.work_item : index
      %c16 = arith.constant 16 : index
      %c0 = arith.constant 0 : index
      %r = arith.muli %i, %c16 : index
      %t = tile.load %x[%r, %c0] : memref<64x32xf32> -> tensor<16x32xf32>
      tile.store %t, %y[%r, %c0] : tensor<16x32xf32>, memref<64x32xf32>
      tile.return
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       DenseI64ArrayAttr:$items, OptionalAttr<Tile_ScheduleAttr>:$schedule,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region AnyRegion:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::TypeRange":$buffers,
                                 "::llvm::ArrayRef<int64_t>":$items,
                                 CArg<"ScheduleAttr", "{}">:$schedule)>];
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    /// Product of `items`.
    int64_t getNumItems();
  }];
}

def Tile_ReturnOp : Tile_Op<"return", [Pure, HasParent<"::llsa::tile::KernelOp">, Terminator]> {
  let summary = "End a kernel";
  let description = [{
    ```mlir
    tile.kernel @nothing() items [1] {
      tile.return
    }
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_WorkItemOp : Tile_Op<"work_item", [Pure]> {
  let summary = "The work item at hand, one index per dimension of `items`";
  let description = [{
    With `of %n` this warp's item of CTA number n, see `tile.cta`.

    Constraints:
    * (C1) one result per dimension of the kernel's `items`.
    * (C2) it stands in a `tile.kernel`.

    ```mlir
    tile.kernel @two(%x: memref<8x64xf32>) items [8, 4] {
      %bh, %i = tile.work_item : index, index
      tile.return
    }
    ```
  }];
  let arguments = (ins Optional<Index>:$cta);
  let results = (outs Variadic<Index>:$ids);
  let assemblyFormat = "(`of` $cta^)? attr-dict `:` type($ids)";
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$ids), [{
    build($_builder, $_state, ids, ::mlir::Value());
  }]>];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Tile_CtaOp : Tile_Op<"cta", [Pure]> {
  let summary = "The number of this CTA";
  let description = [{
    The warps of CTA number n have the work items `n * warps` and up. A kernel
    that runs on fewer CTAs than that (`tile-persist`) takes the numbers
    `tile.cta`, `tile.cta + tile.num_ctas`, ...

    ```mlir
    tile.kernel @loop(%x: memref<64x32xf32>) items [4] {
      %first = tile.cta
      %step = tile.num_ctas
      %c4 = arith.constant 4 : index
      scf.for %n = %first to %c4 step %step {
        %i = tile.work_item of %n : index
      }
      tile.return
    }
    ```
  }];
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def Tile_NumCtasOp : Tile_Op<"num_ctas", [Pure]> {
  let summary = "How many CTAs the kernel was launched with";
  let description = [{
    See `tile.cta`.
  }];
  let results = (outs Index:$result);
  let assemblyFormat = "attr-dict";
}

def Tile_LaunchOp : Tile_Op<"launch", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Launch a kernel over all its work items";
  let description = [{
    Stands in the host function, whose body is a list of buffers
    (`memref.alloc`) and launches in order.

    Constraints:
    * (C1) the callee is a `tile.kernel` whose arguments have the buffers' types
      (strides may be less static in the kernel).

    ```mlir
    tile.kernel @pass(%x: memref<64x32xf32>, %y: memref<64x32xf32>) items [4] {
      tile.return
    }
    func.func @host(%x: memref<64x32xf32>, %y: memref<64x32xf32>) {
      tile.launch @pass(%x, %y) : memref<64x32xf32>, memref<64x32xf32>
      return
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyMemRef>:$buffers);
  let assemblyFormat = "$kernel `(` $buffers `)` attr-dict (`:` type($buffers)^)?";
}

//===----------------------------------------------------------------------===//
// load, gather, store
//===----------------------------------------------------------------------===//

def Tile_LoadOp : Tile_Op<"load", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Load a tile";
  let description = [{
    `tile[r, c] = source[..., i + r, ..., j + c]`, where i is the index of
    dimension `row_dim` (by default the last but one) and j that of the last
    dimension. A tile of one column may take the last dimension as `row_dim`.
    With `rows %n` only the first n rows exist; the others are 0 and memory
    behind them is not touched (n <= 0: none; n >= R: all).

    Constraints:
    * (C1) one index per dimension of the source; element types agree.
    * (C2) `row_dim` is a dimension of the source, and is the last one only if
      the tile has one column.
    * (C3) a source's last dimension has as many elements as the tile columns.

    ```mlir
    %t = tile.load %q[%b, %h, %r, %c0] rows %n : memref<1x8x4096x64xf32> -> tensor<16x64xf32>
    %l = tile.load %lse[%b, %h, %r] row_dim 2 : memref<1x8x4096xf32> -> tensor<16x1xf32>
    ```
  }];
  let arguments = (ins AnyMemRef:$source, Variadic<Index>:$indices, Optional<Index>:$rows,
                       OptionalAttr<I64Attr>:$row_dim);
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = [{
    $source `[` $indices `]` (`rows` $rows^)? (`row_dim` $row_dim^)? attr-dict
    `:` type($source) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// The dimension of the source along which rows run.
    int64_t getRowDimension();
  }];
}

def Tile_BlockRowsOp : Tile_Op<"block_rows", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Rows that a run of block indices names";
  let description = [{
    Reads `C / block` entries of an index row, from position `indices` on, and
    names the rows of their blocks: column `g * block + t` holds
    `entry[g] * block + t`, or -1 where the entry is negative, lies behind the
    index row's end, or the row is not below `limit`. Out-of-range entries can
    therefore never be followed.

    With `part %p` it reads one entry and names a piece of its block: column `t`
    holds `entry * block + p * C + t`, or -1 also where `p * C + t` is not below
    `block`. So a step may be narrower than a block, or a little wider.

    Constraints:
    * (C1) one index per dimension of `source`, which has at least one, of i32.
    * (C2) the result has one row and, without `part`, a multiple of `block`
      columns.
    * (C3) `limit` is between 1 and 2147483647.

    ```mlir
    %rows = tile.block_rows %i1[%b, %h, %r, %g] block 16 limit 4096
        : memref<1x8x256x8xi32> -> tensor<1x64xi32>
    %some = tile.block_rows %i1[%b, %h, %r, %g] block 100 part %g limit 4096
        : memref<1x8x256x8xi32> -> tensor<1x16xi32>
    ```
  }];
  let arguments = (ins MemRefOf<[I32]>:$source, Variadic<Index>:$indices, I64Attr:$block,
                       Optional<Index>:$part, I64Attr:$limit);
  let results = (outs Tile_I32Tile:$result);
  let assemblyFormat = [{
    $source `[` $indices `]` `block` $block (`part` $part^)? `limit` $limit attr-dict
    `:` type($source) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_GatherOp : Tile_Op<"gather", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Load a tile whose rows are named one by one";
  let description = [{
    `tile[r, c] = source[..., rows[0, r], j + c]`; `indices` holds all dimensions
    but the last but one, whose place `rows` takes. A row of -1 gives zeros and
    touches no memory. Rows usually come from `tile.block_rows`, in runs of a
    block, which the GPU copies as such.

    Constraints:
    * (C1) the source has rank 2 or more, and one index per dimension but one;
      element types agree.
    * (C2) `rows` is `1xR` for a result `RxC`.
    * (C3) the source's last dimension has as many elements as the tile columns.

    ```mlir
    %kt = tile.gather %k[%b, %h, %c0] at %rows
        : memref<1x8x4096x64xf32>, tensor<1x64xi32> -> tensor<64x64xf32>
    ```
  }];
  let arguments = (ins AnyMemRef:$source, Variadic<Index>:$indices, Tile_I32Tile:$rows);
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = [{
    $source `[` $indices `]` `at` $rows attr-dict
    `:` type($source) `,` type($rows) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_LookupOp : Tile_Op<"lookup", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Load elements whose indices are tiles";
  let description = [{
    `tile[r, c] = source[i0[r, c], i1[r, c], ...]`, one index tile per dimension
    of the source; indices outside the source are clamped to it. What a score
    region's `tensor.extract` becomes.

    Constraints:
    * (C1) one index tile per dimension; all have the result's sizes; element
      types agree.

    ```mlir
    %slope = tile.lookup %slopes[%h] : memref<8xf32>, tensor<16x64xi32> -> tensor<16x64xf32>
    ```
  }];
  let arguments = (ins AnyMemRef:$source, Variadic<Tile_I32Tile>:$indices);
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = [{
    $source `[` $indices `]` attr-dict
    `:` type($source) (`,` type($indices)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tile_StoreOp : Tile_Op<"store", [AttrSizedOperandSegments, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Store a tile";
  let description = [{
    The counterpart of `tile.load`: the same indices, `rows` and `row_dim`; rows
    behind `rows` are not written.

    Constraints:
    * (C1) one index per dimension of the destination; element types agree.
    * (C2) `row_dim` is a dimension of the destination, and is the last one only
      if the tile has one column.
    * (C3) a destination's last dimension has as many elements as the tile
      columns.

    ```mlir
    tile.store %t, %o[%b, %h, %r, %c0] rows %n : tensor<16x64xf32>, memref<1x8x4096x64xf32>
    ```
  }];
  let arguments = (ins Tile_AnyTile:$tile, AnyMemRef:$destination, Variadic<Index>:$indices,
                       Optional<Index>:$rows, OptionalAttr<I64Attr>:$row_dim);
  let assemblyFormat = [{
    $tile `,` $destination `[` $indices `]` (`rows` $rows^)? (`row_dim` $row_dim^)? attr-dict
    `:` type($tile) `,` type($destination)
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// The dimension of the destination along which rows run.
    int64_t getRowDimension();
  }];
}

//===----------------------------------------------------------------------===//
// dot
//===----------------------------------------------------------------------===//

def Tile_DotOp : Tile_Op<"dot", [Pure, AllTypesMatch<["acc", "result"]>]> {
  let summary = "Matrix product of two tiles, accumulated in float32";
  let description = [{
    `result = a b + acc`, or `a b^T + acc` with `transpose_b`. On the CPU rows
    lie in vector lanes and `b` is read row by row from memory. On the GPU it
    becomes `wgmma` where `b` is shared by four warps, `mma.sync` otherwise.

    With `skip_negative_zero` an element of `a` that is -0 marks a pair that
    does not count: it adds nothing, even where `b` holds an infinity or NaN.
    So a masked key cannot harm the rows that do not see it.

    With `two_chains` a GPU sums products of a step of the depth and of the one
    behind apart, where there are so few columns that each would wait for the
    one before. That takes as many registers as the sums do.

    With `tf32` a GPU may round float32 elements of `a` and `b` to tf32 (11 bits)
    instead of multiplying all their bits in four products. `tile-use-tf32` gives
    it to products that are not `exact`: what comes of these is compared, or is
    subtracted from what is nearly the same.

    Constraints:
    * (C1) sizes: a `RxK`, b `KxC` (`CxK` with `transpose_b`), acc `RxC`.
    * (C2) a and b have one element type.
    * (C3) `tf32` is for float32 elements, and not for an `exact` product.

    ```mlir
    %s = tile.dot %q, %k, %zero transpose_b
        : tensor<16x64xf32>, tensor<32x64xf32> -> tensor<16x32xf32>
    %o = tile.dot %p, %v, %acc : tensor<16x32xf32>, tensor<32x64xf32> -> tensor<16x64xf32>
    %w = tile.dot %p, %v, %acc skip_negative_zero
        : tensor<16x32xf32>, tensor<32x64xf32> -> tensor<16x64xf32>
    %r = tile.dot %p, %v, %acc tf32 : tensor<16x32xf32>, tensor<32x64xf32> -> tensor<16x64xf32>
    ```
  }];
  let arguments = (ins Tile_FloatTile:$a, Tile_FloatTile:$b, Tile_F32Tile:$acc,
                       UnitAttr:$transpose_b, UnitAttr:$skip_negative_zero, UnitAttr:$two_chains,
                       UnitAttr:$exact, UnitAttr:$tf32);
  let results = (outs Tile_F32Tile:$result);
  let assemblyFormat = [{
    $a `,` $b `,` $acc (`transpose_b` $transpose_b^)?
    (`skip_negative_zero` $skip_negative_zero^)? (`two_chains` $two_chains^)?
    (`exact` $exact^)? (`tf32` $tf32^)? attr-dict
    `:` type($a) `,` type($b) `->` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// reduce, broadcast, range
//===----------------------------------------------------------------------===//

def Tile_ReductionKind : I32EnumAttr<"ReductionKind", "how a reduction combines", [
    I32EnumAttrCase<"Add", 0, "add">,
    I32EnumAttrCase<"Max", 1, "max">]> {
  let cppNamespace = "::llsa::tile";
}
def Tile_Axis : I32EnumAttr<"Axis", "which dimension of a tile", [
    I32EnumAttrCase<"Rows", 0, "rows">,
    I32EnumAttrCase<"Cols", 1, "cols">]> {
  let cppNamespace = "::llsa::tile";
}

def Tile_ReduceOp : Tile_Op<"reduce", [Pure]> {
  let summary = "Combine all columns (or rows) of a tile into one";
  let description = [{
    `add` sums, `max` takes the maximum (NaN wins). `over cols` gives one value
    per row (`Rx1`), `over rows` one per column (`1xC`). Summation runs in
    ascending order per lane, so a result does not depend on anything else.

    A reduction over columns may stop at four partial results per row (`Rx4`),
    which a later one completes: on the GPU four lanes hold a row, and need not
    talk to each other until then. Which columns go into which partial result is
    the target's choice.

    Constraints:
    * (C1) the result has the operand's element type and size 1 along the axis,
      or, over columns, 4 for an operand whose columns are a multiple of 8.

    ```mlir
    %m = tile.reduce max %s over cols : tensor<16x64xf32> -> tensor<16x1xf32>
    %x = tile.reduce add %t over rows : tensor<16x64xf32> -> tensor<1x64xf32>
    ```
  }];
  let arguments = (ins Tile_ReductionKind:$kind, Tile_F32Tile:$tile, Tile_Axis:$axis);
  let results = (outs Tile_F32Tile:$result);
  let assemblyFormat = "$kind $tile `over` $axis attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "Repeat a row vector or column vector over a tile";
  let description = [{
    Constraints:
    * (C1) element types agree, and each size of the operand is 1 or the
      result's.

    ```mlir
    %mb = tile.broadcast %m : tensor<16x1xf32> -> tensor<16x64xf32>
    ```
  }];
  let arguments = (ins Tile_AnyTile:$tile);
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_TransposeOp : Tile_Op<"transpose", [Pure]> {
  let summary = "Exchange rows and columns";
  let description = [{
    Constraints:
    * (C1) the result is `CxR` of the operand's element type for an operand `RxC`.

    ```mlir
    %t = tile.transpose %k : tensor<16x64xf32> -> tensor<64x16xf32>
    ```
  }];
  let arguments = (ins Tile_AnyTile:$tile);
  let results = (outs Tile_AnyTile:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_RangeOp : Tile_Op<"range", [Pure]> {
  let summary = "Consecutive numbers along one axis";
  let description = [{
    `start, start + step, ...` along the axis of the result that is not 1.

    Constraints:
    * (C1) the result has one row or one column.

    ```mlir
    %key = tile.range %j step 1 : tensor<1x64xi32>
    %query = tile.range %i step 1 : tensor<16x1xi32>
    ```
  }];
  let arguments = (ins Index:$start, I64Attr:$step);
  let results = (outs Tile_I32Tile:$result);
  let assemblyFormat = "$start `step` $step attr-dict `:` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// topk
//===----------------------------------------------------------------------===//

def Tile_TopkOp : Tile_Op<"topk", [Pure, AllTypesMatch<["scores", "new_scores"]>,
                                   AllTypesMatch<["ids", "new_ids"]>]> {
  let summary = "Insert candidates into a running top-k list per row";
  let description = [{
    `scores` and `ids` (`Rxk`) hold each row's best candidates so far, best
    first. Column c of `candidates` is a candidate of id `candidate_ids[0, c]`
    for every row; ids of -1 are skipped. Order: higher score first, equal
    scores by the lower id, NaN above every number. Empty places have id -1 and
    rank below every candidate, one of score -inf included. A list starts as
    scores -inf, ids -1.

    Constraints:
    * (C1) `scores` and `ids` have the same sizes, with the candidates' rows.
    * (C2) `candidate_ids` is `1xC` for candidates `RxC`.
    * (C3) `scratch` is `1x13x32xf32`.

    A GPU's warp that has a `scratch` in shared memory finds a short list of
    many candidates without sorting them all. What the scratch holds has no
    meaning before or behind the op.

    ```mlir
    %s1, %i1 = tile.topk %s0, %i0 insert %s at %id
        : tensor<16x8xf32>, tensor<16x8xi32>, tensor<16x32xf32>, tensor<1x32xi32>
    ```
  }];
  let arguments = (ins Tile_F32Tile:$scores, Tile_I32Tile:$ids, Tile_F32Tile:$candidates,
                       Tile_I32Tile:$candidate_ids, Optional<Tile_Ring>:$scratch);
  let results = (outs Tile_F32Tile:$new_scores, Tile_I32Tile:$new_ids);
  let assemblyFormat = [{
    $scores `,` $ids `insert` $candidates `at` $candidate_ids
    (`scratch` $scratch^)? attr-dict
    `:` type($scores) `,` type($ids) `,` type($candidates) `,` type($candidate_ids)
    (`,` type($scratch)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Longest list and fewest candidates that a scratch is good for, and how
    /// many of a row's it holds beside the list.
    static constexpr int64_t kMostPruned = 8, kFewestPruned = 64, kPlaces = 16;
    /// Bytes from one of eight rows to the next: no two rows' entries lie in
    /// the same banks.
    static constexpr int64_t kRowBytes = 8 * (kPlaces + kMostPruned) + 16;
    static constexpr int64_t kScratchWords = 8 * kRowBytes / 4;
  }];
}

//===----------------------------------------------------------------------===//
// any
//===----------------------------------------------------------------------===//

def Tile_AnyOp : Tile_Op<"any", [Pure]> {
  let summary = "Whether any element of a truth tile is true";
  let description = [{
    One answer for the whole tile. On the GPU a vote of the warp.

    ```mlir
    %some = tile.any %t : tensor<16x64xi1>
    ```
  }];
  let arguments = (ins Tile_TileOf<[I1]>:$tile);
  let results = (outs I1:$result);
  let assemblyFormat = "$tile attr-dict `:` type($tile)";
}

include "dialects/tile/TileCallOps.td"
include "dialects/tile/TileStreamOps.td"
include "dialects/tile/TileStagingOps.td"
include "dialects/tile/TileIndexOps.td"

#endif // TILE_OPS_TD

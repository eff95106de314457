//===- TileStagingOps.td - shared memory and its copies ----*- tablegen -*-===//
//
// The staged form of a tile program, which the GPU's passes make: right
// operands of dots lie in shared memory, copied there some steps ahead.
//
//===----------------------------------------------------------------------===//
#ifndef TILE_STAGING_OPS_TD
#define TILE_STAGING_OPS_TD

def Tile_Scope : I32EnumAttr<"Scope", "who shares memory or waits for whom", [
    I32EnumAttrCase<"Warp", 0, "warp">,
    I32EnumAttrCase<"Cta", 1, "cta">]> {
  let cppNamespace = "::llsa::tile";
}

def Tile_AllocSharedOp : Tile_Op<"alloc_shared", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "A ring of tiles in shared memory";
  let description = [{
    Room for S tiles of RxC elements. `scope cta`: one ring that all warps of
    the CTA share. `scope warp`: one for each warp. `offset` is the ring's place
    in the CTA's shared memory, in bytes, which `tile-allocate-shared` decides
    (the first warp's place, for a ring per warp; the others' follow).

    Constraints:
    * (C1) the result is `SxRxC` in memory space 3, of static sizes and
      row-major.

    ```mlir
    tile.kernel @ring() items [1] {
      %ring = tile.alloc_shared scope warp : memref<2x16x64xbf16, 3>
      tile.return
    }
    ```
  }];
  let arguments = (ins Tile_Scope:$scope, OptionalAttr<I64Attr>:$offset);
  let results = (outs Tile_Ring:$ring);
  let assemblyFormat = "`scope` $scope (`offset` $offset^)? attr-dict `:` type($ring)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Bytes of one slot.
    int64_t getSlotBytes();
    /// Of the ring (for one warp, with scope warp), up to where the next one
    /// may start; its own start is a multiple of the alignment.
    int64_t getRingBytes();
    int64_t getAlignment();
  }];
}

class Tile_CopyOp<string mnemonic, list<Trait> traits = []>
    : Tile_Op<mnemonic, traits # [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]>;

def Tile_CopyAsyncOp : Tile_CopyOp<"copy_async", [AttrSizedOperandSegments]> {
  let summary = "Start to copy a tile into a slot of a ring";
  let description = [{
    The staged form of `tile.load`: the same source, indices and `rows`; rows
    that do not exist become 0. The ring's scope says who copies: the warp, or
    all warps of the CTA together, each a part. The tile may be read after a
    `tile.commit_group` and the `tile.wait_group` for it.

    Constraints:
    * (C1) one index per dimension of the source; element types agree.
    * (C2) a source's last dimension has as many elements as the tile columns.
    * (C3) `ring` is made by tile.alloc_shared.

    ```mlir
    tile.kernel @copy(%k: memref<64x64xbf16>) items [1] {
      %c0 = arith.constant 0 : index
      %ring = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
      tile.copy_async %k[%c0, %c0] to %ring[%c0] : memref<64x64xbf16>, memref<2x16x64xbf16, 3>
      tile.commit_group
      tile.wait_group 0 scope cta
      tile.return
    }
    ```
  }];
  let arguments = (ins AnyMemRef:$source, Variadic<Index>:$indices, Optional<Index>:$rows,
                       Tile_Ring:$ring, Index:$slot);
  let assemblyFormat = [{
    $source `[` $indices `]` (`rows` $rows^)? `to` $ring `[` $slot `]` attr-dict
    `:` type($source) `,` type($ring)
  }];
  let hasVerifier = 1;
}

def Tile_GatherAsyncOp : Tile_CopyOp<"gather_async"> {
  let summary = "Start to gather a tile into a slot of a ring";
  let description = [{
    The staged form of `tile.gather`: rows of -1 become 0.

    Constraints:
    * (C1) one index per dimension of the source but one; element types agree.
    * (C2) a source's last dimension has as many elements as the tile columns.
    * (C3) `ring` is made by tile.alloc_shared.
    * (C4) `rows` is `1xR` for a ring of `SxRxC`.

    ```mlir
    tile.kernel @gather(%k: memref<64x64xbf16>, %i: memref<8xi32>) items [1] {
      %c0 = arith.constant 0 : index
      %ring = tile.alloc_shared scope warp : memref<1x16x64xbf16, 3>
      %rows = tile.block_rows %i[%c0] block 16 limit 64 : memref<8xi32> -> tensor<1x16xi32>
      tile.gather_async %k[%c0] at %rows to %ring[%c0]
          : memref<64x64xbf16>, tensor<1x16xi32>, memref<1x16x64xbf16, 3>
      tile.commit_group
      tile.wait_group 0 scope warp
      tile.return
    }
    ```
  }];
  let arguments = (ins AnyMemRef:$source, Variadic<Index>:$indices, Tile_I32Tile:$rows,
                       Tile_Ring:$ring, Index:$slot);
  let assemblyFormat = [{
    $source `[` $indices `]` `at` $rows `to` $ring `[` $slot `]` attr-dict
    `:` type($source) `,` type($rows) `,` type($ring)
  }];
  let hasVerifier = 1;
}

def Tile_CommitGroupOp : Tile_CopyOp<"commit_group"> {
  let summary = "Close the group of copies started so far";
  let description = [{
    Copies since the last `tile.commit_group` form a group; it may be empty.

    ```mlir
    tile.commit_group
    ```
  }];
  let assemblyFormat = "attr-dict";
}

def Tile_WaitGroupOp : Tile_CopyOp<"wait_group"> {
  let summary = "Wait until all but the last groups have arrived";
  let description = [{
    Waits until at most `pending` of this warp's groups are on their way, and
    then for the other warps of the scope to have done so too: what the older
    groups copied may then be read. It is a barrier of its scope.

    ```mlir
    tile.wait_group 1 scope cta
    ```
  }];
  let arguments = (ins I64Attr:$pending, Tile_Scope:$scope);
  let assemblyFormat = "$pending `scope` $scope attr-dict";
}

def Tile_BarrierOp : Tile_CopyOp<"barrier"> {
  let summary = "Wait for the other lanes of the warp, or warps of the CTA";
  let description = [{
    Everyone in the scope is done with what stands before it, before anyone
    starts what stands behind. What shared memory held may be overwritten then.

    ```mlir
    tile.barrier scope cta
    ```
  }];
  let arguments = (ins Tile_Scope:$scope);
  let assemblyFormat = "`scope` $scope attr-dict";
}

def Tile_SharedTileOp : Tile_CopyOp<"shared_tile"> {
  let summary = "The tile in a slot of a ring";
  let description = [{
    Names the slot's contents. Only `tile.dot` takes it, as `b`, and before the
    slot is copied to again. A tile of one row of f32 is read where the op
    stands, and any op may take it.

    Constraints:
    * (C1) the result has the slot's sizes and element type.
    * (C2) every use is a tile.dot's `b`, or the tile is one row of f32.

    ```mlir
    tile.kernel @use(%q: memref<16x64xbf16>, %o: memref<16x16xf32>) items [1] {
      %c0 = arith.constant 0 : index
      %zero = arith.constant dense<0.0> : tensor<16x16xf32>
      %ring = tile.alloc_shared scope warp : memref<1x16x64xbf16, 3>
      %a = tile.load %q[%c0, %c0] : memref<16x64xbf16> -> tensor<16x64xbf16>
      %b = tile.shared_tile %ring[%c0] : memref<1x16x64xbf16, 3> -> tensor<16x64xbf16>
      %s = tile.dot %a, %b, %zero transpose_b
          : tensor<16x64xbf16>, tensor<16x64xbf16> -> tensor<16x16xf32>
      tile.store %s, %o[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
      tile.return
    }
    ```
  }];
  let arguments = (ins Tile_Ring:$ring, Index:$slot);
  let results = (outs Tile_FloatTile:$result);
  let assemblyFormat = "$ring `[` $slot `]` attr-dict `:` type($ring) `->` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Bulk copies: the copy engine fills a ring, mbarriers say when
//===----------------------------------------------------------------------===//

/// Two mbarriers for each slot of a ring.
def Tile_Barriers : MemRefRankOf<[I64], [1]>;

def Tile_AllocBarriersOp : Tile_Op<"alloc_barriers", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Barriers for the slots of rings that bulk copies fill";
  let description = [{
    For each of S slots a barrier that says *full* and one that says *free*, of
    the CTA or (`scope warp`) of each warp. A slot is used in rounds 0, 1, ...: in each one thread arms it
    (`tile.expect`), copies fill it, all warps wait until it is full
    (`tile.await`), read, and give it back (`tile.release`). All that
    share them must pass a `tile.barrier` of their scope before the first use.

    Constraints:
    * (C1) the result is `Sxi64` in memory space 3, of static size.

    ```mlir
    tile.kernel @bars(%k: memref<64x64xbf16>) items [4]
        schedule <rows = 16, cols = 32, warps = 4, stages = 2> {
      %c0 = arith.constant 0 : index
      %ring = tile.alloc_shared scope cta : memref<2x32x64xbf16, 3>
      %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
      tile.barrier scope cta
      %p = tile.is_producer scope cta
      scf.if %p {
        tile.expect %bars[%c0] round %c0 bytes 4096 : memref<2xi64, 3>
        tile.bulk_copy %k[%c0, %c0] to %ring[%c0] full %bars
            : memref<64x64xbf16>, memref<2x32x64xbf16, 3>, memref<2xi64, 3>
      }
      tile.await %bars[%c0] round %c0 : memref<2xi64, 3>
      tile.release %bars[%c0] : memref<2xi64, 3>
      tile.return
    }
    ```
  }];
  let arguments = (ins Tile_Scope:$scope,
                       OptionalAttr<I64Attr>:$offset);
  let results = (outs Tile_Barriers:$barriers);
  let assemblyFormat = "`scope` $scope (`offset` $offset^)? attr-dict `:` type($barriers)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// All slots' barriers, in bytes (of one warp, with scope warp).
    int64_t getBytes();
  }];
}

def Tile_IsProducerOp : Tile_Op<"is_producer", [Pure]> {
  let summary = "True for the one thread that starts bulk copies";
  let description = [{
    Of the CTA, or (`scope warp`) of each warp. See `tile.alloc_barriers` for an
    example.
  }];
  let arguments = (ins Tile_Scope:$scope);
  let results = (outs I1:$result);
  let assemblyFormat = "`scope` $scope attr-dict";
}

def Tile_ExpectOp : Tile_CopyOp<"expect"> {
  let summary = "Arm a slot for a round, when all warps have given it back";
  let description = [{
    Waits until the slot's previous round is released by all warps that share
    it, then makes its full barrier wait for `bytes` bytes. By the producer
    alone.

    See `tile.alloc_barriers` for an example.
  }];
  let arguments = (ins Tile_Barriers:$barriers, Index:$slot, Index:$round, I64Attr:$bytes);
  let assemblyFormat = [{
    $barriers `[` $slot `]` `round` $round `bytes` $bytes attr-dict `:` type($barriers)
  }];
}

def Tile_BulkCopyOp : Tile_CopyOp<"bulk_copy"> {
  let summary = "Start to copy a tile into a slot by the copy engine";
  let description = [{
    The staged form of a `tile.load`: rows that do not exist in the source become
    0. By the producer alone, between `tile.expect` and `tile.await`.

    Constraints:
    * (C1) one index per dimension of the source; element types agree.
    * (C2) a source's last dimension has as many elements as the tile columns.
    * (C3) `ring` is made by tile.alloc_shared.
    * (C4) `ring` and `barriers` have one scope; rows have 32, 64 or a multiple
      of 128 bytes, or there is one row of a multiple of 16 bytes, all of which
      the source has.
    * (C5) the source is an argument of the kernel: what the engine knows of a
      tensor is made before the launch.

    See `tile.alloc_barriers` for an example.
  }];
  let arguments = (ins AnyMemRef:$source, Variadic<Index>:$indices, Tile_Ring:$ring,
                       Index:$slot, Tile_Barriers:$barriers);
  let assemblyFormat = [{
    $source `[` $indices `]` `to` $ring `[` $slot `]` `full` $barriers attr-dict
    `:` type($source) `,` type($ring) `,` type($barriers)
  }];
  let hasVerifier = 1;
}

def Tile_BulkGatherOp : Tile_CopyOp<"bulk_gather"> {
  let summary = "Start to gather a tile into a slot by the copy engine, block by block";
  let description = [{
    The staged form of a `tile.gather`; blocks of -1 become 0.

    Constraints:
    * (C1) one index per dimension of the source but one; element types agree.
    * (C2) a source's last dimension has as many elements as the tile columns.
    * (C3) `ring` is made by tile.alloc_shared.
    * (C4) `ring` and `barriers` have one scope; rows have 32, 64 or a multiple
      of 128 bytes.
    * (C5) `rows` is made by tile.block_rows and names whole blocks, or pieces
      that divide one.
    * (C6) the source is an argument of the kernel.

    ```mlir
    tile.kernel @gather(%k: memref<64x64xbf16>, %i: memref<8xi32>) items [4]
        schedule <rows = 16, cols = 32, warps = 4, stages = 2> {
      %c0 = arith.constant 0 : index
      %ring = tile.alloc_shared scope cta : memref<2x32x64xbf16, 3>
      %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
      tile.barrier scope cta
      %p = tile.is_producer scope cta
      scf.if %p {
        %rows = tile.block_rows %i[%c0] block 16 limit 64 : memref<8xi32> -> tensor<1x32xi32>
        tile.expect %bars[%c0] round %c0 bytes 4096 : memref<2xi64, 3>
        tile.bulk_gather %k[%c0] at %rows to %ring[%c0] full %bars
            : memref<64x64xbf16>, tensor<1x32xi32>, memref<2x32x64xbf16, 3>, memref<2xi64, 3>
      }
      tile.await %bars[%c0] round %c0 : memref<2xi64, 3>
      tile.return
    }
    ```
  }];
  let arguments = (ins AnyMemRef:$source, Variadic<Index>:$indices, Tile_I32Tile:$rows,
                       Tile_Ring:$ring, Index:$slot, Tile_Barriers:$barriers);
  let assemblyFormat = [{
    $source `[` $indices `]` `at` $rows `to` $ring `[` $slot `]` `full` $barriers attr-dict
    `:` type($source) `,` type($rows) `,` type($ring) `,` type($barriers)
  }];
  let hasVerifier = 1;
}

def Tile_AwaitOp : Tile_CopyOp<"await"> {
  let summary = "Wait until a slot is full";
  let description = [{
    See `tile.alloc_barriers` for an example.
  }];
  let arguments = (ins Tile_Barriers:$barriers, Index:$slot, Index:$round);
  let assemblyFormat = "$barriers `[` $slot `]` `round` $round attr-dict `:` type($barriers)";
}

def Tile_ReleaseOp : Tile_CopyOp<"release"> {
  let summary = "This warp has read a slot";
  let description = [{
    See `tile.alloc_barriers` for an example.
  }];
  let arguments = (ins Tile_Barriers:$barriers, Index:$slot);
  let assemblyFormat = "$barriers `[` $slot `]` attr-dict `:` type($barriers)";
}

#endif // TILE_STAGING_OPS_TD

//===- TileIndexOps.td - work on index rows ----------------*- tablegen -*-===//
#ifndef TILE_INDEX_OPS_TD
#define TILE_INDEX_OPS_TD

def Tile_InvertRowsOp : Tile_Op<"invert_rows", [
    AttrSizedOperandSegments, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Which index rows name a key, for a range of keys";
  let description = [{
    `indices[..., r, e]` are the keys that index row r names; `at` picks one
    head. For each key c of `first` .. `first + count - 1` (as far as it is one
    of `offsets`' keys) the rows that name it, ascending, lie in
    `rows[..., offsets[c]]` to `rows[..., offsets[c + 1] - 1]`. Entries that are
    no key are skipped. Who has the last key writes `offsets`' last element, too,
    and -1 to what is left of `rows`.

    Ranges need nothing of each other: each counts the entries below it. On a
    GPU all warps of a CTA do one range together. `scratch` is where they count,
    and where each warp collects the entries of its range before it places them.

    Constraints:
    * (C1) `indices` is `[..., R, K]`, `offsets` `[..., N + 1]` and `rows`
      `[..., R * K]`, with one index in `at` for each leading dimension.
    * (C2) `count` is at least 1.
    * (C3) `scratch` is `1xSx32xf32`, where 32 S words hold for each warp and
      once more as many as there are keys (at least one more than warps, rounded
      up to 32), and 256 for each warp.

    ```mlir
    tile.kernel @invert(%i: memref<1x8x256x8xi32>, %o: memref<1x8x257xi32>, %r: memref<1x8x2048xi32>) items [1, 8, 2] {
      %b, %h, %n = tile.work_item : index, index, index
      %c128 = arith.constant 128 : index
      %first = arith.muli %n, %c128 : index
      tile.invert_rows %i[%b, %h] keys %first count 128 to %o, %r
          : memref<1x8x256x8xi32>, memref<1x8x257xi32>, memref<1x8x2048xi32>
      tile.return
    }
    ```
  }];
  let arguments = (ins MemRefOf<[I32]>:$indices, Variadic<Index>:$at, Index:$first,
                       I64Attr:$count, MemRefOf<[I32]>:$offsets, MemRefOf<[I32]>:$rows,
                       Optional<Tile_Ring>:$scratch);
  let assemblyFormat = [{
    $indices `[` $at `]` `keys` $first `count` $count `to` $offsets `,` $rows
    (`scratch` $scratch^)? attr-dict
    `:` type($indices) `,` type($offsets) `,` type($rows) (`,` type($scratch)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// N: keys are 0 .. N - 1.
    int64_t getNumKeys();
    /// R, and K.
    int64_t getNumRows();
    int64_t getRowLength();
    /// Entries that a warp collects at once, and lanes that place them.
    static constexpr int64_t kCollected = 256, kLanes = 32;
    /// Words of a row of counts, and of all of `scratch`.
    static int64_t countWords(int64_t count, int64_t warps);
    static int64_t scratchWords(int64_t count, int64_t warps);
  }];
}

def Tile_PrefetchOp : Tile_Op<"prefetch", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Bring numbers near, before they are read";
  let description = [{
    `count` elements along the last dimension, from `indices` on, as far as they
    exist, or a tile of `rows` such runs. It changes nothing but the time that
    reading them takes. One row is small, and soon read: it comes as near as can
    be. Tiles come to where they are in nobody's way.

    Constraints:
    * (C1) one index per dimension of `source`, which has at least one; two for
      several rows.
    * (C2) `count` and `rows` are at least 1.

    ```mlir
    tile.kernel @near(%r: memref<1x8x2048xi32>) items [1, 8] {
      %b, %h = tile.work_item : index, index
      %c0 = arith.constant 0 : index
      tile.prefetch %r[%b, %h, %c0] count 64 : memref<1x8x2048xi32>
      tile.prefetch %r[%b, %c0, %c0] count 64 rows 8 : memref<1x8x2048xi32>
      tile.return
    }
    ```
  }];
  let arguments = (ins MemRefOf<[I32, F32, BF16, F16]>:$source, Variadic<Index>:$indices, I64Attr:$count,
                       DefaultValuedAttr<I64Attr, "1">:$rows);
  let assemblyFormat = [{
    $source `[` $indices `]` `count` $count (`rows` $rows^)? attr-dict `:` type($source)
  }];
  let hasVerifier = 1;
}

def Tile_ScatterAddOp : Tile_Op<"scatter_add", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Add elements where tiles of indices say";
  let description = [{
    `destination[i0[r, c], i1[r, c], ...] += tile[r, c]`, the counterpart of
    `tile.lookup`: one index tile per dimension of the destination, indices
    outside of it are clamped to it. Elements for one place are added in an order
    that follows from the indices alone: on a CPU that of columns, in each column
    of rows; on a GPU lanes that hold elements for one place sum them in pairs
    first. No other warp may reach the places at the same time.

    Constraints:
    * (C1) one index tile per dimension; all have the tile's sizes.
    * (C2) the destination is of f32.

    ```mlir
    tile.kernel @add(%t: memref<1x1x16x8xf32>, %d: memref<8xf32>) items [1] {
      %c0 = arith.constant 0 : index
      %x = tile.load %t[%c0, %c0, %c0, %c0] : memref<1x1x16x8xf32> -> tensor<16x8xf32>
      %i = tile.range %c0 step 1 : tensor<1x8xi32>
      %places = tile.broadcast %i : tensor<1x8xi32> -> tensor<16x8xi32>
      tile.scatter_add %x, %d[%places] : tensor<16x8xf32>, memref<8xf32>, tensor<16x8xi32>
      tile.return
    }
    ```
  }];
  let arguments = (ins Tile_F32Tile:$tile, AnyMemRef:$destination, Variadic<Tile_I32Tile>:$indices);
  let assemblyFormat = [{
    $tile `,` $destination `[` $indices `]` attr-dict
    `:` type($tile) `,` type($destination) (`,` type($indices)^)?
  }];
  let hasVerifier = 1;
}

#endif // TILE_INDEX_OPS_TD

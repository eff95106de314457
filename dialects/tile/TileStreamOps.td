//===- TileStreamOps.td - tiles that are taken one after another -*- tablegen -*-===//
//
// A stream says what tiles a kernel will want, in which order, and apart from
// the loops that take them: so copies can run ahead across loops.
//
//===----------------------------------------------------------------------===//
#ifndef TILE_STREAM_OPS_TD
#define TILE_STREAM_OPS_TD

def Tile_StreamOp : Tile_Op<"stream", [
    SingleBlockImplicitTerminator<"StreamYieldOp">, RecursiveMemoryEffects]> {
  let summary = "A sequence of tiles, given by what loads the i-th";
  let description = [{
    The region loads and yields the tiles of element `i`, 0 <= i < `count`, or
    0 <= i < `length`, which is then at most `count`. It has no other effect, so
    it does not matter when it runs. `tile.next` takes the elements, each once
    and in order; several loops may share the work.

    A GPU copies elements to shared memory some steps before they are taken
    (`tile-stage-streams`). The tiles of an element can be read until `held`
    more have been taken: a loop whose steps take two elements needs 2. With
    `late` they can be read a little longer: by products that are still at work
    when the first ones of the next element begin. So sums need not be complete
    at the end of a step.

    Constraints:
    * (C1) `count` is at least 1.
    * (C2) the region takes one index and yields tiles of the stream's types.
    * (C3) the region holds loads, gathers, block_rows, scf.if, memref.load (of
      indices that the kernel does not write) and pure ops alone.
    * (C4) `held` is from 1 to `count`.

    ```mlir
    tile.kernel @sum(%k: memref<256x64xbf16>, %q: memref<16x64xbf16>, %o: memref<16x32xf32>) items [1] {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %c32 = arith.constant 32 : index
      %zero = arith.constant dense<0.0> : tensor<16x32xf32>
      %a = tile.load %q[%c0, %c0] : memref<16x64xbf16> -> tensor<16x64xbf16>
      %s = tile.stream count 8 {
      ^bb0(%i: index):
        %r = arith.muli %i, %c32 : index
        %t = tile.load %k[%r, %c0] : memref<256x64xbf16> -> tensor<32x64xbf16>
        tile.stream_yield %t : tensor<32x64xbf16>
      } : !tile.stream<tensor<32x64xbf16>>
      %d = scf.for %i = %c0 to %c8 step %c1 iter_args(%sum = %zero) -> tensor<16x32xf32> {
        %b = tile.next %s[%i] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
        %n = tile.dot %a, %b, %sum transpose_b : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
        scf.yield %n : tensor<16x32xf32>
      }
      tile.store %d, %o[%c0, %c0] : tensor<16x32xf32>, memref<16x32xf32>
      tile.return
    }
    ```
  }];
  let arguments = (ins I64Attr:$count, Optional<Index>:$length, DefaultValuedAttr<I64Attr, "1">:$held,
                       UnitAttr:$late);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Tile_Stream:$result);
  let assemblyFormat = [{
    `count` $count (`held` $held^)? (`late` $late^)? (`length` $length^)? $body attr-dict `:` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::Value getIndex() { return getBody().getArgument(0); }
    ::mlir::Operation *getYield() { return getBody().front().getTerminator(); }
  }];
}

def Tile_StreamYieldOp : Tile_Op<"stream_yield", [Pure, Terminator, HasParent<"StreamOp">]> {
  let summary = "The tiles of one element of a stream";
  let description = [{
    See `tile.stream`.
  }];
  let arguments = (ins Variadic<Tile_FloatTile>:$tiles);
  let builders = [OpBuilder<(ins)>];
  let assemblyFormat = "($tiles^ `:` type($tiles))? attr-dict";
}

def Tile_NextOp : Tile_Op<"next", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Take an element of a stream";
  let description = [{
    `element` counts up by one from one execution to the next, from 0 on, in the
    order in which the program runs. All warps of a CTA take the elements of a
    stream that they share at the same points.

    Constraints:
    * (C1) the results are the stream's tiles.

    See `tile.stream` for an example.
  }];
  let arguments = (ins Tile_Stream:$stream, Index:$element);
  let results = (outs Variadic<Tile_FloatTile>:$tiles);
  let assemblyFormat = "$stream `[` $element `]` attr-dict `:` type($stream) `->` type($tiles)";
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

#endif // TILE_STREAM_OPS_TD

//===- Passes.td - tile to staged tile ---------------------*- tablegen -*-===//
#ifndef LLSA_STAGING_PASSES_TD
#define LLSA_STAGING_PASSES_TD

include "mlir/Pass/PassBase.td"

def UseTf32 : Pass<"tile-use-tf32", "::llsa::tile::KernelOp"> {
  let summary = "Let products of float32 tiles round their factors to tf32";
  let description = [{
    Gives every `tile.dot` of float32 tiles the attribute `tf32`, but for those
    that are `exact`: the scores of a selection, so that the same keys are chosen
    as without, and what a backward takes differences of. With `sums = false`
    scores alone (`transpose_b`): a backward subtracts what comes of the sums of
    its forward. Part of the pipeline where the spec says `tf32=1`.

    ```mlir
    %d = tile.dot %a, %b, %c : tensor<16x8xf32>, tensor<8x8xf32> -> tensor<16x8xf32>
    // %d = tile.dot %a, %b, %c tf32 : tensor<16x8xf32>, tensor<8x8xf32> -> tensor<16x8xf32>
    ```
  }];
  let options = [
    Option<"sums", "sums", "bool", /*default=*/"true",
           "Products that are summed over keys or queries, too">
  ];
}

def Persist : Pass<"tile-persist", "::llsa::tile::KernelOp"> {
  let summary = "Let a CTA work on one group of items after another";
  let description = [{
    A kernel whose schedule is `persistent`, and whose operands come as streams,
    at most one that all warps share and one of each warp's own, becomes a loop
    over groups of work items: a launch of as many CTAs as fit on the card does
    all the work, and the copies of the next items' first elements run under the
    last products of these (`tile-stage-streams`). What an item loads otherwise,
    as its queries, is brought near while the one in front is at work. Other
    kernels stay as they are.

    ```mlir
    tile.kernel @scores(%q: memref<64x64xbf16>, %k: memref<256x64xbf16>, %o: memref<64x32xf32>)
        items [4] schedule <rows = 16, cols = 32, warps = 4, stages = 2, persistent = true> {
      %c0 = arith.constant 0 : index
      %c16 = arith.constant 16 : index
      %zero = arith.constant dense<0.0> : tensor<16x32xf32>
      %w = tile.work_item : index
      %row = arith.muli %w, %c16 : index
      %a = tile.load %q[%row, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
      %s = tile.stream count 1 {
      ^bb0(%i: index):
        %t = tile.load %k[%i, %c0] : memref<256x64xbf16> -> tensor<32x64xbf16>
        tile.stream_yield %t : tensor<32x64xbf16>
      } : !tile.stream<tensor<32x64xbf16>>
      %b = tile.next %s[%c0] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
      %d = tile.dot %a, %b, %zero transpose_b : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
      tile.store %d, %o[%row, %c0] : tensor<16x32xf32>, memref<64x32xf32>
      tile.return
    }
    // scf.for %n = tile.cta to 1 step tile.num_ctas { %w = tile.work_item of %n ... }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::llsa::tile::TileDialect"];
}

def StageStreams : Pass<"tile-stage-streams", "::llsa::tile::KernelOp"> {
  let summary = "Copy the elements of streams to shared memory ahead of time";
  let description = [{
    A `tile.stream` becomes rings in shared memory, the copies of its first
    elements where it stands, and at every `tile.next` the copies of an element
    some steps later, into the slot of the element before.

    Whose the rings are follows from who wants the elements, as in
    `tile-lower-gather`: all warps of a CTA the same ones (`scope cta`), or each
    its own (`scope warp`). With `bulk` the copy engine fills shared rings, and
    mbarriers say when a slot is full or free, so that no warp waits for another
    one that is not far behind; else every lane copies a part by cp.async.

    The number of slots is the schedule's `stages` (`private_stages`). In a
    persistent kernel (`tile-persist`) the last elements of an item are followed
    by the first ones of the CTA's next item.

    ```mlir
    tile.kernel @scores(%q: memref<64x64xbf16>, %k: memref<256x64xbf16>, %o: memref<64x32xf32>)
        items [4] schedule <rows = 16, cols = 32, warps = 4, stages = 2> {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c8 = arith.constant 8 : index
      %c16 = arith.constant 16 : index
      %c32 = arith.constant 32 : index
      %zero = arith.constant dense<0.0> : tensor<16x32xf32>
      %w = tile.work_item : index
      %row = arith.muli %w, %c16 : index
      %a = tile.load %q[%row, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
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
      tile.store %d, %o[%row, %c0] : tensor<16x32xf32>, memref<64x32xf32>
      tile.return
    }
    ```
  }];
  let options = [Option<"bulk", "bulk", "bool", "false",
                        "shared rings of 16-bit elements are filled by the copy engine">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::llsa::tile::TileDialect"];
}

def LowerGather : Pass<"tile-lower-gather", "::llsa::tile::KernelOp"> {
  let summary = "Copy the right operands of dots to shared memory";
  let description = [{
    Every `tile.load` and `tile.gather` that only right operands of dots use
    becomes a copy into a slot of shared memory, a wait, and a
    `tile.shared_tile`. What a group of dots reads is copied together.

    Whose the slot is follows from who wants it: when all warps of a CTA load
    the same tile (*uniform*: no index of it depends on which warp asks, see
    Uniformity.h), they share it, and copy a part each (`scope cta`); else every
    warp has its own (*private*, `scope warp`).

    ```mlir
    tile.kernel @scores(%q: memref<64x64xbf16>, %k: memref<64x64xbf16>,
                        %s: memref<64x64xf32>) items [4]
        schedule <rows = 16, cols = 64, warps = 4, stages = 1> {
      %c0 = arith.constant 0 : index
      %c16 = arith.constant 16 : index
      %zero = arith.constant dense<0.0> : tensor<16x64xf32>
      %i = tile.work_item : index
      %r = arith.muli %i, %c16 : index
      %a = tile.load %q[%r, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
      %b = tile.load %k[%c0, %c0] : memref<64x64xbf16> -> tensor<64x64xbf16>
      %d = tile.dot %a, %b, %zero transpose_b
          : tensor<16x64xbf16>, tensor<64x64xbf16> -> tensor<16x64xf32>
      tile.store %d, %s[%r, %c0] : tensor<16x64xf32>, memref<64x64xf32>
      tile.return
    }
    // %b: one slot for the CTA, tile.copy_async, tile.wait_group 0 scope cta
    ```
  }];
  let dependentDialects = ["::llsa::tile::TileDialect"];
}

def PipelineLoads : Pass<"tile-pipeline-loads", "::llsa::tile::KernelOp"> {
  let summary = "Start the copies of a loop some steps ahead";
  let description = [{
    A loop whose body starts with one group of copies and its wait gets rings of
    `stages` slots (the kernel's schedule): before the loop the copies of the
    first `stages - 1` steps are started; step i waits for its own group only,
    starts the copies of step `i + stages - 1` and then works. The wait is also
    the barrier behind which the slot of step `i - 1` may be overwritten.

    Addresses of the copies are computed ahead with them: the ops that they
    depend on are repeated for the later step.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::llsa::tile::TileDialect"];
}

def AllocateShared : Pass<"tile-allocate-shared", "::llsa::tile::KernelOp"> {
  let summary = "Give every ring its place in shared memory";
  let description = [{
    Rings that are not in use at the same time (a source's loop, then the
    next's) take the same place; a barrier of the CTA stands between them then,
    also where it is a single warp, whose lanes may part.
    The kernel's `tile.shared_bytes` is the sum. More than `limit` is an error
    that says which rings take how much.

    ```mlir
    tile.kernel @two() items [1]
        schedule <rows = 16, cols = 16, warps = 8, stages = 2> {
      %a = tile.alloc_shared scope cta : memref<2x16x64xbf16, 3>
      %b = tile.alloc_shared scope warp : memref<2x16x64xbf16, 3>
      tile.return
    }
    ```
  }];
  let options = [Option<"limit", "limit", "int64_t", "232448",
                        "bytes of shared memory that a CTA may have">];
  let dependentDialects = ["::llsa::tile::TileDialect"];
}

#endif // LLSA_STAGING_PASSES_TD

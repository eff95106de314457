// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-stage-streams,canonicalize,cse))' | FileCheck %s --check-prefix=ASYNC
// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-stage-streams{bulk=true},canonicalize,cse))' | FileCheck %s --check-prefix=BULK

// All warps take the same keys. By cp.async, the wait for an element is the
// barrier behind which the slot of the element before is filled again.

// ASYNC-LABEL: tile.kernel @scores
// ASYNC: %[[RING:.*]] = tile.alloc_shared scope cta : memref<2x32x64xbf16, 3>
// ASYNC: tile.copy_async %{{.*}} to %[[RING]][%c0]
// ASYNC: tile.commit_group
// ASYNC: scf.for %[[I:.*]] = %c0 to %c8
// ASYNC:   %[[LATER:.*]] = arith.addi %[[I]], %c1
// ASYNC:   tile.wait_group 0 scope cta
// ASYNC:   scf.if
// ASYNC:     tile.copy_async
// ASYNC:   tile.commit_group
// ASYNC:   tile.shared_tile %[[RING]]
// ASYNC-NOT: tile.stream

// By the copy engine: every warp gives the slot of the element before back, the
// producer fills it again, and all wait for the element at hand.

// BULK-LABEL: tile.kernel @scores
// BULK: %[[RING:.*]] = tile.alloc_shared scope cta : memref<2x32x64xbf16, 3>
// BULK: %[[BARS:.*]] = tile.alloc_barriers scope cta : memref<2xi64, 3>
// BULK: tile.barrier scope cta
// BULK: %[[P:.*]] = tile.is_producer scope cta
// BULK: scf.if %[[P]]
// BULK:   tile.expect %[[BARS]][%c0] round %c0 bytes 4096
// BULK:   tile.bulk_copy %{{.*}} to %[[RING]][%c0] full %[[BARS]]
// BULK: scf.for
// BULK:   scf.if
// BULK:     tile.release %[[BARS]]
// BULK:   scf.if
// BULK:     tile.expect %[[BARS]]
// BULK:     tile.bulk_copy
// BULK:   tile.await %[[BARS]]
// BULK:   tile.shared_tile %[[RING]]
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
    %n = tile.dot %a, %b, %sum transpose_b
        : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
    scf.yield %n : tensor<16x32xf32>
  }
  tile.store %d, %o[%row, %c0] : tensor<16x32xf32>, memref<64x32xf32>
  tile.return
}

// Memory that each warp chooses is its own, and the copy engine, which is told of
// arguments alone, cannot copy from it.

// ASYNC-LABEL: tile.kernel @chosen
// ASYNC: tile.alloc_shared scope warp : memref<2x32x64xbf16, 3>
// ASYNC: tile.copy_async

// BULK-LABEL: tile.kernel @chosen
// BULK: tile.alloc_shared scope warp : memref<2x32x64xbf16, 3>
// BULK-NOT: tile.bulk_copy
// BULK: tile.copy_async
tile.kernel @chosen(%q: memref<64x64xbf16>, %k: memref<256x64xbf16>, %v: memref<256x64xbf16>, %o: memref<64x32xf32>)
    items [4] schedule <rows = 16, cols = 32, warps = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant dense<0.0> : tensor<16x32xf32>
  %w = tile.work_item : index
  %first = arith.cmpi eq, %w, %c0 : index
  %either = arith.select %first, %k, %v : memref<256x64xbf16>
  %row = arith.muli %w, %c16 : index
  %a = tile.load %q[%row, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %s = tile.stream count 8 {
  ^bb0(%i: index):
    %r = arith.muli %i, %c32 : index
    %t = tile.load %either[%r, %c0] : memref<256x64xbf16> -> tensor<32x64xbf16>
    tile.stream_yield %t : tensor<32x64xbf16>
  } : !tile.stream<tensor<32x64xbf16>>
  %d = scf.for %i = %c0 to %c8 step %c1 iter_args(%sum = %zero) -> tensor<16x32xf32> {
    %b = tile.next %s[%i] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
    %n = tile.dot %a, %b, %sum transpose_b
        : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
    scf.yield %n : tensor<16x32xf32>
  }
  tile.store %d, %o[%row, %c0] : tensor<16x32xf32>, memref<64x32xf32>
  tile.return
}

// Each warp gathers the blocks of its own index row: rings and barriers of its
// own, and a producer. Two sources in one stream are a branch.

// ASYNC-LABEL: tile.kernel @private
// ASYNC: tile.alloc_shared scope warp : memref<2x16x64xbf16, 3>
// ASYNC: scf.for
// ASYNC:   tile.wait_group 0 scope warp
// ASYNC:   scf.if
// ASYNC:     scf.if
// ASYNC:       tile.gather_async
// ASYNC:     else
// ASYNC:       tile.copy_async

// BULK-LABEL: tile.kernel @private
// BULK: tile.alloc_shared scope warp : memref<2x16x64xbf16, 3>
// BULK: tile.alloc_barriers scope warp
// BULK: tile.barrier scope warp
// BULK: tile.is_producer scope warp
// BULK: scf.for
// BULK:   tile.release
// BULK:   scf.if
// BULK:     tile.expect
// BULK:     scf.if
// BULK:       tile.bulk_gather
// BULK:     else
// BULK:       tile.bulk_copy
// BULK:   tile.await
tile.kernel @private(%q: memref<64x64xbf16>, %k: memref<256x64xbf16>, %x: memref<4x4xi32>, %o: memref<64x16xf32>)
    items [4] schedule <rows = 16, cols = 32, warps = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %w = tile.work_item : index
  %row = arith.muli %w, %c16 : index
  %a = tile.load %q[%row, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %s = tile.stream count 8 {
  ^bb0(%i: index):
    %first = arith.cmpi ult, %i, %c4 : index
    %t = scf.if %first -> (tensor<16x64xbf16>) {
      %rows = tile.block_rows %x[%w, %i] block 16 limit 256 : memref<4x4xi32> -> tensor<1x16xi32>
      %g = tile.gather %k[%c0] at %rows : memref<256x64xbf16>, tensor<1x16xi32> -> tensor<16x64xbf16>
      scf.yield %g : tensor<16x64xbf16>
    } else {
      %r = arith.muli %i, %c16 : index
      %l = tile.load %k[%r, %c0] : memref<256x64xbf16> -> tensor<16x64xbf16>
      scf.yield %l : tensor<16x64xbf16>
    }
    tile.stream_yield %t : tensor<16x64xbf16>
  } : !tile.stream<tensor<16x64xbf16>>
  %d = scf.for %i = %c0 to %c8 step %c1 iter_args(%sum = %zero) -> tensor<16x16xf32> {
    %b = tile.next %s[%i] : !tile.stream<tensor<16x64xbf16>> -> tensor<16x64xbf16>
    %n = tile.dot %a, %b, %sum transpose_b
        : tensor<16x64xbf16>, tensor<16x64xbf16> -> tensor<16x16xf32>
    scf.yield %n : tensor<16x16xf32>
  }
  tile.store %d, %o[%row, %c0] : tensor<16x16xf32>, memref<64x16xf32>
  tile.return
}

// A stream whose length is known only when the kernel runs, of tiles and rows of
// float32: what does not exist is not copied.

// ASYNC-LABEL: tile.kernel @list
// ASYNC: %[[TILES:.*]] = tile.alloc_shared scope warp : memref<2x16x64xbf16, 3>
// ASYNC: %[[ROWS:.*]] = tile.alloc_shared scope warp : memref<2x1x16xf32, 3>
// ASYNC: %[[LENGTH:.*]] = arith.index_cast
// ASYNC: %[[FIRST:.*]] = arith.cmpi sgt, %[[LENGTH]], %c0
// ASYNC: scf.if %[[FIRST]]
// ASYNC:   tile.copy_async %{{.*}} to %[[TILES]][%c0]
// ASYNC:   tile.copy_async %{{.*}} to %[[ROWS]][%c0]
// ASYNC: tile.commit_group
// ASYNC: scf.for %{{.*}} = %c0 to %[[LENGTH]]
// ASYNC:   arith.cmpi slt, %{{.*}}, %[[LENGTH]]
// ASYNC:   %[[ROW:.*]] = tile.shared_tile %[[ROWS]]
// ASYNC:   tile.broadcast %[[ROW]]

// BULK-LABEL: tile.kernel @list
// BULK: scf.if
// BULK:   scf.if
// BULK:     tile.expect %{{.*}} bytes 2112
// BULK:     tile.bulk_copy
// BULK:     tile.bulk_copy {{.*}} memref<2x1x16xf32, 3>
tile.kernel @list(%q: memref<64x64xbf16>, %k: memref<256x64xbf16>, %w: memref<1x256xf32>, %n: memref<4xi32>, %o: memref<64x16xf32>)
    items [4] schedule <rows = 16, cols = 16, warps = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %item = tile.work_item : index
  %row = arith.muli %item, %c16 : index
  %a = tile.load %q[%row, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %number = memref.load %n[%item] : memref<4xi32>
  %length = arith.index_cast %number : i32 to index
  %s = tile.stream count 16 length %length {
  ^bb0(%i: index):
    %r = arith.muli %i, %c16 : index
    %t = tile.load %k[%r, %c0] : memref<256x64xbf16> -> tensor<16x64xbf16>
    %v = tile.load %w[%c0, %r] : memref<1x256xf32> -> tensor<1x16xf32>
    tile.stream_yield %t, %v : tensor<16x64xbf16>, tensor<1x16xf32>
  } : !tile.stream<tensor<16x64xbf16>, tensor<1x16xf32>>
  %d = scf.for %i = %c0 to %length step %c1 iter_args(%sum = %zero) -> tensor<16x16xf32> {
    %b:2 = tile.next %s[%i] : !tile.stream<tensor<16x64xbf16>, tensor<1x16xf32>>
        -> tensor<16x64xbf16>, tensor<1x16xf32>
    %x = tile.dot %a, %b#0, %zero transpose_b
        : tensor<16x64xbf16>, tensor<16x64xbf16> -> tensor<16x16xf32>
    %y = tile.broadcast %b#1 : tensor<1x16xf32> -> tensor<16x16xf32>
    %z = arith.mulf %x, %y : tensor<16x16xf32>
    %m = arith.addf %sum, %z : tensor<16x16xf32>
    scf.yield %m : tensor<16x16xf32>
  }
  tile.store %d, %o[%row, %c0] : tensor<16x16xf32>, memref<64x16xf32>
  tile.return
}

// Steps of two elements: the slot that is given back, and filled again, is that
// of two elements before.

// ASYNC-LABEL: tile.kernel @held
// ASYNC: tile.alloc_shared scope cta : memref<4x32x64xbf16, 3>
// ASYNC: tile.copy_async %{{.*}}[%c0, %c0]
// ASYNC: tile.commit_group
// ASYNC: tile.copy_async %{{.*}}[%c32, %c0]
// ASYNC: tile.commit_group
// ASYNC-NOT: tile.copy_async
// ASYNC: scf.for
// ASYNC:   tile.wait_group 1 scope cta

// BULK-LABEL: tile.kernel @held
// BULK: tile.expect %[[BARS:.*]][%c0] round %c0
// BULK: tile.expect %[[BARS]][%c1] round %c0
// BULK-NOT: tile.expect
// BULK: scf.for %[[I:.*]] = %c0 to %c8 step %c2
// BULK:   %[[LATER:.*]] = arith.addi %[[I]], %c2
// BULK:   arith.cmpi ult, %[[LATER]], %c8
// BULK:   %[[FREES:.*]] = arith.cmpi uge, %[[I]], %c2
// BULK:   scf.if %[[FREES]]
// BULK:     arith.index_castui %[[LATER]]
// BULK:     tile.release %[[BARS]]
tile.kernel @held(%q: memref<64x64xbf16>, %k: memref<256x64xbf16>, %o: memref<64x32xf32>)
    items [4] schedule <rows = 16, cols = 32, warps = 4, stages = 4> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant dense<0.0> : tensor<16x32xf32>
  %w = tile.work_item : index
  %row = arith.muli %w, %c16 : index
  %a = tile.load %q[%row, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %s = tile.stream count 8 held 2 {
  ^bb0(%i: index):
    %r = arith.muli %i, %c32 : index
    %t = tile.load %k[%r, %c0] : memref<256x64xbf16> -> tensor<32x64xbf16>
    tile.stream_yield %t : tensor<32x64xbf16>
  } : !tile.stream<tensor<32x64xbf16>>
  %d = scf.for %i = %c0 to %c8 step %c2 iter_args(%sum = %zero) -> tensor<16x32xf32> {
    %b0 = tile.next %s[%i] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
    %j = arith.addi %i, %c1 : index
    %b1 = tile.next %s[%j] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
    %n0 = tile.dot %a, %b0, %sum transpose_b
        : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
    %n1 = tile.dot %a, %b1, %n0 transpose_b
        : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
    scf.yield %n1 : tensor<16x32xf32>
  }
  tile.store %d, %o[%row, %c0] : tensor<16x32xf32>, memref<64x32xf32>
  tile.return
}

// A late stream gives slots back, and has others filled, in front of what reads
// the first product with the new element; the wait for that one is a wait for
// the sums of the element before. The private stream beside it does so at once.

// BULK-LABEL: tile.kernel @late
// BULK: %[[BARS:.*]] = tile.alloc_barriers scope cta
// BULK: %[[OWN:.*]] = tile.alloc_barriers scope warp
// BULK: scf.for
// BULK-NOT: tile.release %[[BARS]]
// BULK:   tile.await %[[BARS]]
// BULK:   tile.release %[[OWN]]
// BULK:   tile.expect %[[OWN]]
// BULK:   tile.await %[[OWN]]
// BULK:   %[[S:.*]] = tile.dot
// BULK:   tile.dot
// BULK-NOT: arith.mulf
// BULK:   tile.release %[[BARS]]
// BULK:   tile.expect %[[BARS]]
// BULK:   arith.mulf %[[S]]
tile.kernel @late(%q: memref<64x64xbf16>, %k: memref<256x64xbf16>, %x: memref<4x8xi32>, %o: memref<64x64xf32>)
    items [4] schedule <rows = 16, cols = 32, warps = 4, stages = 4, private_cols = 16, private_stages = 2> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %shared = arith.constant dense<0.0> : tensor<16x32xf32>
  %private = arith.constant dense<0.0> : tensor<16x16xf32>
  %sums = arith.constant dense<0.0> : tensor<16x64xf32>
  %w = tile.work_item : index
  %row = arith.muli %w, %c16 : index
  %a = tile.load %q[%row, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %s = tile.stream count 8 late {
  ^bb0(%i: index):
    %r = arith.muli %i, %c32 : index
    %t = tile.load %k[%r, %c0] : memref<256x64xbf16> -> tensor<32x64xbf16>
    tile.stream_yield %t : tensor<32x64xbf16>
  } : !tile.stream<tensor<32x64xbf16>>
  %p = tile.stream count 8 {
  ^bb0(%i: index):
    %r = tile.block_rows %x[%w, %i] block 16 limit 256 : memref<4x8xi32> -> tensor<1x16xi32>
    %t = tile.gather %k[%c0] at %r : memref<256x64xbf16>, tensor<1x16xi32> -> tensor<16x64xbf16>
    tile.stream_yield %t : tensor<16x64xbf16>
  } : !tile.stream<tensor<16x64xbf16>>
  %d = scf.for %i = %c0 to %c8 step %c1 iter_args(%sum = %sums) -> tensor<16x64xf32> {
    %b = tile.next %s[%i] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
    %c = tile.next %p[%i] : !tile.stream<tensor<16x64xbf16>> -> tensor<16x64xbf16>
    %n = tile.dot %a, %b, %shared transpose_b
        : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
    %m = tile.dot %a, %c, %private transpose_b
        : tensor<16x64xbf16>, tensor<16x64xbf16> -> tensor<16x16xf32>
    %n2 = arith.mulf %n, %n : tensor<16x32xf32>
    %m2 = arith.mulf %m, %m : tensor<16x16xf32>
    %n3 = arith.truncf %n2 : tensor<16x32xf32> to tensor<16x32xbf16>
    %m3 = arith.truncf %m2 : tensor<16x16xf32> to tensor<16x16xbf16>
    %first = tile.dot %m3, %c, %sum
        : tensor<16x16xbf16>, tensor<16x64xbf16> -> tensor<16x64xf32>
    %both = tile.dot %n3, %b, %first
        : tensor<16x32xbf16>, tensor<32x64xbf16> -> tensor<16x64xf32>
    scf.yield %both : tensor<16x64xf32>
  }
  tile.store %d, %o[%row, %c0] : tensor<16x64xf32>, memref<64x64xf32>
  tile.return
}

// Nobody reads a product before the last one: the third element is on its way
// when it is waited for, all the same.

// BULK-LABEL: tile.kernel @late_chain
// BULK-COUNT-2: tile.expect %[[BARS:.*]][
// BULK:   tile.await %[[BARS]][%c0]
// BULK:   tile.dot
// BULK:   tile.await %[[BARS]][%c1]
// BULK:   tile.dot
// BULK:   tile.expect %[[BARS]][%c2]
// BULK:   tile.await %[[BARS]][%c2]
// BULK:   tile.dot
tile.kernel @late_chain(%q: memref<64x64xbf16>, %k: memref<96x64xbf16>, %o: memref<64x32xf32>)
    items [4] schedule <rows = 16, cols = 32, warps = 4, stages = 4> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant dense<0.0> : tensor<16x32xf32>
  %w = tile.work_item : index
  %row = arith.muli %w, %c16 : index
  %a = tile.load %q[%row, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %s = tile.stream count 3 late {
  ^bb0(%i: index):
    %r = arith.muli %i, %c32 : index
    %t = tile.load %k[%r, %c0] : memref<96x64xbf16> -> tensor<32x64xbf16>
    tile.stream_yield %t : tensor<32x64xbf16>
  } : !tile.stream<tensor<32x64xbf16>>
  %b0 = tile.next %s[%c0] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
  %d0 = tile.dot %a, %b0, %zero transpose_b
      : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
  %b1 = tile.next %s[%c1] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
  %d1 = tile.dot %a, %b1, %d0 transpose_b
      : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
  %b2 = tile.next %s[%c2] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
  %d2 = tile.dot %a, %b2, %d1 transpose_b
      : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
  tile.store %d2, %o[%row, %c0] : tensor<16x32xf32>, memref<64x32xf32>
  tile.return
}

// Where copies do not run that far ahead, it is like any other.

// BULK-LABEL: tile.kernel @soon
// BULK: scf.for
// BULK:   tile.release
// BULK:   tile.expect
// BULK:   tile.await
// BULK:   tile.dot
tile.kernel @soon(%q: memref<64x64xbf16>, %k: memref<256x64xbf16>, %o: memref<64x32xf32>)
    items [4] schedule <rows = 16, cols = 32, warps = 4, stages = 1> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant dense<0.0> : tensor<16x32xf32>
  %w = tile.work_item : index
  %row = arith.muli %w, %c16 : index
  %a = tile.load %q[%row, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %s = tile.stream count 8 late {
  ^bb0(%i: index):
    %r = arith.muli %i, %c32 : index
    %t = tile.load %k[%r, %c0] : memref<256x64xbf16> -> tensor<32x64xbf16>
    tile.stream_yield %t : tensor<32x64xbf16>
  } : !tile.stream<tensor<32x64xbf16>>
  %d = scf.for %i = %c0 to %c8 step %c1 iter_args(%sum = %zero) -> tensor<16x32xf32> {
    %b = tile.next %s[%i] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
    %n = tile.dot %a, %b, %zero transpose_b
        : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
    %m = arith.addf %n, %sum : tensor<16x32xf32>
    scf.yield %m : tensor<16x32xf32>
  }
  tile.store %d, %o[%row, %c0] : tensor<16x32xf32>, memref<64x32xf32>
  tile.return
}

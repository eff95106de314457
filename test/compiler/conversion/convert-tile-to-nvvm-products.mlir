// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-stage-streams{bulk=true},tile-lower-gather,tile-assign-layouts,tile-allocate-shared),convert-tile-to-nvvm,canonicalize,cse)' | FileCheck %s

// Of a late stream: the sums that a loop carries are in flight at a step's end.
// The next step's first product starts, then both are waited for, then the slot
// is given back. Behind the loop somebody waits once more.

// CHECK-LABEL: func.func @late(
// CHECK:      scf.for
// CHECK:        mbarrier.try_wait
// CHECK:        wgmma.mma_async.sync.aligned.m64n32k16
// CHECK-NOT:    mbarrier.arrive
// CHECK:        "wgmma.wait_group.sync.aligned 0;"
// CHECK:        "mbarrier.arrive.shared
// CHECK:        wgmma.mma_async.sync.aligned.m64n64k16
// CHECK-NOT:    wgmma.wait_group
// CHECK:        scf.yield
// CHECK:      }
// CHECK:      "wgmma.wait_group.sync.aligned 0;"
tile.kernel @late(%q: memref<64x64xbf16>, %k: memref<256x64xbf16>, %o: memref<64x64xf32>)
    items [4] schedule <rows = 16, cols = 32, warps = 4, stages = 4> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %none = arith.constant dense<0.0> : tensor<16x32xf32>
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
  %d = scf.for %i = %c0 to %c8 step %c1 iter_args(%sum = %sums) -> tensor<16x64xf32> {
    %b = tile.next %s[%i] : !tile.stream<tensor<32x64xbf16>> -> tensor<32x64xbf16>
    %n = tile.dot %a, %b, %none transpose_b
        : tensor<16x64xbf16>, tensor<32x64xbf16> -> tensor<16x32xf32>
    %m = arith.mulf %n, %n : tensor<16x32xf32>
    %p = arith.truncf %m : tensor<16x32xf32> to tensor<16x32xbf16>
    %both = tile.dot %p, %b, %sum
        : tensor<16x32xbf16>, tensor<32x64xbf16> -> tensor<16x64xf32>
    scf.yield %both : tensor<16x64xf32>
  }
  tile.store %d, %o[%row, %c0] : tensor<16x64xf32>, memref<64x64xf32>
  tile.return
}

// Two chains: the products of the second step of the depth do not wait for those
// of the first.

// CHECK-LABEL: func.func @chains(
// CHECK-COUNT-4: nvvm.mma.sync {{.*}} C[%cst, %cst
// CHECK-NOT:     C[%cst
// CHECK-COUNT-4: nvvm.mma.sync
// CHECK-NOT:     nvvm.mma.sync
// CHECK-COUNT-8: arith.addf
tile.kernel @chains(%q: memref<16x64xbf16>, %k: memref<16x64xbf16>, %o: memref<16x16xf32>)
    items [1] schedule <rows = 16, cols = 16, warps = 1, stages = 2> {
  %c0 = arith.constant 0 : index
  %none = arith.constant dense<0.0> : tensor<16x16xf32>
  %a = tile.load %q[%c0, %c0] : memref<16x64xbf16> -> tensor<16x64xbf16>
  %s = tile.stream count 1 {
  ^bb0(%i: index):
    %t = tile.load %k[%i, %c0] : memref<16x64xbf16> -> tensor<16x64xbf16>
    tile.stream_yield %t : tensor<16x64xbf16>
  } : !tile.stream<tensor<16x64xbf16>>
  %b = tile.next %s[%c0] : !tile.stream<tensor<16x64xbf16>> -> tensor<16x64xbf16>
  %d = tile.dot %a, %b, %none transpose_b two_chains
      : tensor<16x64xbf16>, tensor<16x64xbf16> -> tensor<16x16xf32>
  tile.store %d, %o[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
  tile.return
}

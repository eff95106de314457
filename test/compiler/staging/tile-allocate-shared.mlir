// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-allocate-shared))' | FileCheck %s

// The second ring takes the first one's place once that is done with, behind a
// barrier of the CTA. A ring per warp takes as many places as there are warps.

// CHECK-LABEL: tile.kernel @two
// CHECK-SAME:  tile.shared_bytes = 8192
// CHECK: tile.alloc_shared scope warp offset 0 : memref<2x8x64xbf16, 3>
// CHECK: tile.alloc_shared scope cta offset 0 : memref<1x64x64xbf16, 3>
// CHECK: tile.copy_async
// CHECK-NEXT: tile.barrier scope cta
// CHECK-NEXT: tile.copy_async
tile.kernel @two(%k: memref<64x64xbf16>) items [4]
    schedule <rows = 16, cols = 64, warps = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %own = tile.alloc_shared scope warp : memref<2x8x64xbf16, 3>
  %all = tile.alloc_shared scope cta : memref<1x64x64xbf16, 3>
  tile.copy_async %k[%c0, %c0] to %own[%c0] : memref<64x64xbf16>, memref<2x8x64xbf16, 3>
  tile.copy_async %k[%c0, %c0] to %all[%c0] : memref<64x64xbf16>, memref<1x64x64xbf16, 3>
  tile.return
}

// Lanes of a single warp may part: one's copy would meet what another one reads.

// CHECK-LABEL: tile.kernel @one_warp
// CHECK: tile.copy_async
// CHECK-NEXT: tile.barrier scope cta
// CHECK-NEXT: tile.copy_async
tile.kernel @one_warp(%k: memref<64x64xbf16>) items [4]
    schedule <rows = 16, cols = 64, warps = 1, stages = 1> {
  %c0 = arith.constant 0 : index
  %a = tile.alloc_shared scope warp : memref<1x8x64xbf16, 3>
  %b = tile.alloc_shared scope warp : memref<1x8x64xbf16, 3>
  tile.copy_async %k[%c0, %c0] to %a[%c0] : memref<64x64xbf16>, memref<1x8x64xbf16, 3>
  tile.copy_async %k[%c0, %c0] to %b[%c0] : memref<64x64xbf16>, memref<1x8x64xbf16, 3>
  tile.return
}

// Rings in use at the same time have places of their own.

// CHECK-LABEL: tile.kernel @together
// CHECK-SAME:  tile.shared_bytes = 16384
// CHECK: tile.alloc_shared scope cta offset 0
// CHECK: tile.alloc_shared scope cta offset 8192
tile.kernel @together(%k: memref<64x64xbf16>) items [4]
    schedule <rows = 16, cols = 64, warps = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %a = tile.alloc_shared scope cta : memref<1x64x64xbf16, 3>
  %b = tile.alloc_shared scope cta : memref<1x64x64xbf16, 3>
  tile.copy_async %k[%c0, %c0] to %a[%c0] : memref<64x64xbf16>, memref<1x64x64xbf16, 3>
  tile.copy_async %k[%c0, %c0] to %b[%c0] : memref<64x64xbf16>, memref<1x64x64xbf16, 3>
  tile.copy_async %k[%c0, %c0] to %a[%c0] : memref<64x64xbf16>, memref<1x64x64xbf16, 3>
  tile.return
}

// What is copied and never read still arrives: its place is free once that is
// waited for.

// CHECK-LABEL: tile.kernel @unread
// CHECK-SAME:  tile.shared_bytes = 16384
// CHECK: tile.alloc_shared scope cta offset 0
// CHECK: tile.alloc_shared scope cta offset 8192
// CHECK: tile.alloc_shared scope cta offset 0
tile.kernel @unread(%k: memref<64x64xbf16>) items [4]
    schedule <rows = 16, cols = 64, warps = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %a = tile.alloc_shared scope cta : memref<1x64x64xbf16, 3>
  %b = tile.alloc_shared scope cta : memref<1x64x64xbf16, 3>
  %c = tile.alloc_shared scope cta : memref<1x64x64xbf16, 3>
  tile.copy_async %k[%c0, %c0] to %a[%c0] : memref<64x64xbf16>, memref<1x64x64xbf16, 3>
  tile.copy_async %k[%c0, %c0] to %b[%c0] : memref<64x64xbf16>, memref<1x64x64xbf16, 3>
  tile.wait_group 0 scope cta
  tile.copy_async %k[%c0, %c0] to %c[%c0] : memref<64x64xbf16>, memref<1x64x64xbf16, 3>
  tile.return
}

// A slot is read where its tile is, not where it is named.

// CHECK-LABEL: tile.kernel @readers
// CHECK-SAME:  tile.shared_bytes = 16384
// CHECK: tile.alloc_shared scope cta offset 0
// CHECK: tile.alloc_shared scope cta offset 8192
tile.kernel @readers(%k: memref<64x64xbf16>, %o: memref<16x64xf32>) items [4]
    schedule <rows = 16, cols = 64, warps = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x64xf32>
  %q = tile.load %k[%c0, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %a = tile.alloc_shared scope cta : memref<1x64x64xbf16, 3>
  %b = tile.alloc_shared scope cta : memref<1x64x64xbf16, 3>
  tile.copy_async %k[%c0, %c0] to %a[%c0] : memref<64x64xbf16>, memref<1x64x64xbf16, 3>
  tile.wait_group 0 scope cta
  %t = tile.shared_tile %a[%c0] : memref<1x64x64xbf16, 3> -> tensor<64x64xbf16>
  tile.copy_async %k[%c0, %c0] to %b[%c0] : memref<64x64xbf16>, memref<1x64x64xbf16, 3>
  %d = tile.dot %q, %t, %zero transpose_b : tensor<16x64xbf16>, tensor<64x64xbf16> -> tensor<16x64xf32>
  tile.wait_group 0 scope cta
  tile.store %d, %o[%c0, %c0] : tensor<16x64xf32>, memref<16x64xf32>
  tile.return
}

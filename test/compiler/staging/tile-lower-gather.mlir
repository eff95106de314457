// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-lower-gather))' | FileCheck %s

// All warps of a CTA load the same keys, and each gathers blocks of its own: one
// ring for the CTA, one for each warp.

// CHECK-LABEL: tile.kernel @attend
// CHECK-DAG: %[[OWN:.*]] = tile.alloc_shared scope warp : memref<1x16x64xbf16, 3>
// CHECK-DAG: %[[ALL:.*]] = tile.alloc_shared scope cta : memref<1x64x64xbf16, 3>
// CHECK:     tile.barrier scope cta
// CHECK:     tile.copy_async %{{.*}}[%{{.*}}] to %[[ALL]]
// CHECK:     tile.commit_group
// CHECK:     tile.wait_group 0 scope cta
// CHECK:     %[[B:.*]] = tile.shared_tile %[[ALL]]
// CHECK:     tile.dot %{{.*}}, %[[B]], %{{.*}} transpose_b
// CHECK:     tile.barrier scope warp
// CHECK:     tile.gather_async %{{.*}} at %{{.*}} to %[[OWN]]
// CHECK:     tile.wait_group 0 scope warp
tile.kernel @attend(%q: memref<1024x64xbf16>, %k: memref<1024x64xbf16>, %i: memref<64x8xi32>,
                    %s: memref<1024x64xf32>, %t: memref<1024x16xf32>) items [64]
    schedule <rows = 16, cols = 64, warps = 8, stages = 1> {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant dense<0.0> : tensor<16x64xf32>
  %none = arith.constant dense<0.0> : tensor<16x16xf32>
  %item = tile.work_item : index
  %r = arith.muli %item, %c16 : index
  %a = tile.load %q[%r, %c0] : memref<1024x64xbf16> -> tensor<16x64xbf16>
  %b = tile.load %k[%c0, %c0] : memref<1024x64xbf16> -> tensor<64x64xbf16>
  %d = tile.dot %a, %b, %zero transpose_b
      : tensor<16x64xbf16>, tensor<64x64xbf16> -> tensor<16x64xf32>
  tile.store %d, %s[%r, %c0] : tensor<16x64xf32>, memref<1024x64xf32>
  %rows = tile.block_rows %i[%item, %c0] block 16 limit 1024 : memref<64x8xi32> -> tensor<1x16xi32>
  %g = tile.gather %k[%c0] at %rows
      : memref<1024x64xbf16>, tensor<1x16xi32> -> tensor<16x64xbf16>
  %e = tile.dot %a, %g, %none transpose_b
      : tensor<16x64xbf16>, tensor<16x64xbf16> -> tensor<16x16xf32>
  tile.store %e, %t[%r, %c0] : tensor<16x16xf32>, memref<1024x16xf32>
  tile.return
}

// An index row that 128 queries, the 8 tiles of a CTA, share is uniform; one
// that 64 share is not.

// CHECK-LABEL: tile.kernel @shared_row
// CHECK:       tile.alloc_shared scope cta
tile.kernel @shared_row(%q: memref<1024x64xbf16>, %k: memref<1024x64xbf16>, %i: memref<8x8xi32>,
                        %t: memref<1024x16xf32>) items [64]
    schedule <rows = 16, cols = 64, warps = 8, stages = 1> {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c128 = arith.constant 128 : index
  %none = arith.constant dense<0.0> : tensor<16x16xf32>
  %item = tile.work_item : index
  %r = arith.muli %item, %c16 : index
  %row = arith.divui %r, %c128 : index
  %a = tile.load %q[%r, %c0] : memref<1024x64xbf16> -> tensor<16x64xbf16>
  %rows = tile.block_rows %i[%row, %c0] block 16 limit 1024 : memref<8x8xi32> -> tensor<1x16xi32>
  %g = tile.gather %k[%c0] at %rows
      : memref<1024x64xbf16>, tensor<1x16xi32> -> tensor<16x64xbf16>
  %e = tile.dot %a, %g, %none transpose_b
      : tensor<16x64xbf16>, tensor<16x64xbf16> -> tensor<16x16xf32>
  tile.store %e, %t[%r, %c0] : tensor<16x16xf32>, memref<1024x16xf32>
  tile.return
}

// CHECK-LABEL: tile.kernel @private_row
// CHECK:       tile.alloc_shared scope warp
tile.kernel @private_row(%q: memref<1024x64xbf16>, %k: memref<1024x64xbf16>, %i: memref<16x8xi32>,
                         %t: memref<1024x16xf32>) items [64]
    schedule <rows = 16, cols = 64, warps = 8, stages = 1> {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %none = arith.constant dense<0.0> : tensor<16x16xf32>
  %item = tile.work_item : index
  %r = arith.muli %item, %c16 : index
  %row = arith.divui %r, %c64 : index
  %a = tile.load %q[%r, %c0] : memref<1024x64xbf16> -> tensor<16x64xbf16>
  %rows = tile.block_rows %i[%row, %c0] block 16 limit 1024 : memref<16x8xi32> -> tensor<1x16xi32>
  %g = tile.gather %k[%c0] at %rows
      : memref<1024x64xbf16>, tensor<1x16xi32> -> tensor<16x64xbf16>
  %e = tile.dot %a, %g, %none transpose_b
      : tensor<16x64xbf16>, tensor<16x64xbf16> -> tensor<16x16xf32>
  tile.store %e, %t[%r, %c0] : tensor<16x16xf32>, memref<1024x16xf32>
  tile.return
}

// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-lower-gather,tile-pipeline-loads,canonicalize))' | FileCheck %s

// Three slots: two steps are started before the loop; step i waits for its own
// copies, starts those of step i + 2, then works.

// CHECK-LABEL: tile.kernel @scores
// CHECK: %[[RING:.*]] = tile.alloc_shared scope cta : memref<3x64x64xbf16, 3>
// CHECK: tile.barrier scope cta
// CHECK: tile.copy_async %{{.*}} to %[[RING]][%c0]
// CHECK: tile.commit_group
// CHECK: tile.copy_async %{{.*}} to %[[RING]][%c1]
// CHECK: tile.commit_group
// CHECK: scf.for
// CHECK:   tile.wait_group 1 scope cta
// CHECK:   scf.if
// CHECK:     tile.copy_async
// CHECK:   tile.commit_group
// CHECK:   tile.shared_tile %[[RING]]
// CHECK-NOT: tile.wait_group
// CHECK: tile.return
tile.kernel @scores(%q: memref<64x64xbf16>, %k: memref<1024x64xbf16>, %s: memref<64x64xf32>)
    items [4] schedule <rows = 16, cols = 64, warps = 4, stages = 3> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<16x64xf32>
  %item = tile.work_item : index
  %r = arith.muli %item, %c16 : index
  %a = tile.load %q[%r, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %sum = scf.for %i = %c0 to %c16 step %c1 iter_args(%acc = %zero) -> (tensor<16x64xf32>) {
    %j = arith.muli %i, %c64 : index
    %b = tile.load %k[%j, %c0] : memref<1024x64xbf16> -> tensor<64x64xbf16>
    %d = tile.dot %a, %b, %acc transpose_b
        : tensor<16x64xbf16>, tensor<64x64xbf16> -> tensor<16x64xf32>
    scf.yield %d : tensor<16x64xf32>
  }
  tile.store %sum, %s[%r, %c0] : tensor<16x64xf32>, memref<64x64xf32>
  tile.return
}

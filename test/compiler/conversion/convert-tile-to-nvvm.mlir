// RUN: llsa-opt %s --convert-tile-to-nvvm --canonicalize | FileCheck %s

// A product: the left operand in registers, the right one from shared memory by
// ldmatrix, one mma for 16 rows, 8 columns and a depth of 16.

// CHECK:       llvm.mlir.global external @llsa_shared() {addr_space = 3 : i32, alignment = 1024 : i64}
// CHECK-LABEL: func.func @scores
// CHECK-SAME:  (%[[Q:.*]]: !llvm.ptr<1>, %[[K:.*]]: !llvm.ptr<1>, %[[S:.*]]: !llvm.ptr<1>)
// CHECK-SAME:  llsa.shared_bytes = 1024
// CHECK-SAME:  llsa.threads = 64
// CHECK:       llvm.inline_asm has_side_effects "cp.async.cg.shared.global [$0], [$1], 16;"
// CHECK:       nvvm.cp.async.commit.group
// CHECK:       nvvm.cp.async.wait.group 0
// CHECK:       nvvm.barrier
// CHECK-COUNT-1: llvm.inline_asm has_side_effects "ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK-COUNT-2: nvvm.mma.sync
// CHECK-NOT:   nvvm.mma.sync
// CHECK:       llvm.store %{{.*}} {alignment = 8 : i64} : vector<2xf32>
tile.kernel @scores(%q: memref<32x16xbf16>, %k: memref<16x16xbf16>, %s: memref<32x16xf32>) items [2]
    schedule <rows = 16, cols = 16, warps = 2, stages = 1>
    attributes {tile.lane_columns = 2 : i64, tile.shared_bytes = 1024 : i64} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %ring = tile.alloc_shared scope cta offset 0 : memref<1x16x16xbf16, 3>
  %item = tile.work_item : index
  %r = arith.muli %item, %c16 : index
  %a = tile.load %q[%r, %c0] : memref<32x16xbf16> -> tensor<16x16xbf16>
  tile.copy_async %k[%c0, %c0] to %ring[%c0] : memref<16x16xbf16>, memref<1x16x16xbf16, 3>
  tile.commit_group
  tile.wait_group 0 scope cta
  %b = tile.shared_tile %ring[%c0] : memref<1x16x16xbf16, 3> -> tensor<16x16xbf16>
  %d = tile.dot %a, %b, %zero transpose_b
      : tensor<16x16xbf16>, tensor<16x16xbf16> -> tensor<16x16xf32>
  tile.store %d, %s[%r, %c0] : tensor<16x16xf32>, memref<32x16xf32>
  tile.return
}

// A row's maximum: the lane's own columns, then the four lanes of the row. A
// stride that is open becomes an argument.

// CHECK-LABEL: func.func @row_maximum
// CHECK-SAME:  (%{{.*}}: !llvm.ptr<1>, %{{.*}}: i64, %{{.*}}: !llvm.ptr<1>)
// CHECK:       arith.maximumf
// CHECK-COUNT-4: nvvm.shfl.sync  bfly
// CHECK-NOT:   nvvm.shfl.sync
tile.kernel @row_maximum(%x: memref<16x32xf32, strided<[?, 1]>>, %y: memref<16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<16x32xf32, strided<[?, 1]>> -> tensor<16x32xf32>
  %m = tile.reduce max %t over cols : tensor<16x32xf32> -> tensor<16x1xf32>
  tile.store %m, %y[%c0] row_dim 0 : tensor<16x1xf32>, memref<16xf32>
  tile.return
}

// Four partial sums per row need no exchange; a vote asks all lanes at once.

// CHECK-LABEL: func.func @partial
// CHECK:       arith.addf
// CHECK-NOT:   nvvm.shfl.sync
// CHECK:       nvvm.vote.sync  any
// CHECK:       scf.if
tile.kernel @partial(%x: memref<16x32xf32>, %y: memref<16x4xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %one = arith.constant dense<1.0> : tensor<16x32xf32>
  %t = tile.load %x[%c0, %c0] : memref<16x32xf32> -> tensor<16x32xf32>
  %p = tile.reduce add %t over cols : tensor<16x32xf32> -> tensor<16x4xf32>
  %g = arith.cmpf ogt, %t, %one : tensor<16x32xf32>
  %some = tile.any %g : tensor<16x32xi1>
  scf.if %some {
    tile.store %p, %y[%c0, %c0] : tensor<16x4xf32>, memref<16x4xf32>
  }
  tile.return
}

// One call per element that a lane holds: 16 x 16 elements over 32 lanes.

// CHECK:       func.func private @bias(f32, index) -> f32 attributes {llsa.device_function}
// CHECK-LABEL: func.func @device_function
// CHECK-COUNT-8: call @bias(%{{.*}}, %{{.*}}) : (f32, index) -> f32
// CHECK-NOT:   call @
func.func private @bias(f32, index) -> f32 attributes {llsa.device_function}
tile.kernel @device_function(%x: memref<16x16xf32>, %y: memref<16x16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %i = arith.constant dense<7> : tensor<16x16xi64>
  %s = tile.load %x[%c0, %c0] : memref<16x16xf32> -> tensor<16x16xf32>
  %t = tile.call @bias(%s, %i) : (tensor<16x16xf32>, tensor<16x16xi64>) -> tensor<16x16xf32>
  tile.store %t, %y[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
  tile.return
}

// Divisors are not 0 here (convert-llsa-to-tile sees to that).

// CHECK-LABEL: func.func @divide
// CHECK-COUNT-8: arith.divsi %{{.*}}, %{{.*}} : i32
tile.kernel @divide(%x: memref<16x16xi32>, %y: memref<16x16xi32>) items [1] {
  %c0 = arith.constant 0 : index
  %seven = arith.constant dense<7> : tensor<16x16xi32>
  %s = tile.load %x[%c0, %c0] : memref<16x16xi32> -> tensor<16x16xi32>
  %t = arith.divsi %s, %seven : tensor<16x16xi32>
  tile.store %t, %y[%c0, %c0] : tensor<16x16xi32>, memref<16x16xi32>
  tile.return
}

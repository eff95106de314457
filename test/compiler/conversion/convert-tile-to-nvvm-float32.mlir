// RUN: llsa-opt %s --convert-tile-to-nvvm --canonicalize --cse | FileCheck %s

// Each fragment of 8 products is summed from zero, small terms first, and added
// to the accumulator with rounding to nearest.

// CHECK-LABEL: func.func @product
// CHECK:       %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK:       nvvm.mma.sync A[{{.*}}] B[{{.*}}] C[%[[ZERO]], %[[ZERO]], %[[ZERO]], %[[ZERO]]]
// CHECK-COUNT-2: nvvm.mma.sync
// CHECK:       %[[FIRST:.*]] = arith.addf
// CHECK:       nvvm.mma.sync A[{{.*}}] B[{{.*}}] C[%[[ZERO]], %[[ZERO]], %[[ZERO]], %[[ZERO]]]
// CHECK-COUNT-2: nvvm.mma.sync
// CHECK:       arith.addf %[[FIRST]]
// CHECK-NOT:   nvvm.mma.sync
tile.kernel @product(%x: memref<16x16xf32>, %y: memref<16x8xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta offset 0 : memref<1x16x8xf32, 3>
  %a = tile.load %x[%c0, %c0] : memref<16x16xf32> -> tensor<16x16xf32>
  %b = tile.shared_tile %ring[%c0] : memref<1x16x8xf32, 3> -> tensor<16x8xf32>
  %acc = tile.load %y[%c0, %c0] : memref<16x8xf32> -> tensor<16x8xf32>
  %c = tile.dot %a, %b, %acc : tensor<16x16xf32>, tensor<16x8xf32> -> tensor<16x8xf32>
  tile.store %c, %y[%c0, %c0] : tensor<16x8xf32>, memref<16x8xf32>
  tile.return
}

// Where all tensors are float32, exponentials are left to llsa-expand-math.

// CHECK-LABEL: func.func @precise
// CHECK:       math.exp2
tile.kernel @precise(%x: memref<16x16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<16x16xf32> -> tensor<16x16xf32>
  %b = math.exp2 %a : tensor<16x16xf32>
  tile.store %b, %x[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
  tile.return
}

// CHECK-LABEL: func.func @approximate
// CHECK:       llvm.nvvm.ex2.approx.ftz.f
tile.kernel @approximate(%x: memref<16x16xf32>, %y: memref<16x16xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<16x16xf32> -> tensor<16x16xf32>
  %b = math.exp2 %a : tensor<16x16xf32>
  tile.store %b, %x[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
  tile.return
}

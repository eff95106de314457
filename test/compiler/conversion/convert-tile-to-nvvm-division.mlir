// RUN: llsa-opt %s --tile-assign-layouts --tile-allocate-shared --convert-tile-to-nvvm | FileCheck %s

// Beside products of tensor cores divisions need not be exact; in kernels of
// float32, and in those without products, they are.

// CHECK: func.func @products({{.*}} attributes {{{.*}}llsa.approximate_division
tile.kernel @products(%x: memref<16x16xbf16>, %y: memref<16x16xf32>) items [1]
    schedule <rows = 16, cols = 16, warps = 1, stages = 1> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %ring = tile.alloc_shared scope warp : memref<1x16x16xbf16, 3>
  %a = tile.load %x[%c0, %c0] : memref<16x16xbf16> -> tensor<16x16xbf16>
  tile.copy_async %x[%c0, %c0] to %ring[%c0] : memref<16x16xbf16>, memref<1x16x16xbf16, 3>
  tile.wait_group 0 scope warp
  %b = tile.shared_tile %ring[%c0] : memref<1x16x16xbf16, 3> -> tensor<16x16xbf16>
  %d = tile.dot %a, %b, %zero : tensor<16x16xbf16>, tensor<16x16xbf16> -> tensor<16x16xf32>
  tile.store %d, %y[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
  tile.return
}

// CHECK:     func.func @means(
// CHECK-NOT: llsa.approximate_division
tile.kernel @means(%x: memref<16x16xbf16>, %y: memref<16x16xbf16>) items [1]
    schedule <rows = 16, cols = 16, warps = 1, stages = 1> {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<16x16xbf16> -> tensor<16x16xbf16>
  tile.store %a, %y[%c0, %c0] : tensor<16x16xbf16>, memref<16x16xbf16>
  tile.return
}

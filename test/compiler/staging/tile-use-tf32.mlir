// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-use-tf32))' | FileCheck %s
// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-use-tf32{sums=false}))' | FileCheck %s --check-prefix=SCORES

// Products of float32, not those of 16 bits.

// CHECK-LABEL: tile.kernel @products
// CHECK:       tile.dot %{{[^ ]*}}, %{{[^ ]*}}, %{{[^ ]*}} transpose_b tf32 : tensor<16x16xf32>
// CHECK:       tile.dot %{{[^ ]*}}, %{{[^ ]*}}, %{{[^ ]*}} : tensor<16x16xbf16>
tile.kernel @products(%x: memref<16x16xf32>, %y: memref<16x16xbf16>) items [1] {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %a = tile.load %x[%c0, %c0] : memref<16x16xf32> -> tensor<16x16xf32>
  %b = tile.load %y[%c0, %c0] : memref<16x16xbf16> -> tensor<16x16xbf16>
  %c = tile.dot %a, %a, %zero transpose_b : tensor<16x16xf32>, tensor<16x16xf32> -> tensor<16x16xf32>
  %d = tile.dot %b, %b, %c : tensor<16x16xbf16>, tensor<16x16xbf16> -> tensor<16x16xf32>
  tile.store %d, %x[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
  tile.return
}

// Not what is compared or subtracted, nor, where a backward follows, sums.

// CHECK-LABEL: tile.kernel @exact
// CHECK:       tile.dot %{{[^ ]*}}, %{{[^ ]*}}, %{{[^ ]*}} transpose_b exact : tensor<16x16xf32>
// CHECK:       tile.dot %{{[^ ]*}}, %{{[^ ]*}}, %{{[^ ]*}} tf32 : tensor<16x16xf32>
// SCORES-LABEL: tile.kernel @exact
// SCORES:       tile.dot %{{[^ ]*}}, %{{[^ ]*}}, %{{[^ ]*}} : tensor<16x16xf32>
tile.kernel @exact(%x: memref<16x16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %a = tile.load %x[%c0, %c0] : memref<16x16xf32> -> tensor<16x16xf32>
  %s = tile.dot %a, %a, %zero transpose_b exact : tensor<16x16xf32>, tensor<16x16xf32> -> tensor<16x16xf32>
  %o = tile.dot %s, %a, %zero : tensor<16x16xf32>, tensor<16x16xf32> -> tensor<16x16xf32>
  tile.store %o, %x[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
  tile.return
}

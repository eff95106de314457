// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-assign-layouts))' | FileCheck %s

// CHECK-LABEL: tile.kernel @wide
// CHECK-SAME:  tile.lane_columns = 8
tile.kernel @wide(%x: memref<64x32xbf16>, %y: memref<64x32xbf16>) items [4] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<64x32xbf16> -> tensor<16x32xbf16>
  tile.store %t, %y[%c0, %c0] : tensor<16x32xbf16>, memref<64x32xbf16>
  tile.return
}

// Columns in groups of 16 elements of 4 bytes.
// CHECK-LABEL: tile.kernel @float32
// CHECK-SAME:  tile.lane_columns = 4
tile.kernel @float32(%x: memref<64x16xf32>, %y: memref<64x16xf32>) items [4] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<64x16xf32> -> tensor<16x16xf32>
  tile.store %t, %y[%c0, %c0] : tensor<16x16xf32>, memref<64x16xf32>
  tile.return
}

// A top-k list wants fragments.
// CHECK-LABEL: tile.kernel @fragments
// CHECK-SAME:  tile.lane_columns = 2
tile.kernel @fragments(%x: memref<64x32xf32>, %y: memref<64x8xi32>) items [4] {
  %c0 = arith.constant 0 : index
  %none = arith.constant dense<0xFF800000> : tensor<16x8xf32>
  %empty = arith.constant dense<-1> : tensor<16x8xi32>
  %t = tile.load %x[%c0, %c0] : memref<64x32xf32> -> tensor<16x32xf32>
  %ids = tile.range %c0 step 1 : tensor<1x32xi32>
  %s, %i = tile.topk %none, %empty insert %t at %ids
      : tensor<16x8xf32>, tensor<16x8xi32>, tensor<16x32xf32>, tensor<1x32xi32>
  tile.store %i, %y[%c0, %c0] : tensor<16x8xi32>, memref<64x8xi32>
  tile.return
}

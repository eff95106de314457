// RUN: llsa-opt %s --pass-pipeline='builtin.module(tile.kernel(tile-assign-layouts))' | FileCheck %s

// CHECK-LABEL: tile.kernel @wide
// CHECK-SAME:  tile.lane_columns = 8 : i64, tile.row_lanes = 4
tile.kernel @wide(%x: memref<64x32xbf16>, %y: memref<64x32xbf16>) items [4] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<64x32xbf16> -> tensor<16x32xbf16>
  tile.store %t, %y[%c0, %c0] : tensor<16x32xbf16>, memref<64x32xbf16>
  tile.return
}

// 64 columns are enough for eight lanes, which read a line of memory.
// CHECK-LABEL: tile.kernel @lines
// CHECK-SAME:  tile.lane_columns = 8 : i64, tile.row_lanes = 8
tile.kernel @lines(%x: memref<64x64xbf16>, %y: memref<64x1xf32>) items [4] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %f = arith.extf %t : tensor<16x64xbf16> to tensor<16x64xf32>
  %s = tile.reduce add %f over cols : tensor<16x64xf32> -> tensor<16x1xf32>
  tile.store %s, %y[%c0, %c0] : tensor<16x1xf32>, memref<64x1xf32>
  tile.return
}

// One tile of 32 columns: not enough for eight lanes of any.
// CHECK-LABEL: tile.kernel @narrowest
// CHECK-SAME:  tile.lane_columns = 8 : i64, tile.row_lanes = 4
tile.kernel @narrowest(%x: memref<64x64xbf16>, %y: memref<64x32xbf16>) items [4] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %u = tile.load %y[%c0, %c0] : memref<64x32xbf16> -> tensor<16x32xbf16>
  tile.store %t, %x[%c0, %c0] : tensor<16x64xbf16>, memref<64x64xbf16>
  tile.store %u, %y[%c0, %c0] : tensor<16x32xbf16>, memref<64x32xbf16>
  tile.return
}

// Columns in groups of 16 elements of 4 bytes.
// CHECK-LABEL: tile.kernel @float32
// CHECK-SAME:  tile.lane_columns = 4 : i64, tile.row_lanes = 4
tile.kernel @float32(%x: memref<64x16xf32>, %y: memref<64x16xf32>) items [4] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<64x16xf32> -> tensor<16x16xf32>
  tile.store %t, %y[%c0, %c0] : tensor<16x16xf32>, memref<64x16xf32>
  tile.return
}

// Partial sums, a column for each lane of four, are fragments.
// CHECK-LABEL: tile.kernel @partial
// CHECK-SAME:  tile.lane_columns = 2 : i64, tile.row_lanes = 4
tile.kernel @partial(%x: memref<64x64xbf16>, %y: memref<64x4xf32>) items [4] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
  %f = arith.extf %t : tensor<16x64xbf16> to tensor<16x64xf32>
  %s = tile.reduce add %f over cols : tensor<16x64xf32> -> tensor<16x4xf32>
  tile.store %s, %y[%c0, %c0] : tensor<16x4xf32>, memref<64x4xf32>
  tile.return
}

// A top-k list wants fragments.
// CHECK-LABEL: tile.kernel @fragments
// CHECK-SAME:  tile.lane_columns = 2 : i64, tile.row_lanes = 4
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

// RUN: llsa-opt %s --convert-tile-to-nvvm --canonicalize --cse | FileCheck %s

// A lane sends both of the two columns of which the receiver wants one.

// CHECK-LABEL: func.func @transpose
// CHECK-COUNT-16: nvvm.shfl.sync  idx
// CHECK-NOT:   nvvm.shfl.sync
tile.kernel @transpose(%x: memref<16x16xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<16x16xf32> -> tensor<16x16xf32>
  %u = tile.transpose %t : tensor<16x16xf32> -> tensor<16x16xf32>
  tile.store %u, %x[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
  tile.return
}

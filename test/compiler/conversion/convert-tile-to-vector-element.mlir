// A loaded tile of one element lies both ways: it is not turned around, without
// end, when it is computed with where rows are in lanes.
// RUN: llsa-opt %s --convert-tile-to-vector | FileCheck %s

// CHECK-LABEL: func.func @element
// CHECK: scf.for
tile.kernel @element(%x: memref<1x1x2x8xf32>, %y: memref<1x1x2xf32>, %z: memref<1x1x2x16xf32>) items [1, 1, 2] {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %zero = arith.constant dense<0.0> : tensor<1x16xf32>
  %i:3 = tile.work_item : index, index, index
  %a = tile.load %x[%c0, %c0, %i#2, %c0] : memref<1x1x2x8xf32> -> tensor<1x8xf32>
  %b = tile.load %y[%c0, %c0, %i#2] row_dim 2 : memref<1x1x2xf32> -> tensor<1x1xf32>
  %c = tile.reduce add %a over cols : tensor<1x8xf32> -> tensor<1x1xf32>
  %d = arith.mulf %c, %b : tensor<1x1xf32>
  %e = scf.for %j = %c0 to %c2 step %c1 iter_args(%s = %zero) -> (tensor<1x16xf32>) {
    %r = tile.broadcast %d : tensor<1x1xf32> -> tensor<1x16xf32>
    %t = arith.subf %s, %r : tensor<1x16xf32>
    scf.yield %t : tensor<1x16xf32>
  }
  tile.store %e, %z[%c0, %c0, %i#2, %c0] : tensor<1x16xf32>, memref<1x1x2x16xf32>
  tile.return
}

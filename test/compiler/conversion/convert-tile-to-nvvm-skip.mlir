// RUN: llsa-opt %s --convert-tile-to-nvvm --canonicalize --cse | FileCheck %s

// Pairs marked by -0 must not count. A warp that finds a new NaN multiplies
// once more, with 0 for what is infinite or NaN, and then adds what is infinite
// element by element, without those pairs.

// CHECK-LABEL: func.func @skip
// CHECK:       nvvm.mma.sync
// CHECK:       nvvm.vote.sync  any
// CHECK:       scf.if
// CHECK:         nvvm.shfl.sync  idx
// CHECK:         ldmatrix
// CHECK:         arith.cmpi ne, %{{.*}}, %c32640_i32
// CHECK:         nvvm.mma.sync
// CHECK:         scf.for
// CHECK:           nvvm.shfl.sync  idx
// CHECK:           arith.cmpi ne, %{{.*}}, %c-2147483648_i32
// CHECK:           arith.cmpf uge
// CHECK:           math.fma
// CHECK:           arith.select
// CHECK:       } else {
tile.kernel @skip(%x: memref<16x16xbf16>, %y: memref<16x8xf32>) items [1] {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta offset 0 : memref<1x16x8xbf16, 3>
  %a = tile.load %x[%c0, %c0] : memref<16x16xbf16> -> tensor<16x16xbf16>
  %b = tile.shared_tile %ring[%c0] : memref<1x16x8xbf16, 3> -> tensor<16x8xbf16>
  %acc = tile.load %y[%c0, %c0] : memref<16x8xf32> -> tensor<16x8xf32>
  %c = tile.dot %a, %b, %acc skip_negative_zero : tensor<16x16xbf16>, tensor<16x8xbf16> -> tensor<16x8xf32>
  tile.store %c, %y[%c0, %c0] : tensor<16x8xf32>, memref<16x8xf32>
  tile.return
}

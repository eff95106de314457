// RUN: llsa-opt %s --tile-assign-layouts --tile-allocate-shared --convert-tile-to-nvvm --canonicalize --cse | FileCheck %s

// A slot is free when four warps have arrived, one lane of each.

// CHECK-LABEL: func.func @tiles(
// CHECK:         "mbarrier.init.shared::cta.b64 [$0], 1;"
// CHECK:         "mbarrier.init.shared::cta.b64 [$0], 4;"
// CHECK:         nvvm.bar.warp.sync
// CHECK-NEXT:    nvvm.bar.warp.sync
// CHECK-NEXT:    scf.if
// CHECK:           "mbarrier.arrive.shared::cta.b64 _, [$0];"
tile.kernel @tiles(%k: memref<64x64xbf16>) items [4]
    schedule <rows = 16, cols = 32, warps = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta : memref<2x32x64xbf16, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  tile.barrier scope cta
  %p = tile.is_producer scope cta
  scf.if %p {
    tile.expect %bars[%c0] round %c0 bytes 4096 : memref<2xi64, 3>
    tile.bulk_copy %k[%c0, %c0] to %ring[%c0] full %bars
        : memref<64x64xbf16>, memref<2x32x64xbf16, 3>, memref<2xi64, 3>
  }
  tile.await %bars[%c0] round %c0 : memref<2xi64, 3>
  tile.release %bars[%c0] : memref<2xi64, 3>
  tile.return
}

// All lanes have read a vector, and all arrive.

// CHECK-LABEL: func.func @vectors(
// CHECK:         "mbarrier.init.shared::cta.b64 [$0], 128;"
// CHECK:         nvvm.bar.warp.sync
// CHECK-NEXT:    nvvm.bar.warp.sync
// CHECK-NOT:     scf.if
// CHECK:         "mbarrier.arrive.shared::cta.b64 _, [$0];"
tile.kernel @vectors(%l: memref<64xf32>) items [4]
    schedule <rows = 16, cols = 32, warps = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %ring = tile.alloc_shared scope cta : memref<2x1x32xf32, 3>
  %bars = tile.alloc_barriers scope cta : memref<2xi64, 3>
  tile.barrier scope cta
  %p = tile.is_producer scope cta
  scf.if %p {
    tile.expect %bars[%c0] round %c0 bytes 128 : memref<2xi64, 3>
    tile.bulk_copy %l[%c0] to %ring[%c0] full %bars
        : memref<64xf32>, memref<2x1x32xf32, 3>, memref<2xi64, 3>
  }
  tile.await %bars[%c0] round %c0 : memref<2xi64, 3>
  tile.release %bars[%c0] : memref<2xi64, 3>
  tile.return
}

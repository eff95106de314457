// RUN: llsa-opt %s --tile-assign-layouts --tile-allocate-shared --convert-tile-to-nvvm --canonicalize --cse | FileCheck %s

// The one lane that starts copies is elected, and what else counts is always
// true, which ptxas does not know: where nothing but an election counts, it
// copies for parts of a warp that went another way, too.

// CHECK-LABEL: func.func @copy(
// CHECK:      nvvm.elect.sync
// CHECK-NEXT: %[[PROCESSOR:.*]] = nvvm.read.ptx.sreg.smid : i32
// CHECK-NEXT: %[[ALWAYS:.*]] = llvm.icmp "ne" %[[PROCESSOR]], %{{.*}} : i32
// CHECK:      nvvm.bar.warp.sync
// CHECK:      %[[ELECTED:.*]] = nvvm.elect.sync -> i1
// CHECK-NEXT: %[[PRODUCER:.*]] = llvm.and %[[ELECTED]], %[[ALWAYS]] : i1
// CHECK-NEXT: scf.if %[[PRODUCER]]
// CHECK:        "cp.async.bulk
tile.kernel @copy(%k: memref<64x64xbf16>) items [4]
    schedule <rows = 16, cols = 32, warps = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x32xbf16>
  %ring = tile.alloc_shared scope warp : memref<2x32x64xbf16, 3>
  %bars = tile.alloc_barriers scope warp : memref<2xi64, 3>
  tile.barrier scope warp
  %p = tile.is_producer scope warp
  scf.if %p {
    tile.expect %bars[%c0] round %c0 bytes 4096 : memref<2xi64, 3>
    tile.bulk_copy %k[%c0, %c0] to %ring[%c0] full %bars
        : memref<64x64xbf16>, memref<2x32x64xbf16, 3>, memref<2xi64, 3>
  }
  tile.await %bars[%c0] round %c0 : memref<2xi64, 3>
  tile.release %bars[%c0] : memref<2xi64, 3>
  tile.store %zero, %k[%c0, %c0] : tensor<16x32xbf16>, memref<64x64xbf16>
  tile.return
}

// RUN: llsa-opt %s --convert-tile-to-nvvm --canonicalize | FileCheck %s

// Ten items by three CTAs of four warps: the first CTA takes the last group,
// whose last two warps have no work.

// CHECK-LABEL: func.func @descending
// CHECK-DAG:   %[[TEN:.*]] = arith.constant 10 : index
// CHECK-DAG:   %[[LAST:.*]] = arith.constant 2 : i32
// CHECK:       %[[CTA:.*]] = nvvm.read.ptx.sreg.ctaid.x : i32
// CHECK-NEXT:  %[[GROUP:.*]] = arith.subi %[[LAST]], %[[CTA]] : i32
// CHECK-NEXT:  %[[INDEX:.*]] = arith.index_cast %[[GROUP]] : i32 to index
// CHECK-NEXT:  %[[FIRST:.*]] = arith.muli %[[INDEX]], %{{.*}} : index
// CHECK-NEXT:  %[[ITEM:.*]] = arith.addi %[[FIRST]], %{{.*}} : index
// CHECK-NEXT:  %[[EXISTS:.*]] = arith.cmpi {{.*}}, %[[ITEM]], %[[TEN]] : index
// CHECK-NEXT:  scf.if %[[EXISTS]]
// CHECK:         arith.subi %[[LAST]], %{{.*}} : i32
tile.kernel @descending(%x: memref<160x16xf32>) items [10]
    schedule <rows = 16, cols = 16, warps = 4, stages = 1, descending = true> {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %item = tile.work_item : index
  %r = arith.muli %item, %c16 : index
  tile.store %zero, %x[%r, %c0] : tensor<16x16xf32>, memref<160x16xf32>
  tile.return
}

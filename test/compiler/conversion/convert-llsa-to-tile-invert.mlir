// RUN: llsa-opt %s --convert-llsa-to-tile --canonicalize | FileCheck %s
// RUN: llsa-opt %s --convert-llsa-to-tile=streams --canonicalize | FileCheck %s --check-prefix=GPU

// A work item has a range of keys; on a GPU all warps of a CTA share one, and a
// scratch. `rows` is needed on the way though nobody reads it.

// CHECK-LABEL: tile.kernel @invert_indices(
// CHECK-SAME:  %[[I:[^:]*]]: memref<1x2x9x4xi32, {{[^>]*>>}}, %[[OFFSETS:[^:]*]]: memref<1x2x41xi32, {{[^>]*>>}}, %[[ROWS:[^:]*]]: memref<1x2x36xi32>)
// CHECK-SAME:  items [1, 2, 6]
// CHECK:       %[[ITEM:.*]]:3 = tile.work_item
// CHECK:       %[[RANGE:.*]] = arith.divui %[[ITEM]]#2, %c2
// CHECK:       %[[FIRST:.*]] = arith.muli %[[RANGE]], %c16
// CHECK:       tile.invert_rows %[[I]][%c0, %[[ITEM]]#1] keys %[[FIRST]] count 16 to %[[OFFSETS]], %[[ROWS]] :

// GPU: %[[SCRATCH:.*]] = tile.alloc_shared scope cta : memref<1x19x32xf32, 3>
// GPU: tile.invert_rows {{.*}} scratch %[[SCRATCH]]
func.func @llsa(%i: tensor<1x2x9x4xi32>, %k: tensor<1x1x40x8xf32>) -> tensor<1x2x41xi32> {
  %0 = llsa.launch "invert_indices" schedule #tile.schedule<rows = 16, cols = 8, warps = 2, stages = 1> {
    %offsets, %rows = llsa.invert_indices %i of %k : tensor<1x2x9x4xi32>, tensor<1x1x40x8xf32>
    llsa.yield %offsets : tensor<1x2x41xi32>
  } : tensor<1x2x41xi32>
  return %0 : tensor<1x2x41xi32>
}

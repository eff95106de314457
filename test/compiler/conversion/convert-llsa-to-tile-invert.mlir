// RUN: llsa-opt %s --convert-llsa-to-tile --canonicalize | FileCheck %s

// Count, sum, fill, shift; entries that are no key (-1, or what a user brings)
// touch nothing. `rows` is needed on the way though nobody reads it.

// CHECK-LABEL: tile.kernel @invert_indices(
// CHECK-SAME:  %[[I:[^:]*]]: memref<1x2x9x4xi32, {{[^>]*>>}}, %[[OFFSETS:[^:]*]]: memref<1x2x8xi32, {{[^>]*>>}}, %[[ROWS:[^:]*]]: memref<1x2x36xi32>)
// CHECK-SAME:  items [1, 2]
// CHECK-DAG:   %[[KEYS:.*]] = arith.constant 7 : i32
// CHECK:       memref.store %{{.*}}, %[[ROWS]]
// CHECK:       memref.store %{{.*}}, %[[OFFSETS]]
// CHECK:       scf.for
// CHECK:         scf.for
// CHECK:           %[[KEY:.*]] = memref.load %[[I]]
// CHECK:           %[[IS_KEY:.*]] = arith.cmpi ult, %[[KEY]], %[[KEYS]]
// CHECK:           scf.if %[[IS_KEY]]
// CHECK:             memref.load %[[OFFSETS]]
// CHECK:             memref.store %{{.*}}, %[[OFFSETS]]
// CHECK:       scf.for %[[ROW:.*]] =
// CHECK:         scf.for
// CHECK:           scf.if
// CHECK:             %[[CURSOR:.*]] = memref.load %[[OFFSETS]]
// CHECK:             memref.store %{{.*}}, %[[OFFSETS]]
// CHECK:             %[[PLACE:.*]] = arith.index_cast %[[CURSOR]]
// CHECK:             %[[R:.*]] = arith.index_cast %[[ROW]]
// CHECK:             memref.store %[[R]], %[[ROWS]][%{{.*}}, %{{.*}}, %[[PLACE]]]
func.func @llsa(%i: tensor<1x2x9x4xi32>, %k: tensor<1x1x7x8xf32>) -> tensor<1x2x8xi32> {
  %0 = llsa.launch "invert_indices" schedule #tile.schedule<rows = 16, cols = 8, warps = 1, stages = 1> {
    %offsets, %rows = llsa.invert_indices %i of %k : tensor<1x2x9x4xi32>, tensor<1x1x7x8xf32>
    llsa.yield %offsets : tensor<1x2x8xi32>
  } : tensor<1x2x8xi32>
  return %0 : tensor<1x2x8xi32>
}

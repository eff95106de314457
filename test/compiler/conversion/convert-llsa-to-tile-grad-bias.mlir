// RUN: llsa-opt %s --split-input-file --convert-llsa-to-tile=widen-dots --canonicalize --cse | FileCheck %s

// A gate for each query: the sum over the keys is carried and stored once.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>
!q = tensor<1x2x40x8xf32>
!k = tensor<1x2x64x8xf32>
!r = tensor<1x2x40xf32>
// CHECK-LABEL: tile.kernel @gate
// CHECK-SAME: items [1, 2, 3]
// CHECK: %[[SUMS:.*]] = scf.for {{.*}} iter_args(%[[SUM:.*]] = %{{.*}}) -> (tensor<16x1xf32>)
// CHECK: tile.dot {{.*}} transpose_b
// CHECK: tile.dot {{.*}} transpose_b
// CHECK: arith.subf
// CHECK: %[[ROW:.*]] = tile.reduce add {{.*}} over cols : tensor<16x32xf32> -> tensor<16x1xf32>
// CHECK: arith.addf %[[SUM]], %[[ROW]]
// CHECK: tile.store %[[SUMS]], %{{.*}} row_dim 2
// CHECK-NOT: tile.scatter_add
func.func @gate(%q: !q, %k: !k, %v: !k, %t: !r, %lse: !r, %delta: !r, %do: !q) -> !r {
  %0 = llsa.launch "gate" schedule #s {
    %d = llsa.attend_bias_grad %q from dense(%k, %v) lse %lse delta %delta gradient %do
        score(%s, %b, %h, %i, %j, %n) {
          %e = tensor.extract %t[%b, %h, %i] : !r
          %y = arith.mulf %s, %e : f32
          llsa.yield %y : f32
        }
        reads(%s, %b, %h, %i, %j, %n, %g) {
          %y = arith.mulf %s, %g : f32
          llsa.yield %y, %b, %h, %i : f32, index, index, index
        } : !q, !k, !k -> !r
    llsa.yield %d : !r
  } : !r
  return %0 : !r
}

// -----

// An element for each query of a head, in another order: a work item owns those
// of a tile of queries, sets them to 0, and adds the rows' sums of each batch.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>
!q = tensor<3x2x40x8xf32>
!k = tensor<3x2x64x8xf32>
!r = tensor<3x2x40xf32>
// CHECK-LABEL: tile.kernel @owned
// CHECK-SAME: %[[OUT:[^:]*]]: memref<40x2xf32,
// CHECK-SAME: items [1, 2, 3]
// CHECK: scf.for
// CHECK: scf.for
// CHECK: memref.store %{{.*}}, %[[OUT]]
// CHECK: scf.for %{{.*}} = %c0 to %c3
// CHECK: %[[ROW:.*]] = tile.reduce add {{.*}} over cols : tensor<16x32xf32> -> tensor<16x1xf32>
// CHECK: tile.scatter_add %[[ROW]], %[[OUT]]
func.func @owned(%q: !q, %k: !k, %v: !k, %t: tensor<40x2xf32>, %lse: !r, %delta: !r, %do: !q) -> tensor<40x2xf32> {
  %0 = llsa.launch "owned" schedule #s {
    %d = llsa.attend_bias_grad %q from dense(%k, %v) lse %lse delta %delta gradient %do
        score(%s, %b, %h, %i, %j, %n) {
          %e = tensor.extract %t[%i, %h] : tensor<40x2xf32>
          %y = arith.addf %s, %e : f32
          llsa.yield %y : f32
        }
        reads(%s, %b, %h, %i, %j, %n, %g) {
          llsa.yield %g, %i, %h : f32, index, index
        } : !q, !k, !k -> tensor<40x2xf32>
    llsa.yield %d : tensor<40x2xf32>
  } : tensor<40x2xf32>
  return %0 : tensor<40x2xf32>
}

// -----

// Where heads share elements, one work item does them all, in order; pairs that
// do not count and queries that do not exist add 0.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>
!q = tensor<2x2x40x8xf32>
!k = tensor<2x1x64x8xf32>
!r = tensor<2x2x40xf32>
// CHECK-LABEL: tile.kernel @shared
// CHECK-SAME: items [1, 1, 1]
// CHECK: scf.for %{{.*}} = %c0 to %c7
// CHECK: memref.store
// CHECK: scf.for %{{.*}} = %c0 to %c2
// CHECK: scf.for %{{.*}} = %c0 to %c2
// CHECK: scf.for %{{.*}} = %c0 to %c3
// CHECK: scf.for %{{.*}} = %c0 to %c2
// CHECK: arith.select
// CHECK: tile.scatter_add %{{.*}}, %{{.*}}[%{{.*}}] : tensor<16x32xf32>, memref<7xf32>, tensor<16x32xi32>
// No derivative with respect to the output: no product with the values.
// CHECK-LABEL: tile.kernel @lse_alone
// CHECK-COUNT-1: tile.dot
// CHECK-NOT: tile.dot
func.func @shared(%q: !q, %k: !k, %v: !k, %t: tensor<7xf32>, %lse: !r, %delta: !r, %do: !q) -> (tensor<7xf32>, tensor<7xf32>) {
  %0 = llsa.launch "shared" schedule #s {
    %d = llsa.attend_bias_grad %q from dense(%k, %v) lse %lse delta %delta gradient %do
        score(%s, %b, %h, %i, %j, %n) {
          %c7 = arith.constant 7 : index
          %at = arith.remui %j, %c7 : index
          %e = tensor.extract %t[%at] : tensor<7xf32>
          %y = arith.addf %s, %e : f32
          llsa.yield %y : f32
        }
        mask(%s, %b, %h, %i, %j, %n) {
          %m = arith.cmpi ule, %j, %i : index
          llsa.yield %m : i1
        }
        reads(%s, %b, %h, %i, %j, %n, %g) {
          %c7 = arith.constant 7 : index
          %at = arith.remui %j, %c7 : index
          llsa.yield %g, %at : f32, index
        } : !q, !k, !k -> tensor<7xf32>
    llsa.yield %d : tensor<7xf32>
  } : tensor<7xf32>
  %1 = llsa.launch "lse_alone" schedule #s {
    %d = llsa.attend_bias_grad %q from dense(%k, %v) lse %lse delta %delta
        score(%s, %b, %h, %i, %j, %n) {
          llsa.yield %s : f32
        }
        reads(%s, %b, %h, %i, %j, %n, %g) {
          %c7 = arith.constant 7 : index
          %at = arith.remui %j, %c7 : index
          llsa.yield %g, %at : f32, index
        } : !q, !k, !k -> tensor<7xf32>
    llsa.yield %d : tensor<7xf32>
  } : tensor<7xf32>
  return %0, %1 : tensor<7xf32>, tensor<7xf32>
}

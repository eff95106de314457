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

// An element for each query of a head, in another order: all are set to 0, then
// a work item owns those of a tile of queries, and adds the rows' sums of each
// batch.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>
!q = tensor<3x2x40x8xf32>
!k = tensor<3x2x64x8xf32>
!r = tensor<3x2x40xf32>
// CHECK-LABEL: tile.kernel @owned_clear
// CHECK-SAME: %[[ZEROS:[^:]*]]: memref<40x2xf32,
// CHECK-SAME: items [40, 1]
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.0{{.*}}> : tensor<2x1xf32>
// CHECK: tile.store %[[ZERO]], %[[ZEROS]][{{.*}}] row_dim 1
// CHECK-LABEL: tile.kernel @owned_0
// CHECK-SAME: %[[OUT:[^:]*]]: memref<40x2xf32,
// CHECK-SAME: items [1, 2, 3]
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
// do not count and queries that do not exist add 0. Indices depend on the keys
// alone, so rows are summed first.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>
!q = tensor<2x2x40x8xf32>
!k = tensor<2x1x64x8xf32>
!r = tensor<2x2x40xf32>
// CHECK-LABEL: tile.kernel @shared_clear
// CHECK-SAME: items [1]
// CHECK-LABEL: tile.kernel @shared_0
// CHECK-SAME: items [1, 1, 1]
// CHECK: scf.for %[[TILE:.*]] = %c0 to %c12
// CHECK-DAG: arith.remui %[[TILE]], %c3
// CHECK-DAG: %[[ROW:.*]] = arith.divui %[[TILE]], %c3
// CHECK-DAG: arith.remui %[[ROW]], %c2
// CHECK-DAG: arith.divui %[[TILE]], %c6
// CHECK: scf.for %{{.*}} = %c0 to %c2
// CHECK: arith.select
// CHECK: %[[SUM:.*]] = tile.reduce add %{{.*}} over rows : tensor<16x32xf32> -> tensor<1x32xf32>
// CHECK: tile.scatter_add %[[SUM]], %{{.*}}[%{{.*}}] : tensor<1x32xf32>, memref<7xf32>, tensor<1x32xi32>
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

// -----

// Queries of a piece: each has a tensor of its own, and a kernel adds them up in
// order. 9 tiles of queries of both heads, 2 each; the last piece has one. An
// index of the head alone is one number, however many pairs there are.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1, queries = 32>
!q = tensor<1x3x40x8xf32>
!k = tensor<1x3x64x8xf32>
!r = tensor<1x3x40xf32>
// CHECK-LABEL: tile.kernel @pieces_clear
// CHECK-SAME: memref<5x4xf32>) items [5, 1]
// CHECK-LABEL: tile.kernel @pieces_pieces
// CHECK-SAME: items [1, 1, 1, 5]
// CHECK: %[[PIECE:.*]]:4 = tile.work_item
// CHECK: %[[FROM:.*]] = arith.muli %[[PIECE]]#3, %c2
// CHECK: %[[BEHIND:.*]] = arith.addi %[[FROM]], %c2
// CHECK: %[[TO:.*]] = arith.minsi %[[BEHIND]], %c9
// CHECK: scf.for %{{.*}} = %[[FROM]] to %[[TO]] step %c1
// CHECK: %[[OWN:.*]] = tile.range %[[PIECE]]#3 step 0 : tensor<1x1xi32>
// CHECK: tile.reduce add %{{.*}} over cols
// CHECK: tile.reduce add %{{.*}} over rows
// CHECK: tile.scatter_add %{{.*}}, %{{.*}}[%[[OWN]], %{{.*}}] : tensor<1x1xf32>, memref<5x4xf32>, tensor<1x1xi32>, tensor<1x1xi32>
// CHECK-LABEL: tile.kernel @pieces
// CHECK-SAME: items [1]
// CHECK: scf.for %[[I:.*]] = %c0 to %c5 step %c1 iter_args(%[[SUM:.*]] =
// CHECK: %[[MORE:.*]] = tile.load %{{.*}}[%[[I]], %{{.*}}] row_dim 1
// CHECK: arith.addf %[[SUM]], %[[MORE]]
// CHECK: tile.store
func.func @pieces(%q: !q, %k: !k, %v: !k, %lse: !r, %delta: !r, %do: !q) -> tensor<4xf32> {
  %0 = llsa.launch "pieces" schedule #s {
    %d = llsa.attend_bias_grad %q from dense(%k, %v) lse %lse delta %delta gradient %do
        score(%s, %b, %h, %i, %j, %n) {
          llsa.yield %s : f32
        }
        reads(%s, %b, %h, %i, %j, %n, %g) {
          llsa.yield %g, %h : f32, index
        } : !q, !k, !k -> tensor<4xf32>
    llsa.yield %d : tensor<4xf32>
  } : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// A tensor of rank 0.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1, queries = 16>
!q = tensor<1x1x32x8xf32>
!r = tensor<1x1x32xf32>
// CHECK-LABEL: tile.kernel @number_clear
// CHECK-SAME: memref<2xf32>) items [1]
// CHECK-LABEL: tile.kernel @number_pieces
// CHECK: tile.scatter_add %{{.*}}, %{{.*}}[%{{.*}}] : tensor<1x1xf32>, memref<2xf32>, tensor<1x1xi32>
// CHECK-LABEL: tile.kernel @number
// CHECK: memref.store %{{.*}}, %[[OUT:.*]][] : memref<f32>
// CHECK: tile.scatter_add %{{.*}}, %[[OUT]][] : tensor<1x1xf32>, memref<f32>
func.func @number(%q: !q, %k: !q, %v: !q, %lse: !r, %delta: !r, %do: !q) -> tensor<f32> {
  %0 = llsa.launch "number" schedule #s {
    %d = llsa.attend_bias_grad %q from dense(%k, %v) lse %lse delta %delta gradient %do
        score(%s, %b, %h, %i, %j, %n) {
          llsa.yield %s : f32
        }
        reads(%s, %b, %h, %i, %j, %n, %g) {
          llsa.yield %g : f32
        } : !q, !q, !q -> tensor<f32>
    llsa.yield %d : tensor<f32>
  } : tensor<f32>
  return %0 : tensor<f32>
}

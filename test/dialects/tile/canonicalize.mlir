// RUN: llsa-opt %s --canonicalize --split-input-file | FileCheck %s

!t = tensor<16x64xf32>
!c = tensor<16x1xf32>

// CHECK-LABEL: func @broadcast
// CHECK-SAME: %[[T:.*]]: tensor<16x64xf32>, %[[C:.*]]: tensor<16x1xf32>, %[[ONE:.*]]: tensor<1x1xf32>
// CHECK-DAG: %[[SPLAT:.*]] = arith.constant dense<2.000000e+00> : tensor<16x64xf32>
// CHECK-DAG: %[[INT:.*]] = arith.constant dense<-1> : tensor<16x64xi32>
// CHECK-DAG: %[[TWICE:.*]] = tile.broadcast %[[ONE]] : tensor<1x1xf32> -> tensor<16x64xf32>
// CHECK-DAG: %[[KEPT:.*]] = tile.broadcast %[[C]] : tensor<16x1xf32> -> tensor<16x64xf32>
// CHECK: return %[[T]], %[[SPLAT]], %[[INT]], %[[TWICE]], %[[KEPT]]
func.func @broadcast(%t: !t, %c: !c, %one: tensor<1x1xf32>) -> (!t, !t, tensor<16x64xi32>, !t, !t) {
  %0 = tile.broadcast %t : !t -> !t
  %two = arith.constant dense<2.0> : !c
  %1 = tile.broadcast %two : !c -> !t
  %none = arith.constant dense<-1> : tensor<1x64xi32>
  %2 = tile.broadcast %none : tensor<1x64xi32> -> tensor<16x64xi32>
  %column = tile.broadcast %one : tensor<1x1xf32> -> !c
  %3 = tile.broadcast %column : !c -> !t
  %4 = tile.broadcast %c : !c -> !t
  return %0, %1, %2, %3, %4 : !t, !t, tensor<16x64xi32>, !t, !t
}

// -----

!t = tensor<16x64xf32>
!u = tensor<64x16xf32>

// CHECK-LABEL: func @transpose
// CHECK-SAME: %[[T:.*]]: tensor<16x64xf32>
// CHECK-DAG: %[[SPLAT:.*]] = arith.constant dense<2.000000e+00> : tensor<64x16xf32>
// CHECK-DAG: %[[KEPT:.*]] = tile.transpose %[[T]]
// CHECK: return %[[T]], %[[SPLAT]], %[[KEPT]]
func.func @transpose(%t: !t) -> (!t, !u, !u) {
  %0 = tile.transpose %t : !t -> !u
  %1 = tile.transpose %0 : !u -> !t
  %two = arith.constant dense<2.0> : !t
  %2 = tile.transpose %two : !t -> !u
  return %1, %2, %0 : !t, !u, !u
}

// -----

!t = tensor<16x64xf32>
!c = tensor<16x1xf32>

// A sum of a splat stays: it rounds as the kernel rounds.
// CHECK-LABEL: func @reduce
// CHECK-SAME: %[[T:.*]]: tensor<16x64xf32>, %[[C:.*]]: tensor<16x1xf32>
// CHECK-DAG: %[[MAX:.*]] = arith.constant dense<1.000000e-01> : tensor<16x1xf32>
// CHECK-DAG: %[[SPLAT:.*]] = arith.constant dense<1.000000e-01> : tensor<16x64xf32>
// CHECK-DAG: %[[SUM:.*]] = tile.reduce add %[[SPLAT]] over cols
// CHECK-DAG: %[[KEPT:.*]] = tile.reduce max %[[T]] over rows
// CHECK: return %[[C]], %[[MAX]], %[[SUM]], %[[KEPT]]
func.func @reduce(%t: !t, %c: !c) -> (!c, !c, !c, tensor<1x64xf32>) {
  %0 = tile.reduce add %c over cols : !c -> !c
  %tenth = arith.constant dense<0.1> : !t
  %1 = tile.reduce max %tenth over cols : !t -> !c
  %2 = tile.reduce add %tenth over cols : !t -> !c
  %3 = tile.reduce max %t over rows : !t -> tensor<1x64xf32>
  return %0, %1, %2, %3 : !c, !c, !c, tensor<1x64xf32>
}

// -----

!t = tensor<16x64xf32>
!m = memref<4096x64xf32>

// CHECK-LABEL: func @load_rows
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<16x64xf32>
// CHECK: %[[ALL:.*]] = tile.load %{{.*}}[%{{.*}}, %{{.*}}] : memref<4096x64xf32> -> tensor<16x64xf32>
// CHECK: %[[SOME:.*]] = tile.load %{{.*}}[%{{.*}}, %{{.*}}] rows %{{.*}} : memref<4096x64xf32> -> tensor<16x64xf32>
// CHECK: return %[[ALL]], %[[SOME]], %[[ZERO]], %[[ZERO]]
func.func @load_rows(%m: !m, %i: index) -> (!t, !t, !t, !t) {
  %c16 = arith.constant 16 : index
  %c15 = arith.constant 15 : index
  %c0 = arith.constant 0 : index
  %less = arith.constant -1 : index
  %0 = tile.load %m[%i, %c0] rows %c16 : !m -> !t
  %1 = tile.load %m[%i, %c0] rows %c15 : !m -> !t
  %2 = tile.load %m[%i, %c0] rows %c0 : !m -> !t
  %3 = tile.load %m[%i, %c0] rows %less : !m -> !t
  return %0, %1, %2, %3 : !t, !t, !t, !t
}

// -----

!t = tensor<16x64xf32>
!m = memref<4096x64xf32>

// CHECK-LABEL: func @store_rows
// CHECK: tile.store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] : tensor<16x64xf32>, memref<4096x64xf32>
// CHECK-NEXT: tile.store %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] rows %{{.*}} : tensor<16x64xf32>, memref<4096x64xf32>
// CHECK-NEXT: return
func.func @store_rows(%m: !m, %t: !t, %i: index) {
  %c17 = arith.constant 17 : index
  %c15 = arith.constant 15 : index
  %c0 = arith.constant 0 : index
  tile.store %t, %m[%i, %c0] rows %c17 : !t, !m
  tile.store %t, %m[%i, %c0] rows %c15 : !t, !m
  tile.store %t, %m[%i, %c0] rows %c0 : !t, !m
  return
}

// -----

!t = tensor<16x64xf32>
!m = memref<1x64x64xf32>

// CHECK-LABEL: tile.kernel @work_item_of_one
// CHECK: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK: %[[IDS:.*]]:2 = tile.work_item : index, index
// CHECK: tile.load %{{.*}}[%[[ZERO]], %[[IDS]]#1, %[[ZERO]]]
tile.kernel @work_item_of_one(%m: !m) items [1, 4] {
  %b, %i = tile.work_item : index, index
  %c0 = arith.constant 0 : index
  %t = tile.load %m[%b, %i, %c0] : !m -> !t
  tile.store %t, %m[%b, %i, %c0] : !t, !m
  tile.return
}

// -----

// What nobody reads is not computed, loads included.
// CHECK-LABEL: tile.kernel @unused
// CHECK-NEXT: tile.return
tile.kernel @unused(%m: memref<64x64xf32>, %i: memref<64x8xi32>) items [4] {
  %w = tile.work_item : index
  %c0 = arith.constant 0 : index
  %t = tile.load %m[%w, %c0] : memref<64x64xf32> -> tensor<16x64xf32>
  %rows = tile.block_rows %i[%w, %c0] block 16 limit 64 : memref<64x8xi32> -> tensor<1x32xi32>
  %g = tile.gather %m[%c0] at %rows : memref<64x64xf32>, tensor<1x32xi32> -> tensor<32x64xf32>
  %zero = arith.constant dense<0.0> : tensor<16x32xf32>
  %s = tile.dot %t, %g, %zero transpose_b : tensor<16x64xf32>, tensor<32x64xf32> -> tensor<16x32xf32>
  %j = tile.range %w step 1 : tensor<1x32xi32>
  tile.return
}

// -----

!s = !tile.stream<tensor<16x64xf32>, tensor<16x64xf32>>
!t = tensor<16x64xf32>
!m = memref<64x64xf32>

// Of a stream what nobody takes is not loaded, and a stream of nothing is none.
// CHECK-LABEL: tile.kernel @unused_of_streams
// CHECK: tile.stream count 4 {
// CHECK-NEXT: ^bb0
// CHECK-NEXT: tile.load %{{.*}} : memref<64x64xf32> -> tensor<16x64xf32>
// CHECK-NEXT: tile.stream_yield %{{.*}} : tensor<16x64xf32>
// CHECK-NEXT: } : <tensor<16x64xf32>>
// CHECK-NOT: tile.stream
// CHECK: tile.next %{{.*}} : <tensor<16x64xf32>> -> tensor<16x64xf32>
// CHECK-NOT: tile.next
tile.kernel @unused_of_streams(%m: !m, %n: !m, %o: !m) items [4] {
  %w = tile.work_item : index
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %half = tile.stream count 4 {
  ^bb0(%i: index):
    %a = tile.load %m[%i, %c0] : !m -> !t
    %b = tile.load %n[%i, %c0] : !m -> !t
    tile.stream_yield %a, %b : !t, !t
  } : !s
  %none = tile.stream count 4 {
  ^bb0(%i: index):
    %a = tile.load %m[%i, %c0] : !m -> !t
    %b = tile.load %n[%i, %c0] : !m -> !t
    tile.stream_yield %a, %b : !t, !t
  } : !s
  scf.for %i = %c0 to %c4 step %c1 {
    %a, %b = tile.next %half[%i] : !s -> !t, !t
    %c, %d = tile.next %none[%i] : !s -> !t, !t
    tile.store %b, %o[%w, %c0] : !t, !m
  }
  tile.return
}

// RUN: llsa-opt %s --convert-llsa-to-tile --canonicalize --cse --split-input-file | FileCheck %s
// RUN: llsa-opt %s --convert-llsa-to-tile=streams --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=GPU

// Two levels in one pass over memory: a work item is a token of the last level,
// and that averages what was rounded below it.

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @pool(
// CHECK-SAME:  %[[X:.*]]: memref<1x2x64x64xbf16, {{[^>]*>>}}, %[[X1:[^:]*]]: memref<1x2x4x64xbf16>, %[[X2:[^:]*]]: memref<1x2x1x64xbf16, {{[^>]*>>}})
// CHECK-SAME:  items [2] schedule <rows = 16, cols = 64, warps = 1, stages = 1>
// CHECK-SAME:  attributes {llsa.bytes = 2.000000e+00 : f64, llsa.flops = 1.000000e+00 : f64}
// CHECK-DAG:   %[[REC16:.*]] = arith.constant dense<6.250000e-02> : tensor<1x64xf32>
// CHECK-DAG:   %[[REC4:.*]] = arith.constant dense<2.500000e-01> : tensor<1x64xf32>
// CHECK:       %[[SUM:.*]] = scf.for %[[C:.*]] = %{{.*}} iter_args(%[[ACC:.*]] = %{{.*}})
// CHECK:         %[[FIRST:.*]] = arith.muli %[[C]]
// CHECK:         %[[TILE:.*]] = tile.load %[[X]][%{{.*}}, %{{.*}}, %[[FIRST]], %{{.*}}] : {{.*}} -> tensor<16x64xbf16>
// CHECK:         %[[WIDE:.*]] = arith.extf %[[TILE]]
// CHECK:         %[[ROW:.*]] = tile.reduce add %[[WIDE]] over rows
// CHECK:         %[[MEAN:.*]] = arith.mulf %[[ROW]], %[[REC16]]
// CHECK:         %[[ROUNDED:.*]] = arith.truncf %[[MEAN]]
// CHECK:         tile.store %[[ROUNDED]], %[[X1]]
// CHECK:         %[[BACK:.*]] = arith.extf %[[ROUNDED]]
// CHECK:         arith.addf %[[ACC]], %[[BACK]]
// CHECK:       %[[MEAN2:.*]] = arith.mulf %[[SUM]], %[[REC4]]
// CHECK:       %[[ROUNDED2:.*]] = arith.truncf %[[MEAN2]]
// CHECK:       tile.store %[[ROUNDED2]], %[[X2]]

// CHECK:       func.func @llsa(%[[IN:.*]]: memref<1x2x64x64xbf16, strided<[?, ?, ?, 1]>> {llsa.name = "q", llsa.role = "input"},
// CHECK-SAME:                  %[[OUT:.*]]: memref<1x2x1x64xbf16, strided<[?, ?, ?, 1]>> {llsa.name = "coarse", llsa.role = "output"}
// CHECK:         %[[MID:.*]] = memref.alloc() : memref<1x2x4x64xbf16>
// CHECK-NEXT:    tile.launch @pool(%[[IN]], %[[MID]], %[[OUT]])
// CHECK-NEXT:    tile.launch @twice(%[[MID]], %{{.*}})
// CHECK-NEXT:    return
func.func @llsa(%q: tensor<1x2x64x64xbf16>)
    -> (tensor<1x2x1x64xbf16> {llsa.name = "coarse"}, tensor<1x2x4x64xbf16>) {
  %0:2 = llsa.launch "pool" schedule #s {
    %1 = llsa.pool %q block 16 : tensor<1x2x64x64xbf16>
    %2 = llsa.pool %1 block 4 : tensor<1x2x4x64xbf16>
    llsa.yield %1, %2 : tensor<1x2x4x64xbf16>, tensor<1x2x1x64xbf16>
  } {llsa.flops = 1.0 : f64, llsa.bytes = 2.0 : f64} : tensor<1x2x4x64xbf16>, tensor<1x2x1x64xbf16>
  %3 = llsa.launch "twice" schedule #s {
    %4 = arith.addf %0#0, %0#0 : tensor<1x2x4x64xbf16>
    llsa.yield %4 : tensor<1x2x4x64xbf16>
  } : tensor<1x2x4x64xbf16>
  return %0#1, %3 : tensor<1x2x1x64xbf16>, tensor<1x2x4x64xbf16>
}

// -----

// Two stages: two blocks are loaded before the first is averaged. Not where one
// may end early.

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 2>

// CHECK-LABEL: tile.kernel @pool(
// CHECK:       scf.for {{.*}} step %c2
// CHECK:         %[[A:.*]] = tile.load {{.*}} -> tensor<16x32xbf16>
// CHECK:         %[[B:.*]] = tile.load {{.*}} -> tensor<16x32xbf16>
// CHECK:         arith.extf %[[A]]
// CHECK:         arith.extf %[[B]]
// CHECK:       scf.for {{.*}} step %c1
// CHECK:         tile.load {{.*}} rows %
// CHECK-NOT:     tile.load
// CHECK:       func.func
func.func @llsa(%q: tensor<1x2x64x32xbf16>, %k: tensor<1x1x60x32xbf16>)
    -> (tensor<1x2x1x32xbf16>, tensor<1x1x1x32xbf16>) {
  %0:2 = llsa.launch "pool" schedule #s {
    %1 = llsa.pool %q block 16 : tensor<1x2x64x32xbf16>
    %2 = llsa.pool %1 block 4 : tensor<1x2x4x32xbf16>
    %3 = llsa.pool %k block 16 : tensor<1x1x60x32xbf16>
    %4 = llsa.pool %3 block 4 : tensor<1x1x4x32xbf16>
    llsa.yield %2, %4 : tensor<1x2x1x32xbf16>, tensor<1x1x1x32xbf16>
  } : tensor<1x2x1x32xbf16>, tensor<1x1x1x32xbf16>
  return %0#0, %0#1 : tensor<1x2x1x32xbf16>, tensor<1x1x1x32xbf16>
}

// -----

// Several tensors in one launch; a last block that is not full divides by the
// number of tokens that it has. On a GPU tokens of full blocks have code of their
// own.

// GPU-LABEL: tile.kernel @pool(
// GPU:       scf.if
// GPU:         %[[FULL:.*]] = arith.cmpi slt, %{{.*}}, %c3 : index
// GPU:         scf.if %[[FULL]]
// GPU-NOT:       rows %
// GPU:         } else {
// GPU:           tile.load {{.*}} rows %
// GPU:         }
// GPU:       } else {
// GPU-NOT:     rows %
// GPU:         tile.return

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @pool(
// CHECK-SAME:  items [10]
// CHECK-DAG:   %[[C8:.*]] = arith.constant 8 : index
// CHECK-DAG:   %[[C6:.*]] = arith.constant 6 : index
// CHECK-DAG:   %[[C22:.*]] = arith.constant 22 : index
// CHECK:       %[[ITEM:.*]] = tile.work_item : index
// CHECK:       %[[IN_Q:.*]] = arith.cmpi ult, %[[ITEM]], %[[C8]]
// CHECK:       scf.if %[[IN_Q]]
// CHECK:         %[[LEFT:.*]] = arith.subi %[[C22]], %{{.*}}
// CHECK:         %[[COUNT:.*]] = arith.minsi %[[LEFT]], %[[C6]]
// CHECK:         tile.load {{.*}} rows %[[COUNT]]
// CHECK:         %[[N:.*]] = tile.range %[[COUNT]] step 0 : tensor<1x64xi32>
// CHECK:         %[[NF:.*]] = arith.sitofp %[[N]]
// CHECK:         arith.divf %{{.*}}, %[[NF]]
// CHECK:       } else {
// CHECK:         arith.subi %[[ITEM]], %[[C8]]
// CHECK-NOT:     rows %
// CHECK:         %[[SIX:.*]] = {{.*}} over rows
// CHECK:         arith.divf %[[SIX]], %{{.*}}
func.func @llsa(%q: tensor<1x2x22x64xf32>, %k: tensor<1x1x12x64xf32>) -> (tensor<1x2x4x64xf32>, tensor<1x1x2x64xf32>) {
  %0:2 = llsa.launch "pool" schedule #s {
    %1 = llsa.pool %q block 6 : tensor<1x2x22x64xf32>
    %2 = llsa.pool %k block 6 : tensor<1x1x12x64xf32>
    llsa.yield %1, %2 : tensor<1x2x4x64xf32>, tensor<1x1x2x64xf32>
  } : tensor<1x2x4x64xf32>, tensor<1x1x2x64xf32>
  return %0#0, %0#1 : tensor<1x2x4x64xf32>, tensor<1x1x2x64xf32>
}

// -----

// Tiles of fewer columns than tokens have: an item is half of a token. A tensor
// whose columns they do not divide stays whole.

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @pool(
// CHECK-SAME:  items [20]
// CHECK:       tile.load %{{.*}} -> tensor<16x64xbf16>
// CHECK:       tile.load %{{.*}} -> tensor<16x80xbf16>
func.func @llsa(%q: tensor<1x2x64x128xbf16>, %k: tensor<1x1x64x80xbf16>)
    -> (tensor<1x2x4x128xbf16>, tensor<1x1x4x80xbf16>) {
  %0:2 = llsa.launch "pool" schedule #s {
    %1 = llsa.pool %q block 16 : tensor<1x2x64x128xbf16>
    %2 = llsa.pool %k block 16 : tensor<1x1x64x80xbf16>
    llsa.yield %1, %2 : tensor<1x2x4x128xbf16>, tensor<1x1x4x80xbf16>
  } : tensor<1x2x4x128xbf16>, tensor<1x1x4x80xbf16>
  return %0#0, %0#1 : tensor<1x2x4x128xbf16>, tensor<1x1x4x80xbf16>
}

// -----

// Three tensors of one shape: one code, which chooses the item's buffers.

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @pool(
// CHECK-SAME:  %[[A:[^:]*]]: memref<1x2x64x64xbf16, {{[^>]*>>}}, %[[B:[^:]*]]: memref<1x2x64x64xbf16, {{[^>]*>>}}, %[[C:[^:]*]]: memref<1x2x64x64xbf16, {{[^>]*>>}}, %[[A1:[^:]*]]: {{[^>]*>>}}, %[[B1:[^:]*]]: {{[^>]*>>}}, %[[C1:[^:]*]]: {{[^>]*>>}})
// CHECK-SAME:  items [24]
// CHECK:       %[[ITEM:.*]] = tile.work_item
// CHECK:       %[[CHAIN:.*]] = arith.divui %[[ITEM]], %c8
// CHECK:       %[[NOTC:.*]] = arith.cmpi slt, %[[CHAIN]], %c2
// CHECK:       %[[BC:.*]] = arith.select %[[NOTC]], %[[B]], %[[C]] : memref
// CHECK:       %[[ISA:.*]] = arith.cmpi slt, %[[CHAIN]], %c1
// CHECK:       %[[X:.*]] = arith.select %[[ISA]], %[[A]], %[[BC]] : memref
// CHECK:       %[[BC1:.*]] = arith.select %[[NOTC]], %[[B1]], %[[C1]] : memref
// CHECK:       %[[X1:.*]] = arith.select %[[ISA]], %[[A1]], %[[BC1]] : memref
// CHECK:       arith.remui %[[ITEM]], %c8
// CHECK:       tile.load %[[X]]
// CHECK:       tile.store %{{.*}}, %[[X1]]
// CHECK-NOT:   tile.load
// CHECK:       tile.return
!x = tensor<1x2x64x64xbf16>
!x1 = tensor<1x2x4x64xbf16>
func.func @llsa(%q: !x, %k: !x, %v: !x) -> (!x1, !x1, !x1) {
  %0:3 = llsa.launch "pool" schedule #s {
    %1 = llsa.pool %q block 16 : !x
    %2 = llsa.pool %k block 16 : !x
    %3 = llsa.pool %v block 16 : !x
    llsa.yield %1, %2, %3 : !x1, !x1, !x1
  } : !x1, !x1, !x1
  return %0#0, %0#1, %0#2 : !x1, !x1, !x1
}

// -----

// Two chains with a pool in common stay apart: the first one stores its result.

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @pool(
// CHECK:       scf.if
// CHECK-NOT:   arith.select
// CHECK:       tile.return
!x = tensor<1x2x64x64xbf16>
!x1 = tensor<1x2x4x64xbf16>
!x2 = tensor<1x2x1x64xbf16>
func.func @llsa(%q: !x) -> (!x1, !x2, !x2) {
  %0:3 = llsa.launch "pool" schedule #s {
    %1 = llsa.pool %q block 16 : !x
    %2 = llsa.pool %1 block 4 : !x1
    %3 = llsa.pool %1 block 4 : !x1
    llsa.yield %1, %2, %3 : !x1, !x2, !x2
  } : !x1, !x2, !x2
  return %0#0, %0#1, %0#2 : !x1, !x2, !x2
}

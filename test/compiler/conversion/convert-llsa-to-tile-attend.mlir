// RUN: llsa-opt %s --convert-llsa-to-tile --canonicalize --cse --split-input-file | FileCheck %s

// Plain attention, everything even: one loop, no masks, no addend, no ragged
// tile.

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @attend(
// CHECK-SAME:  items [1, 4, 4]
// CHECK-DAG:   %[[FACTOR:.*]] = arith.constant dense<0.180336878> : tensor<16x32xf32>
// CHECK-DAG:   %[[NONE:.*]] = arith.constant dense<0xFF800000> : tensor<16x1xf32>
// CHECK-DAG:   %[[C2:.*]] = arith.constant 2 : index
// CHECK:       %[[ITEM:.*]]:3 = tile.work_item
// CHECK:       %[[Q:.*]] = tile.load {{.*}} -> tensor<16x64xf32>
// CHECK:       %[[KEY_HEAD:.*]] = arith.divui %[[ITEM]]#1, %[[C2]]
// CHECK:       %[[END:.*]]:3 = scf.for {{.*}} iter_args(%[[MAX:.*]] = %[[NONE]], %[[SUM:.*]] = %{{.*}}, %[[ACC:.*]] = %{{.*}})
// CHECK:         %[[K:.*]] = tile.load %{{.*}}[%{{.*}}, %[[KEY_HEAD]],
// CHECK:         %[[V:.*]] = tile.load %{{.*}}[%{{.*}}, %[[KEY_HEAD]],
// CHECK-NOT:     tile.range
// CHECK:         %[[S:.*]] = tile.dot %[[Q]], %[[K]], %{{.*}} transpose_b
// CHECK-NEXT:    %[[T:.*]] = arith.mulf %[[S]], %[[FACTOR]]
// CHECK-NEXT:    %[[ROW_MAX:.*]] = tile.reduce max %[[T]] over cols
// CHECK-NEXT:    %[[NEW_MAX:.*]] = arith.maximumf %[[MAX]], %[[ROW_MAX]]
// CHECK-NEXT:    %[[NO_KEY:.*]] = arith.cmpf oeq, %[[NEW_MAX]], %[[NONE]]
// CHECK-NEXT:    %[[BASE:.*]] = arith.select %[[NO_KEY]], %{{.*}}, %[[NEW_MAX]]
// CHECK:         %[[P:.*]] = math.exp2
// CHECK:         %[[FADE:.*]] = math.exp2
// CHECK:         %[[ROW_SUM:.*]] = tile.reduce add %[[P]] over cols
// CHECK:         %[[NEW_SUM:.*]] = math.fma %[[SUM]], %[[FADE]], %[[ROW_SUM]]
// CHECK:         %[[FADED:.*]] = arith.mulf %{{.*}}, %{{.*}} : tensor<16x64xf32>
// CHECK:         %[[NEW_ACC:.*]] = tile.dot %[[P]], %[[V]], %[[FADED]]
// CHECK:         scf.yield %[[NEW_MAX]], %[[NEW_SUM]], %[[NEW_ACC]]
// CHECK-NOT:   rows %
// CHECK:       math.log2 %[[END]]#1
// CHECK:       tile.store {{.*}} row_dim 2 : tensor<16x1xf32>
// CHECK:       tile.store {{.*}} : tensor<16x64xf32>
func.func @llsa(%q: tensor<1x4x64x64xf32>, %k: tensor<1x2x96x64xf32>, %v: tensor<1x2x96x64xf32>)
    -> (tensor<1x4x64x64xf32>, tensor<1x4x64xf32>) {
  %0:2 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from dense(%k, %v)
        : tensor<1x4x64x64xf32>, tensor<1x2x96x64xf32>, tensor<1x2x96x64xf32>
    llsa.yield %o, %lse : tensor<1x4x64x64xf32>, tensor<1x4x64xf32>
  } : tensor<1x4x64x64xf32>, tensor<1x4x64xf32>
  return %0#0, %0#1 : tensor<1x4x64x64xf32>, tensor<1x4x64xf32>
}

// -----

// LLSA with two levels: gathered sources, of blocks or tokens that may not
// exist, then a dense one that fits one step. The last coarse token weighs
// less: log2(6 of 16 tokens).

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @attend(
// CHECK-SAME:  items [1, 1, 5]
// CHECK-DAG:   %[[C70:.*]] = arith.constant 70 : index
// CHECK-DAG:   %[[C16:.*]] = arith.constant 16 : index
// CHECK-DAG:   %[[MISSING:.*]] = arith.constant dense<0xFF800000> : tensor<1x32xf32>
// CHECK-DAG:   %[[W:.*]] = arith.constant dense<4.000000e+00> : tensor<1x16xf32>
// CHECK-DAG:   %[[W_LAST:.*]] = arith.constant dense<2.58496261> : tensor<1x16xf32>
// CHECK:       %[[ITEM:.*]]:3 = tile.work_item
// CHECK:       %[[START:.*]] = arith.muli %[[ITEM]]#2, %[[C16]]
// CHECK:       %[[LEFT:.*]] = arith.subi %[[C70]], %[[START]]
// CHECK:       %[[ROWS:.*]] = arith.minsi %[[LEFT]], %[[C16]]
// CHECK:       tile.load {{.*}} rows %[[ROWS]]
// CHECK:       scf.for
// CHECK:         %[[ROW:.*]] = arith.divui %[[START]], %[[C16]]
// CHECK:         %[[IDS:.*]] = tile.block_rows %{{.*}}[%{{.*}}, %{{.*}}, %[[ROW]], %{{.*}}] block 16 limit 70 : {{.*}} -> tensor<1x32xi32>
// CHECK:         tile.gather {{.*}} at %[[IDS]]
// CHECK:         tile.gather {{.*}} at %[[IDS]]
// CHECK:         %[[EXISTS:.*]] = arith.cmpi
// CHECK:         %[[ADDEND:.*]] = arith.select %[[EXISTS]], %{{.*}}, %[[MISSING]]
// CHECK:         %[[ADDENDS:.*]] = tile.broadcast %[[ADDEND]]
// CHECK:         math.fma %{{.*}}, %{{.*}}, %[[ADDENDS]]
// CHECK:       %[[TOKENS:.*]] = tile.range
// CHECK:       tile.load {{.*}} -> tensor<16x64xf32>
// CHECK:       %[[IS_LAST:.*]] = arith.cmpi eq, %[[TOKENS]]
// CHECK:       arith.select %[[IS_LAST]], %[[W_LAST]], %[[W]]
// CHECK:       tile.store {{.*}} rows %[[ROWS]]
func.func @llsa(%q: tensor<1x1x70x64xf32>, %k: tensor<1x1x70x64xf32>, %v: tensor<1x1x70x64xf32>,
                %k1: tensor<1x1x5x64xf32>, %v1: tensor<1x1x5x64xf32>, %i: tensor<1x1x5x3xi32>)
    -> tensor<1x1x70x64xf32> {
  %0 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from gathered(%k, %v by %i) block 16 every 16, dense(%k1, %v1) span 16
        : tensor<1x1x70x64xf32>, tensor<1x1x70x64xf32>, tensor<1x1x70x64xf32>, tensor<1x1x5x3xi32>,
          tensor<1x1x5x64xf32>, tensor<1x1x5x64xf32>
    llsa.yield %o : tensor<1x1x70x64xf32>
  } : tensor<1x1x70x64xf32>
  return %0 : tensor<1x1x70x64xf32>
}

// -----

// A window: the loop takes the keys that any row of the tile sees, the mask
// each row's.

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @attend(
// CHECK-DAG:   %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:   %[[C10:.*]] = arith.constant 10 : index
// CHECK-DAG:   %[[C19:.*]] = arith.constant 19 : index
// CHECK-DAG:   %[[C64:.*]] = arith.constant 64 : index
// CHECK-DAG:   %[[LAST:.*]] = arith.constant dense<63> : tensor<16x1xi32>
// CHECK:       %[[START:.*]] = arith.muli
// CHECK-DAG:   %[[FROM:.*]] = arith.subi %[[START]], %[[C10]]
// CHECK-DAG:   %[[LOW:.*]] = arith.maxsi %[[FROM]], %[[C0]]
// CHECK-DAG:   %[[TO:.*]] = arith.addi %[[START]], %[[C19]]
// CHECK-DAG:   %[[HIGH:.*]] = arith.minsi %[[TO]], %[[C64]]
// CHECK-DAG:   arith.minsi %{{.*}}, %[[LAST]]
// CHECK:       scf.for %[[J:.*]] = %[[LOW]] to %[[HIGH]]
// CHECK:         %[[COUNT:.*]] = arith.subi %[[HIGH]], %[[J]]
// CHECK:         tile.load {{.*}} rows %[[COUNT]]
// CHECK:         %[[VISIBLE:.*]] = arith.andi %{{.*}}, %{{.*}} : tensor<16x32xi1>
// CHECK:         arith.select %[[VISIBLE]]
func.func @llsa(%q: tensor<1x1x64x64xf32>, %k: tensor<1x1x64x64xf32>, %v: tensor<1x1x64x64xf32>) -> tensor<1x1x64x64xf32> {
  %0 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from window(%k, %v) before 10 after 3
        : tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>, tensor<1x1x64x64xf32>
    llsa.yield %o : tensor<1x1x64x64xf32>
  } : tensor<1x1x64x64xf32>
  return %0 : tensor<1x1x64x64xf32>
}

// -----

// What rounding takes from the output is a result of its own: the eight of a
// float32's bits that come behind those of bf16.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>
!q = tensor<1x1x64x8xbf16>
// CHECK-LABEL: tile.kernel @rest
// CHECK-DAG: %[[LOWEST:.*]] = arith.constant dense<-32768>
// CHECK-DAG: %[[HIGHEST:.*]] = arith.constant dense<32512>
// CHECK-DAG: %[[HALF:.*]] = arith.constant dense<128>
// CHECK-DAG: %[[LOST:.*]] = arith.constant dense<8>
// CHECK: scf.for
// CHECK: arith.divf
// CHECK: %[[O:.*]] = arith.mulf %{{.*}}, %{{.*}} : tensor<16x8xf32>
// CHECK: %[[ROUNDED:.*]] = arith.truncf %[[O]]
// CHECK: tile.store %[[ROUNDED]]
// CHECK: %[[BITS:.*]] = arith.bitcast %[[O]] : tensor<16x8xf32> to tensor<16x8xi32>
// CHECK: %[[WIDE:.*]] = arith.extf %[[ROUNDED]]
// CHECK: %[[SHORT:.*]] = arith.bitcast %[[WIDE]] : tensor<16x8xf32> to tensor<16x8xi32>
// CHECK: %[[TAKEN:.*]] = arith.subi %[[BITS]], %[[SHORT]]
// CHECK: %[[ABOVE:.*]] = arith.maxsi %[[TAKEN]], %[[LOWEST]]
// CHECK: %[[BETWEEN:.*]] = arith.minsi %[[ABOVE]], %[[HIGHEST]]
// CHECK: %[[HALF_UP:.*]] = arith.addi %[[BETWEEN]], %[[HALF]]
// CHECK: %[[UNITS:.*]] = arith.shrsi %[[HALF_UP]], %[[LOST]]
// CHECK: %[[REST:.*]] = arith.trunci %[[UNITS]] : tensor<16x8xi32> to tensor<16x8xi8>
// CHECK: tile.store %[[REST]]
!rest = tensor<1x1x64x8xi8>
func.func @rest(%q: !q, %k: !q, %v: !q) -> (!q, !rest) {
  %0:2 = llsa.launch "rest" schedule #s {
    %o, %lse, %rest = llsa.attend %q from dense(%k, %v) rest : !q, !q, !q
    llsa.yield %o, %rest : !q, !rest
  } : !q, !rest
  return %0#0, %0#1 : !q, !rest
}

// RUN: llsa-opt %s --convert-llsa-to-tile --canonicalize --cse --split-input-file | FileCheck %s
// RUN: llsa-opt %s --convert-llsa-to-tile="widen-dots=false streams lazy-rescale" --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=GPU

// All keys, a step at a time; the last step is shorter and knows which of its
// columns are keys. There are fewer keys than places: the rest is -1.

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @select(
// CHECK-SAME:  items [1, 4, 3]
// CHECK-DAG:   %[[NONE:.*]] = arith.constant dense<-1> : tensor<16x70xi32>
// CHECK-DAG:   %[[REST:.*]] = arith.constant dense<-1> : tensor<16x30xi32>
// CHECK-DAG:   %[[LOWEST:.*]] = arith.constant dense<0xFF800000> : tensor<16x70xf32>
// CHECK-DAG:   %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG:   %[[C70:.*]] = arith.constant 70 : index
// CHECK:       %[[ITEM:.*]]:3 = tile.work_item
// CHECK:       %[[LIST:.*]]:2 = scf.for {{.*}} iter_args(%[[S:.*]] = %[[LOWEST]], %[[I:.*]] = %[[NONE]])
// CHECK:         %[[IDS:.*]] = tile.range %{{.*}} step 1 : tensor<1x32xi32>
// CHECK:         %[[KEYS:.*]] = tile.load {{.*}} -> tensor<32x64xf32>
// CHECK:         %[[SCORES:.*]] = tile.dot %{{.*}}, %[[KEYS]], %{{.*}} transpose_b
// CHECK:         tile.topk %[[S]], %[[I]] insert %[[SCORES]] at %[[IDS]]
// CHECK:       %[[TAIL:.*]] = tile.range %{{.*}} step 1 : tensor<1x16xi32>
// CHECK:       %[[IS_KEY:.*]] = arith.cmpi slt, %[[TAIL]], %{{.*}}
// CHECK:       %[[TAIL_IDS:.*]] = arith.select %[[IS_KEY]], %[[TAIL]], %{{.*}}
// CHECK:       tile.load {{.*}} rows %{{.*}} -> tensor<16x64xf32>
// CHECK:       %[[SCORE:.*]], %[[ID:.*]] = tile.topk %[[LIST]]#0, %[[LIST]]#1 insert %{{.*}} at %[[TAIL_IDS]]
// CHECK:       tile.store %[[ID]], {{.*}} : tensor<16x70xi32>
// CHECK:       tile.store %[[REST]], %{{.*}}, %[[C70]]] : tensor<16x30xi32>
func.func @llsa(%q: tensor<1x4x48x64xf32>, %k: tensor<1x2x70x64xf32>) -> tensor<1x4x48x100xi32> {
  %0 = llsa.launch "select" schedule #s {
    %1 = llsa.select %q, %k topk 100 : tensor<1x4x48x64xf32>, tensor<1x2x70x64xf32>
    llsa.yield %1 : tensor<1x4x48x100xi32>
  } : tensor<1x4x48x100xi32>
  return %0 : tensor<1x4x48x100xi32>
}

// -----

// Within a coarser selection: candidates are the children of the row that the
// tile's queries share, so tiles end where that row's queries do.

#s = #tile.schedule<rows = 8, cols = 32, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @select(
// CHECK-SAME:  items [1, 1, 6, 2]
// CHECK-DAG:   %[[C12:.*]] = arith.constant 12 : index
// CHECK-DAG:   %[[C8:.*]] = arith.constant 8 : index
// CHECK:       %[[ITEM:.*]]:4 = tile.work_item
// CHECK:       %[[BASE:.*]] = arith.muli %[[ITEM]]#2, %[[C12]]
// CHECK:       %[[OFFSET:.*]] = arith.muli %[[ITEM]]#3, %[[C8]]
// CHECK:       %[[START:.*]] = arith.addi %[[BASE]], %[[OFFSET]]
// CHECK:       %[[LEFT:.*]] = arith.subi %[[C12]], %[[OFFSET]]
// CHECK:       %[[IN_GRANULE:.*]] = arith.minsi %[[LEFT]], %[[C8]]
// CHECK:       %[[ROWS:.*]] = arith.minsi %[[IN_GRANULE]], %{{.*}}
// CHECK:       tile.load %{{.*}} rows %[[ROWS]]
// CHECK:       %[[ROW:.*]] = arith.divui %[[START]], %[[C12]]
// CHECK:       scf.for
// CHECK:         %[[IDS:.*]] = tile.block_rows %{{.*}}[%{{.*}}, %{{.*}}, %[[ROW]], %{{.*}}] block 12 limit 70
// CHECK-SAME:      -> tensor<1x24xi32>
// CHECK:         tile.gather {{.*}} at %[[IDS]]
// CHECK:         tile.topk {{.*}} at %[[IDS]]
// CHECK:       tile.store {{.*}} rows %[[ROWS]] : tensor<8x6xi32>
func.func @llsa(%q: tensor<1x1x70x64xf32>, %k: tensor<1x1x70x64xf32>, %i: tensor<1x1x6x4xi32>) -> tensor<1x1x70x6xi32> {
  %0 = llsa.launch "select" schedule #s {
    %1 = llsa.select %q, %k topk 6 within %i block 12 : tensor<1x1x70x64xf32>, tensor<1x1x70x64xf32>, tensor<1x1x6x4xi32>
    llsa.yield %1 : tensor<1x1x70x6xi32>
  } : tensor<1x1x70x6xi32>
  return %0 : tensor<1x1x70x6xi32>
}

// -----

// A long list in parts of 8: a walk for each, over what comes behind the last
// place of the part before. The last part has the 4 places that are left, and
// places behind the candidates are empty.

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1, list = 8>

// CHECK-LABEL: tile.kernel @select(
// CHECK-DAG:   %[[NAN:.*]] = arith.constant dense<0x7FC00000> : tensor<16x1xf32>
// CHECK-DAG:   %[[NOBODY:.*]] = arith.constant dense<-1> : tensor<16x1xi32>
// CHECK:       scf.for {{.*}} iter_args(%[[SCORE:.*]] = %[[NAN]], %[[ID:.*]] = %[[NOBODY]])
// CHECK:         %[[S:.*]] = tile.dot
// CHECK:         %[[PLACE:.*]] = tile.broadcast %[[SCORE]]
// CHECK:         %[[CLAMPED:.*]] = arith.maximumf %[[S]]
// CHECK:         arith.cmpf olt, %[[CLAMPED]], %[[PLACE]]
// CHECK:         arith.cmpf oeq, %[[CLAMPED]], %[[PLACE]]
// CHECK:         %[[LEFT:.*]] = arith.select
// CHECK:         %[[LIST:.*]], %[[IDS:.*]] = tile.topk %{{.*}} insert %[[LEFT]] {{.*}} tensor<16x8xf32>
// CHECK:         %[[EMPTY:.*]] = arith.cmpf oeq, %[[LIST]]
// CHECK:         arith.select %[[EMPTY]]
// CHECK:         tile.store
// CHECK:         tile.reduce max
// CHECK:         scf.yield
// CHECK:       tile.topk {{.*}} tensor<16x4xf32>
func.func @llsa(%q: tensor<1x1x16x16xf32>, %k: tensor<1x1x20x16xf32>) -> tensor<1x1x16x24xi32> {
  %0 = llsa.launch "select" schedule #s {
    %i = llsa.select %q, %k topk 24 : tensor<1x1x16x16xf32>, tensor<1x1x20x16xf32>
    llsa.yield %i : tensor<1x1x16x24xi32>
  } : tensor<1x1x16x24xi32>
  return %0 : tensor<1x1x16x24xi32>
}

// -----

// On a GPU a short list has a scratch, for each warp, also one that is filled in
// steps; a list of more than eight has none.

#s = #tile.schedule<rows = 8, cols = 64, warps = 2, stages = 1>

// GPU-LABEL: tile.kernel @select(
// GPU:       %[[SCRATCH:.*]] = tile.alloc_shared scope warp : memref<1x13x32xf32, 3>
// GPU:       tile.topk {{.*}} scratch %[[SCRATCH]]
// GPU-LABEL: tile.kernel @steps(
// GPU:       %[[SCRATCH:.*]] = tile.alloc_shared scope warp : memref<1x13x32xf32, 3>
// GPU:       scf.for
// GPU:         tile.topk {{.*}} scratch %[[SCRATCH]]
// GPU-LABEL: tile.kernel @long(
// GPU-NOT:   scratch
// GPU:       tile.return
func.func @llsa(%q: tensor<1x1x64x16xf16>, %i: tensor<1x1x4x4xi32>, %j: tensor<1x1x4x8xi32>)
    -> (tensor<1x1x64x8xi32>, tensor<1x1x64x8xi32>, tensor<1x1x64x9xi32>) {
  %0 = llsa.launch "select" schedule #s {
    %1 = llsa.select %q, %q topk 8 within %i block 16 : tensor<1x1x64x16xf16>, tensor<1x1x64x16xf16>, tensor<1x1x4x4xi32>
    llsa.yield %1 : tensor<1x1x64x8xi32>
  } : tensor<1x1x64x8xi32>
  %2 = llsa.launch "steps" schedule #s {
    %3 = llsa.select %q, %q topk 8 within %j block 16 : tensor<1x1x64x16xf16>, tensor<1x1x64x16xf16>, tensor<1x1x4x8xi32>
    llsa.yield %3 : tensor<1x1x64x8xi32>
  } : tensor<1x1x64x8xi32>
  %4 = llsa.launch "long" schedule #s {
    %5 = llsa.select %q, %q topk 9 : tensor<1x1x64x16xf16>, tensor<1x1x64x16xf16>
    llsa.yield %5 : tensor<1x1x64x9xi32>
  } : tensor<1x1x64x9xi32>
  return %0, %2, %4 : tensor<1x1x64x8xi32>, tensor<1x1x64x8xi32>, tensor<1x1x64x9xi32>
}

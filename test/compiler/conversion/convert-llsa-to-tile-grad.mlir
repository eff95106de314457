// RUN: llsa-opt %s --split-input-file --convert-llsa-to-tile=widen-dots --canonicalize --cse | FileCheck %s

#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>

// Keys are the rows of a tile: S^T = k q^T and dP^T = v do^T are transposed
// products, dv += P^T do and dk += dS^T q plain ones with the same operands.
!q = tensor<1x4x64x8xf32>
!k = tensor<1x2x48x8xf32>
!r = tensor<1x4x64xf32>
// CHECK-LABEL: tile.kernel @dense
// CHECK: %[[K:.*]] = tile.load {{.*}} -> tensor<16x8xf32>
// CHECK: %[[V:.*]] = tile.load {{.*}} -> tensor<16x8xf32>
// The two query heads of a key head, then their queries.
// CHECK: scf.for
// CHECK: scf.for
// CHECK: %[[Q:.*]] = tile.load {{.*}} -> tensor<32x8xf32>
// CHECK: %[[DO:.*]] = tile.load {{.*}} -> tensor<32x8xf32>
// CHECK: tile.lookup {{.*}} -> tensor<1x32xf32>
// CHECK: tile.lookup {{.*}} -> tensor<1x32xf32>
// CHECK: tile.dot %[[K]], %[[Q]], {{.*}} transpose_b : tensor<16x8xf32>, tensor<32x8xf32> -> tensor<16x32xf32>
// CHECK: tile.dot %[[V]], %[[DO]], {{.*}} transpose_b
// CHECK: math.exp2
// CHECK: tile.dot %{{.*}}, %[[Q]], %{{.*}} : tensor<16x32xf32>, tensor<32x8xf32> -> tensor<16x8xf32>
// CHECK: tile.dot %{{.*}}, %[[DO]], %{{.*}} : tensor<16x32xf32>, tensor<32x8xf32> -> tensor<16x8xf32>
// CHECK-NOT: tile.transpose
func.func @dense(%q: !q, %k: !k, %v: !k, %lse: !r, %delta: !r, %do: !q) -> (!k, !k) {
  %0:2 = llsa.launch "dense" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from dense(%k, %v)
        lse %lse delta %delta gradient %do : !q, !k, !k -> !k
    llsa.yield %dk, %dv : !k, !k
  } : !k, !k
  return %0#0, %0#1 : !k, !k
}

// -----

// The list of index rows that name the tile's block: two rows of 16 queries a
// step; behind the list's end there are none.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>
!q = tensor<1x2x64x8xf32>
!r = tensor<1x2x64xf32>
// CHECK-LABEL: tile.kernel @gathered
// CHECK: memref.load
// CHECK: memref.load
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step %c2
// CHECK: %[[IDS:.*]] = tile.block_rows %{{.*}}[%{{.*}}, %{{.*}}, %[[I]]] block 16 limit 64 {{.*}} -> tensor<1x32xi32>
// CHECK: %[[ROWS:.*]] = arith.select %{{.*}}, %[[IDS]]
// CHECK: tile.gather {{.*}} at %[[ROWS]]
// CHECK: tile.gather {{.*}} at %[[ROWS]]
func.func @gathered(%q: !q, %k: !q, %v: !q, %offsets: tensor<1x2x5xi32>, %rows: tensor<1x2x8xi32>,
                    %lse: !r, %delta: !r, %do: !q) -> (!q, !q) {
  %0:2 = llsa.launch "gathered" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from gathered(%k, %v by %offsets, %rows) block 16 every 16
        lse %lse delta %delta gradient %do
        : !q, !q, !q, tensor<1x2x5xi32>, tensor<1x2x8xi32> -> !q
    llsa.yield %dk, %dv : !q, !q
  } : !q, !q
  return %0#0, %0#1 : !q, !q
}

// -----

// An index row of many queries comes in parts.
#s = #tile.schedule<rows = 4, cols = 16, warps = 1, stages = 1>
!q = tensor<1x1x64x8xf32>
!k = tensor<1x1x8x8xf32>
!r = tensor<1x1x64xf32>
// CHECK-LABEL: tile.kernel @coarse
// CHECK: scf.for %[[STEP:[a-z0-9]+]] =
// CHECK: arith.remui %[[STEP]], %c2
// CHECK: arith.divui %[[STEP]], %c2
// CHECK: memref.load
// CHECK: tile.load {{.*}} -> tensor<16x8xf32>
// CHECK-NOT: tile.gather
func.func @coarse(%q: !q, %k: !k, %v: !k, %offsets: tensor<1x1x3xi32>, %rows: tensor<1x1x4xi32>,
                  %lse: !r, %delta: !r, %do: !q) -> (!k, !k) {
  %0:2 = llsa.launch "coarse" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from gathered(%k, %v by %offsets, %rows) block 4 every 32 span 8 tokens 64
        lse %lse delta %delta gradient %do
        : !q, !k, !k, tensor<1x1x3xi32>, tensor<1x1x4xi32> -> !k
    llsa.yield %dk, %dv : !k, !k
  } : !k, !k
  return %0#0, %0#1 : !k, !k
}

// -----

// The query's gradient: no maximum, one sum, delta beside it.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>
!q = tensor<1x2x64x8xf32>
!r = tensor<1x2x64xf32>
// CHECK-LABEL: tile.kernel @query
// CHECK-NOT: tile.reduce max
// CHECK: tile.reduce add {{.*}} over cols : tensor<16x8xf32> -> tensor<16x1xf32>
// CHECK: tile.store {{.*}} row_dim 2
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (tensor<16x8xf32>)
// CHECK: tile.dot {{.*}} transpose_b
// CHECK: tile.dot {{.*}} transpose_b
// CHECK: tile.dot {{.*}} : tensor<16x32xf32>, tensor<32x8xf32> -> tensor<16x8xf32>
func.func @query(%q: !q, %k: !q, %v: !q, %o: !q, %lse: !r, %do: !q) -> (!q, !r) {
  %0:2 = llsa.launch "query" schedule #s {
    %dq, %delta = llsa.attend_query_grad %q from dense(%k, %v)
        output %o lse %lse gradient %do : !q, !q, !q -> !q
    llsa.yield %dq, %delta : !q, !r
  } : !q, !r
  return %0#0, %0#1 : !q, !r
}

// -----

// What rounding took from o is added to it, in units of a float32's bits: f16
// leaves 13 of them, and eight are kept.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>
!q = tensor<1x2x64x8xf16>
!rest = tensor<1x2x64x8xi8>
!r = tensor<1x2x64xf32>
// CHECK-LABEL: tile.kernel @rest
// CHECK: %[[PLACES:.*]] = arith.constant dense<5> : tensor<16x8xi32>
// CHECK: tile.load {{.*}} -> tensor<16x8xf16>
// CHECK: %[[O:.*]] = tile.load {{.*}} -> tensor<16x8xf16>
// CHECK: %[[REST:.*]] = tile.load {{.*}} -> tensor<16x8xi8>
// CHECK-DAG: %[[WIDE:.*]] = arith.extsi %[[REST]]
// CHECK-DAG: %[[TAKEN:.*]] = arith.shli %[[WIDE]], %[[PLACES]]
// CHECK-DAG: %[[OF:.*]] = arith.extf %[[O]]
// CHECK-DAG: %[[BITS:.*]] = arith.bitcast %[[OF]]
// CHECK: %[[SUM:.*]] = arith.addi %[[BITS]], %[[TAKEN]]
// CHECK: arith.bitcast %[[SUM]] : tensor<16x8xi32> to tensor<16x8xf32>
// CHECK: tile.reduce add
func.func @rest(%q: !q, %k: !q, %v: !q, %o: !q, %rest: !rest, %lse: !r, %do: !q) -> !r {
  %0 = llsa.launch "rest" schedule #s {
    %dq, %delta = llsa.attend_query_grad %q from dense(%k, %v)
        output %o rest %rest lse %lse gradient %do : !q, !q, !q -> !q
    llsa.yield %delta : !r
  } : !r
  return %0 : !r
}

// -----

// An unpool is a part of the launch that adds it. A tile lies in one block.
#s = #tile.schedule<rows = 16, cols = 8, warps = 1, stages = 1>
!q = tensor<1x2x50x8xf32>
!p = tensor<1x2x4x8xf32>
// CHECK-LABEL: tile.kernel @sum
// CHECK: tile.load {{.*}} -> tensor<1x8xf32>
// CHECK: arith.select
// CHECK: tile.broadcast
// CHECK: arith.addf
func.func @sum(%g: !q, %p: !p) -> !q {
  %0 = llsa.launch "sum" schedule #s {
    %u = llsa.unpool %p block 16 tokens 50 : !p
    %s = arith.addf %g, %u : !q
    llsa.yield %s : !q
  } : !q
  return %0 : !q
}

// -----

// A tile lies in several blocks.
#s = #tile.schedule<rows = 16, cols = 8, warps = 1, stages = 1>
!q = tensor<1x2x48x8xf32>
!p = tensor<1x2x12x8xf32>
// CHECK-LABEL: tile.kernel @small_blocks
// CHECK: arith.divui
// CHECK: tile.gather
// CHECK: arith.mulf
func.func @small_blocks(%p: !p) -> !q {
  %0 = llsa.launch "small_blocks" schedule #s {
    %u = llsa.unpool %p block 4 tokens 48 : !p
    llsa.yield %u : !q
  } : !q
  return %0 : !q
}

// -----

// Few keys, many queries: each piece has 32 of them (two steps), and a second
// kernel adds the pieces up, in order: four at a time, whose loads are in flight
// together, in tiles of half a tensor core's rows.
#s = #tile.schedule<rows = 16, cols = 16, warps = 1, stages = 1, queries = 32>
!q = tensor<1x2x64x8xf32>
!k = tensor<1x1x16x8xf32>
!r = tensor<1x2x64xf32>
// CHECK-LABEL: tile.kernel @pieces_pieces
// CHECK-SAME: memref<1x2x32x8xf32>
// CHECK-SAME: items [1, 4, 1]
// CHECK: arith.remui %{{.*}}, %c2
// CHECK: scf.for {{.*}} step %c1
// CHECK: tile.store {{.*}} memref<1x2x32x8xf32>
// CHECK: tile.store {{.*}} memref<1x2x32x8xf32>
// CHECK-LABEL: tile.kernel @pieces(
// CHECK-SAME: items [1, 1, 2]
// CHECK-COUNT-8: tile.load {{.*}} memref<1x2x32x8xf32> -> tensor<8x8xf32>
// CHECK-COUNT-8: arith.addf %{{.*}} : tensor<8x8xf32>
// CHECK-LABEL: func.func @pieces_of_queries
// CHECK: tile.launch @pieces_pieces
// CHECK: tile.launch @pieces(
func.func @pieces_of_queries(%q: !q, %k: !k, %v: !k, %lse: !r, %delta: !r, %do: !q) -> (!k, !k) {
  %0:2 = llsa.launch "pieces" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from dense(%k, %v)
        lse %lse delta %delta gradient %do : !q, !k, !k -> !k
    llsa.yield %dk, %dv : !k, !k
  } : !k, !k
  return %0#0, %0#1 : !k, !k
}

// -----

// Lists of more than two entries (32 queries) are cut: where, says the first
// kernel; the second sums the pieces that exist, and the four lists' first ones,
// since most lists are long; the third adds up.
#s = #tile.schedule<rows = 16, cols = 16, warps = 1, stages = 1, queries = 32>
!q = tensor<1x1x64x8xf32>
!r = tensor<1x1x64xf32>
// CHECK-LABEL: tile.kernel @lists_cuts
// CHECK-SAME: memref<1x1x4xi32>
// CHECK: memref.store %c-1_i32
// CHECK: scf.for
// CHECK: scf.for {{.*}} step %c2
// CHECK: memref.store
// CHECK-LABEL: tile.kernel @lists_pieces
// CHECK-SAME: items [1, 1, 8]
// CHECK: scf.if
// CHECK: scf.for
// CHECK: tile.store {{.*}} memref<1x1x128x8xf32>
// CHECK-LABEL: tile.kernel @lists(
// CHECK-NOT: tile.dot
// CHECK-COUNT-2: tile.load {{.*}} memref<1x1x128x8xf32>
// CHECK: scf.for {{.*}} step %c2
// CHECK-COUNT-2: tile.load {{.*}} memref<1x1x128x8xf32>
func.func @long_lists(%q: !q, %k: !q, %v: !q, %offsets: tensor<1x1x5xi32>, %rows: tensor<1x1x8xi32>,
                    %lse: !r, %delta: !r, %do: !q) -> (!q, !q) {
  %0:2 = llsa.launch "lists" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from gathered(%k, %v by %offsets, %rows) block 16 every 16
        lse %lse delta %delta gradient %do
        : !q, !q, !q, tensor<1x1x5xi32>, tensor<1x1x8xi32> -> !q
    llsa.yield %dk, %dv : !q, !q
  } : !q, !q
  return %0#0, %0#1 : !q, !q
}

// -----

// Most lists are short: the second kernel takes their first entries itself.
#s = #tile.schedule<rows = 16, cols = 16, warps = 1, stages = 1, queries = 64>
!q = tensor<1x1x64x8xf32>
!r = tensor<1x1x64xf32>
// CHECK-LABEL: tile.kernel @short_pieces
// CHECK-SAME: items [1, 1, 2]
// CHECK-LABEL: tile.kernel @short(
// CHECK: scf.for
// CHECK: tile.dot
// CHECK: scf.for {{.*}} step %c4
// CHECK-COUNT-2: tile.load {{.*}} memref<1x1x32x8xf32>
func.func @short_lists(%q: !q, %k: !q, %v: !q, %offsets: tensor<1x1x5xi32>, %rows: tensor<1x1x8xi32>,
                       %lse: !r, %delta: !r, %do: !q) -> (!q, !q) {
  %0:2 = llsa.launch "short" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from gathered(%k, %v by %offsets, %rows) block 16 every 16
        lse %lse delta %delta gradient %do
        : !q, !q, !q, tensor<1x1x5xi32>, tensor<1x1x8xi32> -> !q
    llsa.yield %dk, %dv : !q, !q
  } : !q, !q
  return %0#0, %0#1 : !q, !q
}

// -----

// Without do there is one product for the scores and one for the sum.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1>
!q = tensor<1x2x64x8xf32>
!r = tensor<1x2x64xf32>
// CHECK-LABEL: tile.kernel @query_of_lse
// CHECK-COUNT-2: tile.dot
// CHECK-NOT: tile.dot
// CHECK-LABEL: tile.kernel @keys_of_lse
// CHECK-COUNT-2: tile.dot
// CHECK-NOT: tile.dot
// CHECK: tile.store
// CHECK-NOT: tile.store
// CHECK: func.func
func.func @lse_alone(%q: !q, %k: !q, %v: !q, %lse: !r, %dlse: !r) -> (!q, !q) {
  %0:2 = llsa.launch "query_of_lse" schedule #s {
    %dq, %delta = llsa.attend_query_grad %q from dense(%k, %v)
        lse %lse lse_gradient %dlse : !q, !q, !q -> !q
    llsa.yield %dq, %delta : !q, !r
  } : !q, !r
  %1 = llsa.launch "keys_of_lse" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from dense(%k, %v)
        lse %lse delta %0#1 : !q, !q, !q -> !q
    llsa.yield %dk : !q
  } : !q
  return %0#0, %1 : !q, !q
}

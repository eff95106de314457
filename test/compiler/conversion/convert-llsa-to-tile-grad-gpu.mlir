// RUN: llsa-opt %s --split-input-file --convert-llsa-to-tile="widen-dots=false streams" --canonicalize --cse | FileCheck %s

// The queries of a list come as a stream, as long as the list, of queries, do,
// lse and delta.
#s = #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 4, private_cols = 16>
!q = tensor<1x2x64x32xbf16>
!g = tensor<1x2x64x32xf32>
!r = tensor<1x2x64xf32>
// CHECK-LABEL: tile.kernel @gathered
// CHECK: tile.prefetch %{{.*}} count 8 : memref<1x2x8xi32
// CHECK: %[[LENGTH:.*]] = arith.subi
// CHECK: %[[S:.*]] = tile.stream count 8 length %[[LENGTH]]
// CHECK: memref.load
// CHECK-COUNT-2: tile.load {{.*}} -> tensor<16x32xbf16>
// CHECK-COUNT-2: tile.load {{.*}} -> tensor<1x16xf32>
// CHECK: scf.for %{{.*}} = %c0 to %[[LENGTH]]
// CHECK: %[[T:.*]]:4 = tile.next %[[S]]
// CHECK: tile.dot %{{.*}}, %[[T]]#0, {{.*}} transpose_b
// CHECK: tile.dot %{{.*}}, %[[T]]#1, {{.*}} transpose_b
func.func @gathered(%q: !q, %k: !q, %v: !q, %offsets: tensor<1x2x5xi32>, %rows: tensor<1x2x8xi32>,
                    %lse: !r, %delta: !r, %do: !q) -> (!g, !g) {
  %0:2 = llsa.launch "gathered" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from gathered(%k, %v by %offsets, %rows) block 16 every 16
        lse %lse delta %delta gradient %do
        : !q, !q, !q, tensor<1x2x5xi32>, tensor<1x2x8xi32> -> !g
    llsa.yield %dk, %dv : !g, !g
  } : !g, !g
  return %0#0, %0#1 : !g, !g
}

// -----

// A dense source's is as long as there are steps, over all query heads of a key
// head; 50 queries are not a number of float32 that copies move, so lse and
// delta are looked up, and the last step has fewer.
#s = #tile.schedule<rows = 16, cols = 32, warps = 4, stages = 4>
!q = tensor<1x2x50x32xbf16>
!k = tensor<1x1x64x32xbf16>
!g = tensor<1x1x64x32xf32>
!r = tensor<1x2x50xf32>
// CHECK-LABEL: tile.kernel @dense
// CHECK: %[[S:.*]] = tile.stream count 4 {
// CHECK: arith.divui %{{.*}}, %c2
// CHECK: %[[EXIST:.*]] = arith.subi %c50
// CHECK-COUNT-2: tile.load {{.*}} rows %[[EXIST]] : {{.*}} -> tensor<32x32xbf16>
// CHECK: scf.for %{{.*}} = %c0 to %c4
// CHECK: tile.next %[[S]]
// CHECK-COUNT-2: tile.lookup {{.*}} -> tensor<1x32xf32>
func.func @dense(%q: !q, %k: !k, %v: !k, %lse: !r, %delta: !r, %do: !q) -> (!g, !g) {
  %0:2 = llsa.launch "dense" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from dense(%k, %v)
        lse %lse delta %delta gradient %do : !q, !k, !k -> !g
    llsa.yield %dk, %dv : !g, !g
  } : !g, !g
  return %0#0, %0#1 : !g, !g
}

// -----

// Of 52 queries the last step starts at query 20, so that copies move whole steps,
// and those before query 32 do not count: the step before had them.
#s = #tile.schedule<rows = 16, cols = 32, warps = 4, stages = 4>
!q = tensor<1x1x52x32xbf16>
!k = tensor<1x1x64x32xbf16>
!g = tensor<1x1x64x32xf32>
!r = tensor<1x1x52xf32>
// CHECK-LABEL: tile.kernel @ragged
// CHECK: %[[S:.*]] = tile.stream count 2 {
// CHECK: %[[FIRST:.*]] = arith.minsi %{{.*}}, %c20
// CHECK-COUNT-2: tile.load %{{.*}}[{{.*}}, %[[FIRST]], %c0] : {{.*}} -> tensor<32x32xbf16>
// CHECK-COUNT-2: tile.load %{{.*}}[{{.*}}, %[[FIRST]]] : {{.*}} -> tensor<1x32xf32>
// CHECK: scf.for %[[I:.*]] = %c0 to %c2
// CHECK: %[[OWN:.*]] = arith.muli %[[I]], %c32
// CHECK: %[[START:.*]] = tile.range %[[OWN]] step 0 : tensor<1x32xi32>
// CHECK: arith.cmpi sle, %[[START]], %{{.*}} : tensor<1x32xi32>
// CHECK-NOT: tile.lookup
// CHECK: tile.return
func.func @ragged(%q: !q, %k: !k, %v: !k, %lse: !r, %delta: !r, %do: !q) -> (!g, !g) {
  %0:2 = llsa.launch "ragged" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from dense(%k, %v)
        lse %lse delta %delta gradient %do : !q, !k, !k -> !g
    llsa.yield %dk, %dv : !g, !g
  } : !g, !g
  return %0#0, %0#1 : !g, !g
}

// -----

// Three steps in pieces of two: the second piece's stream ends where the queries
// do, and no step asks whether its queries exist.
#s = #tile.schedule<rows = 16, cols = 32, warps = 4, stages = 4, queries = 64>
!q = tensor<1x1x96x32xbf16>
!k = tensor<1x1x64x32xbf16>
!g = tensor<1x1x64x32xf32>
!r = tensor<1x1x96xf32>
// CHECK-LABEL: tile.kernel @uneven_pieces
// CHECK: %[[LEFT:.*]] = arith.subi %c3
// CHECK: %[[LENGTH:.*]] = arith.minsi %[[LEFT]], %c2
// CHECK: tile.stream count 2 length %[[LENGTH]]
// CHECK: scf.for %{{.*}} = %c0 to %[[LENGTH]]
// CHECK: arith.select %{{.*}} : tensor<1x32xi1>, tensor<1x32xf32>
// CHECK-NOT: arith.select
// CHECK: tile.return
func.func @uneven(%q: !q, %k: !k, %v: !k, %lse: !r, %delta: !r, %do: !q) -> (!g, !g) {
  %0:2 = llsa.launch "uneven" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from dense(%k, %v)
        lse %lse delta %delta gradient %do : !q, !k, !k -> !g
    llsa.yield %dk, %dv : !g, !g
  } : !g, !g
  return %0#0, %0#1 : !g, !g
}

// -----

// delta is summed with the first step, behind the start of the copies.
#s = #tile.schedule<rows = 16, cols = 32, warps = 4, stages = 4>
!q = tensor<1x2x64x32xbf16>
!r = tensor<1x2x64xf32>
// CHECK-LABEL: tile.kernel @query
// CHECK: tile.stream
// CHECK: tile.next
// CHECK: tile.reduce add {{.*}} over cols : tensor<16x32xf32> -> tensor<16x1xf32>
// CHECK: tile.store {{.*}} row_dim 2
// CHECK: tile.next
func.func @query(%q: !q, %k: !q, %v: !q, %o: !q, %lse: !r, %do: !q) -> (!q, !r) {
  %0:2 = llsa.launch "query" schedule #s {
    %dq, %delta = llsa.attend_query_grad %q from dense(%k, %v)
        output %o lse %lse gradient %do : !q, !q, !q -> !q
    llsa.yield %dq, %delta : !q, !r
  } : !q, !r
  return %0#0, %0#1 : !q, !r
}

// -----

// Where the index is at hand, four warps share an index row's queries, one each
// of the blocks that it names; 256 queries are a piece, 8 steps. The second
// kernel looks where a list's rows name the block, and adds these sums, which lie
// in memory as bf16, of float16 tensors as float32: four entries of a list at
// once, of which those behind its end are zeros, and half a tensor core's rows.
#s = #tile.schedule<rows = 16, cols = 32, warps = 4, stages = 4, queries = 256>
#t = #tile.schedule<rows = 128, cols = 1, warps = 16, stages = 1>
!q = tensor<1x2x512x32xbf16>
!k = tensor<1x1x64x32xbf16>
!g = tensor<1x1x64x32xf32>
!r = tensor<1x2x512xf32>
// CHECK-LABEL: tile.kernel @by_rows_pieces
// CHECK-SAME:  items [1, 4, 4]
// CHECK:       %[[NAMED:.*]] = memref.load %{{.*}} : memref<1x2x2x3xi32
// CHECK:       tile.load {{.*}} -> tensor<16x32xbf16>
// CHECK:       tile.stream count 8 {
// CHECK-COUNT-2: tile.store %{{.*}} : tensor<16x32xbf16>, memref<1x2x96x32xbf16
// CHECK-LABEL: tile.kernel @by_rows(
// CHECK:       scf.for {{.*}} step %c4
// CHECK:         memref.load %{{.*}} : memref<1x2x6xi32
// CHECK-COUNT-2: memref.load %{{.*}} : memref<1x2x2x3xi32
// CHECK-COUNT-2: tile.load {{.*}} : memref<1x2x96x32xbf16{{.*}} -> tensor<8x32xbf16>
// CHECK-COUNT-6: tile.load {{.*}} rows {{.*}} : memref<1x2x96x32xbf16{{.*}} -> tensor<8x32xbf16>
// CHECK-COUNT-8: arith.addf %{{.*}} : tensor<8x32xf32>
func.func @rows(%q: !q, %k: !k, %v: !k, %i: tensor<1x2x2x3xi32>, %lse: !r, %delta: !r, %do: !q) -> (!g, !g) {
  %t:2 = llsa.launch "invert" schedule #t {
    %offsets, %rows = llsa.invert_indices %i of %k block 16 : tensor<1x2x2x3xi32>, !k
    llsa.yield %offsets, %rows : tensor<1x2x5xi32>, tensor<1x2x6xi32>
  } : tensor<1x2x5xi32>, tensor<1x2x6xi32>
  %0:2 = llsa.launch "by_rows" schedule #s {
    %dk, %dv = llsa.attend_key_grad %q from gathered(%k, %v by %t#0, %t#1) block 16 every 256
        lse %lse delta %delta gradient %do
        : !q, !k, !k, tensor<1x2x5xi32>, tensor<1x2x6xi32> -> !g
    llsa.yield %dk, %dv : !g, !g
  } : !g, !g
  return %0#0, %0#1 : !g, !g
}

// RUN: llsa-opt %s --convert-llsa-to-tile="widen-dots=false streams lazy-rescale" --canonicalize --cse | FileCheck %s

// Two warps of 16 queries. All share the 256 keys of the dense source, eight
// tiles; the blocks are each warp's own, two of them.

// CHECK-LABEL: tile.kernel @attend

// Index rows are brought near before the queries are loaded.
// CHECK:      tile.prefetch %{{.*}} count 2
// CHECK-NEXT: tile.load {{.*}} -> tensor<16x32xbf16>

// Dense tiles that no block goes along with come first, two a step: their copies
// wait for no index row. The blocks' start right behind. What a step takes behind
// its first element is waited for when the first product has started.
// CHECK:      %[[DENSE:.*]] = tile.stream count 8 held 2 late
// CHECK:      %[[OWN:.*]] = tile.stream count 2
// CHECK:        tile.block_rows
// CHECK:        tile.gather
// CHECK:      tile.next %[[DENSE]][%c0]
// CHECK:      tile.next %[[DENSE]][%c1]
// CHECK:      scf.for %[[I:.*]] = %c0 to %c2
// CHECK:        %[[TWICE:.*]] = arith.muli %[[I]], %c2
// CHECK:        %[[FIRST:.*]] = arith.addi %[[TWICE]], %c2
// CHECK:        tile.next %[[DENSE]][%[[FIRST]]]
// CHECK:        %[[SECOND:.*]] = arith.addi %[[TWICE]], %c3
// CHECK:        tile.next %[[DENSE]][%[[SECOND]]]
// CHECK-NOT:    tile.next
// CHECK:      scf.for
// CHECK:        %[[SHARED:.*]]:2 = tile.next %[[DENSE]]
// CHECK:        tile.dot %{{.*}}, %[[SHARED]]#0, %{{.*}} transpose_b :
// CHECK:        %[[BLOCK:.*]]:2 = tile.next %[[OWN]]
// CHECK:        tile.dot %{{.*}}, %[[BLOCK]]#0, %{{.*}} transpose_b two_chains :
// CHECK-NOT:  tile.next

// The few numbers are stored before the many.
// CHECK:      tile.store {{.*}} : tensor<16x1xf32>
// CHECK:      tile.store {{.*}} : tensor<16x32xbf16>
#s = #tile.schedule<rows = 16, cols = 32, warps = 2, stages = 4, private_cols = 16, private_stages = 2>
!x = tensor<1x2x64x32xbf16>
!k = tensor<1x2x256x32xbf16>
!p = tensor<1x2x4x32xbf16>
!c = tensor<1x2x16x32xbf16>
!i = tensor<1x2x4x2xi32>
!r = tensor<1x2x64xf32>

func.func @attend(%q: !x, %k: !k, %v: !k, %q1: !p, %k1: !c) -> (!x, !r) {
  %i = llsa.launch "select" schedule #s {
    %j = llsa.select %q1, %k1 topk 2 : !p, !c
    llsa.yield %j : !i
  } : !i
  %0:2 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from
        gathered(%k, %v by %i) block 16 every 16,
        dense(%k, %v)
        : !x, !k, !k, !i, !k, !k
    llsa.yield %o, %lse : !x, !r
  } : !x, !r
  return %0#0, %0#1 : !x, !r
}

// Keys of two sources that weigh differently: one loop takes the steps of both,
// behind the first one, and chooses the weight (log2). Here the second source's
// steps are the third and later ones of six.

// CHECK-LABEL: tile.kernel @two_sources
// CHECK-DAG:  %[[FOUR:.*]] = arith.constant dense<2.000000e+00> : tensor<1x1xf32>
// CHECK-DAG:  %[[TWO:.*]] = arith.constant dense<1.000000e+00> : tensor<1x1xf32>
// CHECK-DAG:  %[[START:.*]] = arith.constant dense<1> : tensor<1x1xi32>
// CHECK:      tile.stream count 6
// CHECK:      tile.stream count 6
// CHECK:      tile.next
// CHECK:      tile.next
// CHECK:      scf.for %[[I:.*]] = %c0 to %c5
// CHECK:        tile.next
// CHECK:        %[[AHEAD:.*]] = tile.range %[[I]] step 0
// CHECK:        %[[LATER:.*]] = arith.cmpi sge, %[[AHEAD]], %[[START]]
// CHECK:        arith.select %[[LATER]], %[[TWO]], %[[FOUR]]
// CHECK:        tile.next
// CHECK:        scf.yield
// CHECK-NOT:  tile.next
!k64 = tensor<1x2x64x32xbf16>
!k128 = tensor<1x2x128x32xbf16>
!i6 = tensor<1x2x4x6xi32>
func.func @two_sources(%q: !x, %k: !k, %v: !k, %k1: !k64, %v1: !k64, %k2: !k128, %v2: !k128, %q1: !p, %c: !c) -> (!x, !r) {
  %i = llsa.launch "select" schedule #s {
    %j = llsa.select %q1, %c topk 6 : !p, !c
    llsa.yield %j : !i6
  } : !i6
  %0:2 = llsa.launch "two_sources" schedule #s {
    %o, %lse = llsa.attend %q from
        gathered(%k, %v by %i) block 16 every 16,
        dense(%k1, %v1) weight 4.0,
        dense(%k2, %v2) weight 2.0
        : !x, !k, !k, !i6, !k64, !k64, !k128, !k128
    llsa.yield %o, %lse : !x, !r
  } : !x, !r
  return %0#0, %0#1 : !x, !r
}

// Blocks that an index from outside names may not exist: steps that look at
// their ids go along with others where the copy engine fills both rings.

// CHECK-LABEL: tile.kernel @outside
// CHECK:      tile.stream count 8 held 2 late
// CHECK:      tile.stream count 2
// CHECK:      scf.for
// CHECK:      scf.for
// CHECK:        tile.next
// CHECK:        tile.next
// CHECK:        arith.cmpi sge
// CHECK:        scf.yield
// CHECK-NOT:  tile.next
func.func @outside(%q: !x, %k: !k, %v: !k, %i: !i) -> (!x, !r) {
  %0:2 = llsa.launch "outside" schedule #s {
    %o, %lse = llsa.attend %q from
        gathered(%k, %v by %i) block 16 every 16,
        dense(%k, %v)
        : !x, !k, !k, !i, !k, !k
    llsa.yield %o, %lse : !x, !r
  } : !x, !r
  return %0#0, %0#1 : !x, !r
}

// A score region has registers for one of each, not for two shared tiles.

// CHECK-LABEL: tile.kernel @region
// CHECK:      tile.stream count 8 late {
// CHECK:      tile.stream count 2 {
// CHECK:      tile.next
// CHECK:      scf.for
// CHECK:        tile.next
// CHECK-NOT:    tile.next
// CHECK:        scf.yield
// CHECK:      scf.for %{{.*}} = %c0 to %c2
// CHECK-COUNT-2: tile.next
// CHECK-NOT:  tile.next
func.func @region(%q: !x, %k: !k, %v: !k, %i: !i) -> (!x, !r) {
  %0:2 = llsa.launch "region" schedule #s {
    %o, %lse = llsa.attend %q from
        gathered(%k, %v by %i) block 16 every 16,
        dense(%k, %v)
        score(%s, %b, %h, %qi, %ki, %n) {
          %t = math.tanh %s : f32
          llsa.yield %t : f32
        } : !x, !k, !k, !i, !k, !k
    llsa.yield %o, %lse : !x, !r
  } : !x, !r
  return %0#0, %0#1 : !x, !r
}

// By lanes, where the copy engine cannot: rows of 48 bytes. They stay apart.

// CHECK-LABEL: tile.kernel @lanes
// CHECK:      tile.stream count 2 {
// CHECK:      tile.next
// CHECK:      tile.next
// CHECK:      tile.stream count 8 {
// CHECK:      scf.for
// CHECK-NEXT:   tile.next
// CHECK-NOT:  tile.next
!x24 = tensor<1x2x64x24xbf16>
!k24 = tensor<1x2x256x24xbf16>
func.func @lanes(%q: !x24, %k: !k24, %v: !k24, %i: !i) -> (!x24, !r) {
  %0:2 = llsa.launch "lanes" schedule #s {
    %o, %lse = llsa.attend %q from
        gathered(%k, %v by %i) block 16 every 16,
        dense(%k, %v)
        : !x24, !k24, !k24, !i, !k24, !k24
    llsa.yield %o, %lse : !x24, !r
  } : !x24, !r
  return %0#0, %0#1 : !x24, !r
}

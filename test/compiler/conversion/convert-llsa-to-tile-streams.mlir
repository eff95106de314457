// RUN: llsa-opt %s --convert-llsa-to-tile="widen-dots=false streams lazy-rescale" --canonicalize --cse | FileCheck %s

// Two warps of 16 queries. All share the 128 keys of the dense source, in four
// steps; the blocks are each warp's own, one a step, in two.

// CHECK-LABEL: tile.kernel @attend

// Index rows are brought near before the queries are loaded.
// CHECK:      tile.prefetch %{{.*}} count 2
// CHECK-NEXT: tile.load {{.*}} -> tensor<16x32xbf16>

// Dense steps that no block goes along with come first: their copies wait for
// no index row. The blocks' start right behind.
// CHECK:      %[[DENSE:.*]] = tile.stream count 4
// CHECK:      %[[OWN:.*]] = tile.stream count 2
// CHECK:        tile.block_rows
// CHECK:        tile.gather
// CHECK:      tile.next %[[DENSE]][%c0]
// CHECK:      tile.next %[[DENSE]][%c1]
// CHECK:      scf.for
// CHECK:        tile.next %[[DENSE]]
// CHECK:        tile.next %[[OWN]]
// CHECK-NOT:  tile.next

// The few numbers are stored before the many.
// CHECK:      tile.store {{.*}} : tensor<16x1xf32>
// CHECK:      tile.store {{.*}} : tensor<16x32xbf16>
#s = #tile.schedule<rows = 16, cols = 32, warps = 2, stages = 4, private_cols = 16, private_stages = 2>
!x = tensor<1x2x64x32xbf16>
!k = tensor<1x2x128x32xbf16>
!p = tensor<1x2x4x32xbf16>
!c = tensor<1x2x8x32xbf16>
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

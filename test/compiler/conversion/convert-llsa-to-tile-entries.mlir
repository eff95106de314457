// A selection of more blocks than there are candidates leaves the rest of its
// rows empty: nobody looks there.
// RUN: llsac %s --target=sm_90a --stop-after=tile \
// RUN:   --spec=B=1,H=1,N=64,D=16,dtype=bf16,levels=1,block=16,topk=64 \
// RUN: | FileCheck %s
!x = tensor<?x?x?x?x!llsa.float>

// CHECK-LABEL: tile.kernel @select_1(
// CHECK-SAME:    memref<1x1x4x64xi32>
// CHECK-LABEL: tile.kernel @attend(
// CHECK:         tile.prefetch %arg0[{{.*}}] count 4
// The first step stands in front of the loop.
// CHECK:         scf.for {{.*}} = %c0 to %c3 step %c1
// CHECK:           tile.block_rows %arg0
func.func @variant(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}) {
  %o, %lse = llsa.attention %q, %k, %v
      hierarchy <block = ?, levels = ?, topk = ?> : !x, !x, !x
  return %o : !x
}

// What a backward takes is named the same by the forward that keeps it, whether
// the indices are a result (--check asks for them) or kept, too.

// RUN: llsa-run %s --spec=B=1,H=2,N=100,D=16,dtype=f32 --grad --check --repeat=1 | FileCheck %s
// CHECK: check      dk: error {{.*}}: correct
// CHECK: check      dq: error {{.*}}: correct
// CHECK: check      dv: error {{.*}}: correct

// RUN: llsac %s --spec=B=1,H=2,N=100,D=16,dtype=f32,pass=keep --stop-after=llsa | FileCheck %s --check-prefix=NAMES
// RUN: llsac %s --spec=B=1,H=2,N=100,D=16,dtype=f32,pass=backward --stop-after=llsa | FileCheck %s --check-prefix=NAMES
// RUN: llsac %s --spec=B=1,H=2,N=100,D=16,dtype=f32,pass=keep,indices=1 --stop-after=llsa | FileCheck %s --check-prefix=NAMES
// RUN: llsac %s --spec=B=1,H=2,N=100,D=16,dtype=f32,pass=backward,indices=1 --stop-after=llsa | FileCheck %s --check-prefix=NAMES
// NAMES-DAG: 1x2x100x4xi32> {llsa.name = "i1"
// NAMES-DAG: 1x2x7x16xf32> {llsa.name = "kept5"
// NAMES-NOT: llsa.name = "kept6"

!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
!i = tensor<?x?x?x4xi32>
func.func @two(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !r {llsa.name = "lc"}) {
  %k1 = llsa.pool %k block 16 : !x
  %v1 = llsa.pool %v block 16 : !x
  %i = llsa.select %q, %k1 topk 4 : !x, !x
  %a, %lc = llsa.attend %q from dense(%k1, %v1) : !x, !x, !x
  %b, %lb = llsa.attend %q from gathered(%k, %v by %i) block 16 every 1 : !x, !x, !x, !i
  %o = arith.addf %a, %b : !x
  return %o, %lc : !x, !r
}

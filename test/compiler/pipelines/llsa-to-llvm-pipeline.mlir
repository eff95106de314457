// The seams: what each stage hands to the next.
// RUN: llsa-opt %s --bind-pipeline="spec={B=1,H=2,N=512,D=32,dtype=f32,levels=1}" -o %t.bind
// RUN: FileCheck %s --check-prefix=BIND < %t.bind
// RUN: llsa-opt %t.bind --llsa-pipeline -o %t.llsa
// RUN: FileCheck %s --check-prefix=LLSA < %t.llsa
// RUN: llsa-opt %t.llsa --tile-pipeline -o %t.tile
// RUN: FileCheck %s --check-prefix=TILE < %t.tile
// RUN: llsa-opt %t.tile --vector-pipeline -o %t.vector
// RUN: FileCheck %s --check-prefix=VECTOR < %t.vector
// RUN: llsa-opt %t.vector --llvm-pipeline -o %t.llvm
// RUN: FileCheck %s --check-prefix=LLVM < %t.llvm

// One pipeline all the way gives the same.
// RUN: llsa-opt %s --llsa-to-tile-pipeline="spec={B=1,H=2,N=512,D=32,dtype=f32,levels=1}" | diff - %t.tile
// RUN: llsa-opt %s --llsa-to-llvm-pipeline="spec={B=1,H=2,N=512,D=32,dtype=f32,levels=1}" | diff - %t.llvm

// BIND:     llsa.attention {{.*}} hierarchy <block = 16, levels = 1, topk = {{.*}}8{{.*}}>
// BIND-NOT: llsa.float

// LLSA:     llsa.launch "pool" schedule #tile.schedule<
// LLSA:     llsa.launch "select_1" schedule #tile.schedule<
// LLSA:     llsa.launch "attend" schedule #tile.schedule<
// LLSA-NOT: llsa.attention

// TILE-DAG: tile.kernel @pool
// TILE-DAG: tile.kernel @select_1
// TILE-DAG: tile.kernel @attend
// TILE-DAG: tile.launch @attend
// TILE-NOT: llsa.launch

// VECTOR-DAG: func.func @pool
// VECTOR-DAG: func.func @select_1
// VECTOR-DAG: func.func @attend
// VECTOR-NOT: tile.

// LLVM-DAG: llvm.func @pool(%{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// LLVM-DAG: llvm.func @select_1(%{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// LLVM-DAG: llvm.func @attend(%{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)

!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
func.func @llsa(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = ?, levels = ?, topk = ?> : !x, !x, !x
  return %o, %lse : !x, !r
}

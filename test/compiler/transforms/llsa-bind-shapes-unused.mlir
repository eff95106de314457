// What only a hierarchy takes is refused by a variant that has none.

// RUN: not llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=64,D=8,dtype=f32,topk=8:4}" 2>&1 | FileCheck %s --check-prefix=TOPK
// TOPK: unused.mlir:[[#@LINE+9]]:1: error: 'func.func' op spec gives topk = 8:4, but the variant selects nothing
// RUN: not llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=64,D=8,dtype=f32,block=16}" 2>&1 | FileCheck %s --check-prefix=BLOCK
// BLOCK: unused.mlir:[[#@LINE+7]]:1: error: 'func.func' op spec gives block = 16, but the variant has no blocks

// No levels is what it has.
// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=1,N=64,D=8,dtype=f32,levels=0}" | FileCheck %s
// CHECK: llsa.attend

!x = tensor<?x?x?x?x!llsa.float>
func.func @full(%q: !x, %k: !x, %v: !x) -> !x {
  %o, %lse = llsa.attend %q from dense(%k, %v) : !x, !x, !x
  return %o : !x
}

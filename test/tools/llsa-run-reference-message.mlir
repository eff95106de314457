// The reference says where in the user's file it stopped.

// RUN: not llsa-run %s --spec=B=1,H=1,N=16,D=8,dtype=f32 --check 2>&1 | FileCheck %s
// CHECK: llsa-run: llsa-run-reference-message:[[#@LINE+5]]:14: 'llsa.attend' op has a region in which arith.remui has an undefined result

!x = tensor<?x?x?x?x!llsa.float>
func.func @masked(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}) {
  // The first query divides by 0.
  %o, %lse = llsa.attend %q from dense(%k, %v)
      mask(%s, %b, %h, %i, %j, %n) {
        %r = arith.remui %j, %i : index
        %kept = arith.cmpi ult, %r, %j : index
        llsa.yield %kept : i1
      } : !x, !x, !x
  return %o : !x
}

// A pass that fails leaves its input and the command that repeats it.
// RUN: not llsac %s --spec=B=1,H=1,N=256,D=16,dtype=f32 --reproducer=%t.repro.mlir 2> %t.err
// RUN: FileCheck %s --check-prefix=ERR --input-file=%t.err
// RUN: not llsa-opt --run-reproducer %t.repro.mlir 2>&1 | FileCheck %s --check-prefix=AGAIN

// ERR:      llsac: {{.*}}llsac-reproducer.mlir:[[@LINE+7]]:{{[0-9]+}}: error: {{.+}}
// ERR:      note: to reproduce: llsa-opt --run-reproducer {{.*}}.repro.mlir
// ERR-NOT:  {{.}}
// AGAIN: error: {{.+}}

// An argument behind q, k, v that does not say its sizes.
!x = tensor<?x?x?x?x!llsa.float>
func.func @f(%q: !x, %k: !x, %v: !x, %extra: tensor<?xf32>) -> (!x {llsa.name = "o"}) {
  %o, %lse = llsa.attention %q, %k, %v hierarchy <block = 16, levels = 1, topk = 8> : !x, !x, !x
  return %o : !x
}

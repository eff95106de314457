// A table of the spec's element type, read by a score region: forward and backward, CPU and GPU.

// RUN: llsa-run %s --spec=B=1,H=2,N=48,D=16,dtype=f32 --grad --check --repeat=1 | FileCheck %s
// RUN: llsa-run %s --spec=B=1,H=2,N=48,D=16,dtype=bf16 --grad --check --repeat=1 | FileCheck %s
// RUN: llsa-run %s --spec=B=1,H=2,N=48,D=16,dtype=f16 --grad --check --repeat=1 --device=emulator:sm_90a | FileCheck %s
// CHECK: check {{ *}}o: {{.*}}correct
// CHECK: check {{ *}}dtable: {{.*}}correct

!x = tensor<?x?x?x?x!llsa.float>
!r = tensor<?x?x?xf32>
!t = tensor<?x?x!llsa.float>
func.func @biased(%q: !x, %k: !x, %v: !x, %table: !t {llsa.name = "table", llsa.shape = ["H", "N"]})
    -> (!x {llsa.name = "o"}, !r {llsa.name = "lse"}) {
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %narrow = tensor.extract %table[%h, %j] : !t
        %bias = llsa.widen %narrow : !llsa.float
        %t = arith.addf %s, %bias : f32
        llsa.yield %t : f32
      } : !x, !x, !x
  return %o, %lse : !x, !r
}

// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=8,N=4096,D=64,dtype=bf16}" | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: llsa-opt %s --llsa-bind-shapes="spec={B=1,H=8,N=4096,D=64,dtype=f32}" | FileCheck %s --check-prefixes=CHECK,F32

// What is f32 already needs no op.
// CHECK-LABEL: func.func @bias
// CHECK-NOT: llsa.widen
// F32-NOT: arith.extf
// BF16: %[[WIDE:.*]] = arith.extf %{{.*}} : tensor<8xbf16> to tensor<8xf32>
// CHECK: llsa.attend
// F32: tensor.extract %arg3[%{{.*}}] : tensor<8xf32>
// BF16: tensor.extract %[[WIDE]][%{{.*}}] : tensor<8xf32>
// CHECK: %[[X:.*]] = tensor.extract %arg4[%{{.*}}, %{{.*}}]
// BF16: arith.extf %[[X]] : bf16 to f32
// F32-NOT: arith.extf
// CHECK: llsa.yield
!x = tensor<?x?x?x?x!llsa.float>
func.func @bias(%q: !x, %k: !x, %v: !x,
                %slopes: tensor<?x!llsa.float> {llsa.name = "slopes", llsa.shape = ["H"]},
                %table: tensor<?x?x!llsa.float> {llsa.name = "table", llsa.shape = ["H", "N"]}) -> !x {
  %wide = llsa.widen %slopes : tensor<?x!llsa.float>
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {
        %slope = tensor.extract %wide[%h] : tensor<?xf32>
        %narrow = tensor.extract %table[%h, %j] : tensor<?x?x!llsa.float>
        %bias = llsa.widen %narrow : !llsa.float
        %sum = arith.addf %slope, %bias : f32
        %t = arith.addf %s, %sum : f32
        llsa.yield %t : f32
      } : !x, !x, !x
  return %o : !x
}

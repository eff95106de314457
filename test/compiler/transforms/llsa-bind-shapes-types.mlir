// RUN: llsa-opt %s --split-input-file --llsa-bind-shapes="spec={B=1,H=8,N=4096,D=64,dtype=bf16}" | FileCheck %s

// Other arguments say their sizes; results are named by position and type.
// CHECK-LABEL: func.func @names
// CHECK-SAME: %{{.*}}: tensor<8x32xf32> {llsa.name = "arg3"}
// CHECK-SAME: %[[I:.*]]: tensor<1x8x256x4xi32> {llsa.name = "mine"}
// CHECK-SAME: -> (tensor<1x8x4096x64xbf16> {llsa.name = "o"}, tensor<1x8x4096xf32> {llsa.name = "lse"}, tensor<1x8x4096xf32> {llsa.name = "result2"})
// CHECK: llsa.attend
// CHECK-SAME: %[[Q:.*]] from
// CHECK-NEXT: gathered(%{{.*}}, %{{.*}} by %[[I]]) block 16 every 16
!x = tensor<?x?x?x?x!llsa.float>
func.func @names(%q: !x, %k: !x, %v: !x, %a: tensor<?x?xf32> {llsa.shape = ["H", 32]},
                 %i: tensor<?x?x?x?xi32> {llsa.shape = ["B", "H", "M/16", 4], llsa.name = "mine"})
    -> (!x, tensor<?x?x?xf32>, tensor<?x?x?xf32>) {
  %o, %lse = llsa.attend %q from gathered(%k, %v by %i) block 16 every 16
      : !x, !x, !x, tensor<?x?x?x?xi32>
  return %o, %lse, %lse : !x, tensor<?x?x?xf32>, tensor<?x?x?xf32>
}

// -----

// Types follow from operands, through every kind of op; constants are rounded.
// CHECK-LABEL: func.func @infer
// CHECK: arith.constant 1.000980e-01 : bf16
// CHECK: tensor.splat %{{.*}} : tensor<1x8x4096x64xbf16>
// CHECK: %[[K:.*]] = arith.mulf %{{.*}}, %{{.*}} : tensor<1x8x4096x64xbf16>
// CHECK: %[[K1:.*]] = llsa.pool %[[K]] block 16 : tensor<1x8x4096x64xbf16>
// CHECK: llsa.select %{{.*}}, %[[K1]] topk 4 : tensor<1x8x256x64xbf16>, tensor<1x8x256x64xbf16>
// CHECK: score(%[[S:.*]], %{{.*}}, %[[H:.*]], %{{.*}}, %{{.*}}, %{{.*}}) {
// CHECK-NEXT: tensor.extract %{{.*}}[%[[H]]] : tensor<8xf32>
// CHECK: linear_attend {{.*}} phi relu : tensor<1x8x4096x64xbf16>
// CHECK: arith.cmpf ogt, %{{.*}}, %{{.*}} : tensor<1x8x4096x64xbf16>
// CHECK: arith.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<1x8x4096x64xi1>, tensor<1x8x4096x64xbf16>
!x = tensor<?x?x?x?x!llsa.float>
func.func @infer(%q: !x, %k: !x, %v: !x,
                 %slopes: tensor<?xf32> {llsa.name = "slopes", llsa.shape = ["H"]}) -> !x {
  %c = arith.constant 0.1 : !llsa.float
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c8 = arith.constant 8 : index
  %n0 = tensor.dim %k, %c0 : !x
  %n2 = tensor.dim %k, %c2 : !x
  %n3 = tensor.dim %k, %c3 : !x
  %tenth = tensor.splat %c[%n0, %c8, %n2, %n3] : !x
  %scaled = arith.mulf %k, %tenth : !x
  %q1 = llsa.pool %q block 16 : !x
  %k1 = llsa.pool %scaled block 16 : !x
  %i1 = llsa.select %q1, %k1 topk 4 : !x, !x
  %o, %lse = llsa.attend %q from gathered(%k, %v by %i1) block 16 every 16
      score(%s, %b, %h, %i, %j, %n) {
        %slope = tensor.extract %slopes[%h] : tensor<?xf32>
        %t = arith.mulf %s, %slope : f32
        llsa.yield %t : f32
      } : !x, !x, !x, tensor<?x?x?x4xi32>
  %p = llsa.linear_attend %q, %k, %v phi relu : !x, !x, !x
  %more = arith.cmpf ogt, %o, %p : !x
  %r = arith.select %more, %o, %p : tensor<?x?x?x?xi1>, !x
  return %r : !x
}

// -----

// Helpers are inlined, in helpers too.
// CHECK-NOT: func.func private
// CHECK-LABEL: func.func @helpers
// CHECK: %[[A:.*]] = arith.addf %[[Q:.*]], %[[Q]] : tensor<1x8x4096x64xbf16>
// CHECK: %[[B:.*]] = arith.addf %[[A]], %[[A]] : tensor<1x8x4096x64xbf16>
// CHECK: return %[[B]]
!x = tensor<?x?x?x?x!llsa.float>
func.func private @twice(%x: !x) -> !x {
  %y = arith.addf %x, %x : !x
  return %y : !x
}
func.func private @four_times(%x: !x) -> !x {
  %y = func.call @twice(%x) : (!x) -> !x
  %z = func.call @twice(%y) : (!x) -> !x
  return %z : !x
}
func.func @helpers(%q: !x) -> !x {
  %y = func.call @four_times(%q) : (!x) -> !x
  return %y : !x
}

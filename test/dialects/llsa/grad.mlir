// The ops of LLSAGradOps.td: parsed, printed, parsed and printed again, in the
// custom form, in the generic form, and through bytecode.
// RUN: llsa-opt %s | FileCheck %s
// RUN: llsa-opt %s | llsa-opt | FileCheck %s
// RUN: llsa-opt %s --mlir-print-op-generic | llsa-opt | FileCheck %s
// RUN: llsa-opt %s --emit-bytecode | llsa-opt | FileCheck %s

!q = tensor<1x8x4096x64xbf16>
!k = tensor<1x2x4096x64xbf16>
!k1 = tensor<1x2x256x64xbf16>
!i = tensor<1x8x256x8xi32>
!r = tensor<1x8x4096xf32>

// CHECK-LABEL: func @query
// CHECK: %{{.*}}, %{{.*}} = llsa.attend_query_grad %{{.*}} from
// CHECK-NEXT: gathered(%{{.*}}, %{{.*}} by %{{.*}}) block 16 every 16,
// CHECK-NEXT: dense(%{{.*}}, %{{.*}}) weight 0.5 span 16 unweighted,
// CHECK-NEXT: window(%{{.*}}, %{{.*}}) before 3 after 4
// CHECK-NEXT: output %{{.*}} lse %{{.*}} gradient %{{.*}} scale 0.25 {note = 1 : i64} : tensor<1x8x4096x64xbf16>, tensor<1x2x4096x64xbf16>, tensor<1x2x4096x64xbf16>, tensor<1x8x256x8xi32>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16>, tensor<1x2x4096x64xbf16>, tensor<1x2x4096x64xbf16> -> tensor<1x8x4096x64xf32>
func.func @query(%q: !q, %k: !k, %k1: !k1, %i: !i, %o: !q, %lse: !r, %do: !q) {
  %dq, %delta = llsa.attend_query_grad %q from
      gathered(%k, %k by %i) block 16 every 16,
      dense(%k1, %k1) weight 0.5 span 16 unweighted,
      window(%k, %k) before 3 after 4
      output %o lse %lse gradient %do scale 0.25 {note = 1}
      : !q, !k, !k, !i, !k1, !k1, !k, !k -> tensor<1x8x4096x64xf32>
  return
}

// CHECK-LABEL: func @query_regions
// CHECK: output %{{.*}} rest %{{.*}} lse %{{.*}} gradient %{{.*}} lse_gradient %{{.*}}
// CHECK-NEXT: score(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) {
// CHECK-NEXT: math.tanh
// CHECK: mask(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) {
// CHECK: derivative(%[[S:.*]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[G:.*]]) {
// CHECK-NEXT: arith.mulf %[[S]], %[[G]] : f32
// CHECK: -> tensor<1x8x4096x64xbf16>
func.func @query_regions(%q: !q, %k: !k, %o: !q, %rest: tensor<1x8x4096x64xi8>, %lse: !r, %do: !q, %dlse: !r) {
  %dq, %delta = llsa.attend_query_grad %q from dense(%k, %k)
      output %o rest %rest lse %lse gradient %do lse_gradient %dlse
      score(%s, %b, %h, %i, %j, %n) {
        %t = math.tanh %s : f32
        llsa.yield %t : f32
      }
      mask(%s, %b, %h, %i, %j, %n) {
        %m = arith.cmpi ule, %j, %i : index
        llsa.yield %m : i1
      }
      derivative(%s, %b, %h, %i, %j, %n, %g) {
        %d = arith.mulf %s, %g : f32
        llsa.yield %d : f32
      }
      : !q, !k, !k -> !q
  return
}

// CHECK-LABEL: func @keys
// CHECK: llsa.invert_indices %{{.*}} of %{{.*}} block 16 : tensor<1x8x256x8xi32>, tensor<1x2x4096x64xbf16>
// CHECK: llsa.attend_key_grad %{{.*}} from gathered(%{{.*}}, %{{.*}} by %{{.*}}, %{{.*}}) block 16 every 16
// CHECK-NEXT: lse %{{.*}} delta %{{.*}} gradient %{{.*}} : tensor<1x8x4096x64xbf16>, tensor<1x2x4096x64xbf16>, tensor<1x2x4096x64xbf16>, tensor<1x8x257xi32>, tensor<1x8x2048xi32> -> tensor<1x2x4096x64xf32>
// CHECK: llsa.attend_key_grad %{{.*}} from dense(%{{.*}}, %{{.*}}) span 16 tokens 4090
// CHECK-NEXT: lse %{{.*}} delta %{{.*}} gradient %{{.*}} scale 0.5
// CHECK: llsa.attend_key_grad %{{.*}} from window(%{{.*}}, %{{.*}}) before 1 after 2
// CHECK: -> tensor<1x2x4096x64xbf16>
func.func @keys(%q: !q, %k: !k, %k1: !k1, %i: !i, %lse: !r, %delta: !r, %do: !q) {
  %offsets, %rows = llsa.invert_indices %i of %k block 16 : !i, !k
  %a:2 = llsa.attend_key_grad %q from
      gathered(%k, %k by %offsets, %rows) block 16 every 16
      lse %lse delta %delta gradient %do
      : !q, !k, !k, tensor<1x8x257xi32>, tensor<1x8x2048xi32> -> tensor<1x2x4096x64xf32>
  %b:2 = llsa.attend_key_grad %q from dense(%k1, %k1) span 16 tokens 4090
      lse %lse delta %delta gradient %do scale 0.5
      : !q, !k1, !k1 -> tensor<1x2x256x64xf32>
  %c:2 = llsa.attend_key_grad %q from window(%k, %k) before 1 after 2
      lse %lse delta %delta gradient %do : !q, !k, !k -> !k
  return
}

// CHECK-LABEL: func @others
// CHECK: llsa.unpool %{{.*}} block 16 tokens 4090 : tensor<1x8x256x64xf32>
// CHECK: llsa.linear_attend_grad %{{.*}}, %{{.*}}, %{{.*}} gradient %{{.*}} phi elu1 : tensor<1x8x4096x64xbf16>, tensor<1x2x4096x64xbf16>, tensor<1x2x4096x64xbf16>
func.func @others(%g: tensor<1x8x256x64xf32>, %q: !q, %k: !k) -> tensor<1x8x4090x64xf32> {
  %0 = llsa.unpool %g block 16 tokens 4090 : tensor<1x8x256x64xf32>
  %1:3 = llsa.linear_attend_grad %q, %k, %k gradient %q phi elu1 : !q, !k, !k
  return %0 : tensor<1x8x4090x64xf32>
}

// CHECK-LABEL: func @lse_alone
// CHECK: window(%{{.*}}, %{{.*}}) before 3 after 4
// CHECK-NEXT: {{^ *}}lse %{{.*}} lse_gradient %{{.*}} : tensor
// CHECK: llsa.attend_key_grad
// CHECK-NEXT: {{^ *}}lse %{{[^ ]*}} delta %{{[^ ]*}} : tensor
func.func @lse_alone(%q: !q, %k: !k, %lse: !r, %dlse: !r) {
  %dq, %delta = llsa.attend_query_grad %q from window(%k, %k) before 3 after 4
      lse %lse lse_gradient %dlse : !q, !k, !k -> !q
  %dk, %dv = llsa.attend_key_grad %q from window(%k, %k) before 3 after 4
      lse %lse delta %delta : !q, !k, !k -> !k
  return
}

// CHECK-LABEL: func @bias
// CHECK: llsa.attend_bias_grad %{{.*}} from
// CHECK-NEXT: gathered(%{{.*}}, %{{.*}} by %{{.*}}) block 16 every 16,
// CHECK-NEXT: dense(%{{.*}}, %{{.*}}) span 16
// CHECK-NEXT: lse %{{.*}} delta %{{.*}} gradient %{{.*}} scale 0.5
// CHECK-NEXT: score(
// CHECK: reads(%{{.*}}, %{{.*}}, %[[H:.*]], %{{.*}}, %{{.*}}, %[[N:.*]], %[[G:.*]]) {
// CHECK-NEXT: llsa.yield %[[G]], %[[H]], %[[G]], %[[N]] : f32, index, f32, index
// CHECK-NEXT: } {note} : tensor<1x8x4096x64xbf16>, tensor<1x2x4096x64xbf16>, tensor<1x2x4096x64xbf16>, tensor<1x8x256x8xi32>, tensor<1x2x256x64xbf16>, tensor<1x2x256x64xbf16> -> tensor<20xf32>
// CHECK: llsa.attend_bias_grad
// CHECK: mask(
// CHECK: llsa.yield %{{.*}} : f32
// CHECK: -> tensor<f32>
func.func @bias(%q: !q, %k: !k, %k1: !k1, %i: !i, %lse: !r, %delta: !r, %do: !q, %t: tensor<20xf32>, %u: tensor<f32>) {
  %a = llsa.attend_bias_grad %q from
      gathered(%k, %k by %i) block 16 every 16,
      dense(%k1, %k1) span 16
      lse %lse delta %delta gradient %do scale 0.5
      score(%s, %b, %h, %x, %j, %n) {
        %e = tensor.extract %t[%h] : tensor<20xf32>
        %f = tensor.extract %t[%n] : tensor<20xf32>
        %g = arith.addf %e, %f : f32
        %r = arith.addf %s, %g : f32
        llsa.yield %r : f32
      }
      reads(%s, %b, %h, %x, %j, %n, %g) {
        llsa.yield %g, %h, %g, %n : f32, index, f32, index
      } {note}
      : !q, !k, !k, !i, !k1, !k1 -> tensor<20xf32>
  %c = llsa.attend_bias_grad %q from window(%k, %k) before 1 after 1
      lse %lse delta %delta
      score(%s, %b, %h, %x, %j, %n) {
        %e = tensor.extract %u[] : tensor<f32>
        %r = arith.mulf %s, %e : f32
        llsa.yield %r : f32
      }
      mask(%s, %b, %h, %x, %j, %n) {
        %m = arith.cmpi ule, %j, %x : index
        llsa.yield %m : i1
      }
      reads(%s, %b, %h, %x, %j, %n, %g) {
        %r = arith.mulf %s, %g : f32
        llsa.yield %r : f32
      }
      : !q, !k, !k -> tensor<f32>
  return
}

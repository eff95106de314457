// RUN: llsa-opt %s --convert-llsa-to-tile="widen-dots=false" --canonicalize --cse | FileCheck %s

// On a GPU a step takes 16 keys, and the state is applied 16 columns at a time.

// CHECK-LABEL: tile.kernel @linear_state(
// CHECK:         tile.dot %{{.*}}, %{{.*}} : tensor<32x16xbf16>, tensor<16x16xbf16> -> tensor<32x16xf32>
// CHECK-LABEL: tile.kernel @linear(
// CHECK:       scf.for
// CHECK:         tile.dot %{{.*}}, %{{.*}} : tensor<16x32xf32>, tensor<32x16xf32> -> tensor<16x16xf32>
// CHECK:         tile.store
func.func @llsa(%q: tensor<1x4x48x32xbf16>, %k: tensor<1x2x70x32xbf16>, %v: tensor<1x2x70x32xbf16>) -> tensor<1x4x48x32xbf16> {
  %0 = llsa.launch "linear" schedule #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1> {
    %o = llsa.linear_attend %q, %k, %v phi softmax
        : tensor<1x4x48x32xbf16>, tensor<1x2x70x32xbf16>, tensor<1x2x70x32xbf16>
    llsa.yield %o : tensor<1x4x48x32xbf16>
  } {llsa.flops = 100.0 : f64} : tensor<1x4x48x32xbf16>
  return %0 : tensor<1x4x48x32xbf16>
}

// The gradient: products of 16 columns, whose right operands come from memory as
// they are, so do / n goes there, too; transposed ones have 16 rows.

// CHECK-LABEL: tile.kernel @grad_state(
// CHECK-LABEL: tile.kernel @grad_query(
// CHECK:       scf.for
// CHECK:         %[[G:.*]] = arith.mulf
// CHECK:         tile.store %[[G]]
// CHECK:         tile.dot %{{.*}}, %{{.*}} : tensor<16x32xf32>, tensor<32x16xf32> -> tensor<16x16xf32>
// CHECK:       scf.for
// CHECK:         tile.dot {{.*}} transpose_b exact : tensor<16x32xf32>, tensor<16x32xf32> -> tensor<16x16xf32>
// CHECK-LABEL: tile.kernel @grad_grad(
// CHECK:         %[[SHARE:.*]] = tile.load {{.*}} -> tensor<16x16xf32>
// CHECK:         tile.dot %{{.*}}, %[[SHARE]], {{.*}} : tensor<32x16xf32>, tensor<16x16xf32> -> tensor<32x16xf32>
// CHECK-LABEL: tile.kernel @grad(
// CHECK:         tile.dot {{.*}} : tensor<16x32xf32>, tensor<32x16xf32> -> tensor<16x16xf32>
// CHECK:         tile.dot {{.*}} transpose_b exact : tensor<16x32xf32>, tensor<16x32xf32> -> tensor<16x16xf32>
!q = tensor<1x4x48x32xbf16>
!k = tensor<1x2x70x32xbf16>
!dq = tensor<1x4x48x32xf32>
!dk = tensor<1x2x70x32xf32>
func.func @gradient(%q: !q, %k: !k, %v: !k, %do: !q) -> (!dq, !dk, !dk) {
  %0:3 = llsa.launch "grad" schedule #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1> {
    %a:3 = llsa.linear_attend_grad %q, %k, %v gradient %do phi softmax : !q, !k, !k
    llsa.yield %a#0, %a#1, %a#2 : !dq, !dk, !dk
  } {llsa.flops = 100.0 : f64} : !dq, !dk, !dk
  return %0#0, %0#1, %0#2 : !dq, !dk, !dk
}

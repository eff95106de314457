// RUN: llsa-opt %s --convert-llsa-to-tile | FileCheck %s

// What one launch hands to another is a workspace, what is returned is written
// in place. An argument that is returned and a second return of one value are
// copied. A launch that nobody reads is left out. Names of kernels stay apart.

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>
!x = tensor<1x2x32x8xf32>

// CHECK-LABEL: tile.kernel @step(
// CHECK:       tile.kernel @step_0(
// CHECK:       tile.kernel @copy(
// CHECK-SAME:  attributes {llsa.bytes = 4.096000e+03 : f64, llsa.flops = 0.000000e+00 : f64}
// CHECK:       tile.kernel @copy_1(
// CHECK-NOT:   tile.kernel
// CHECK:       func.func @llsa(
// CHECK-SAME:  %[[Q:[^:]*]]: memref<1x2x32x8xf32, strided<[?, ?, ?, 1]>> {llsa.name = "q", llsa.role = "input"},
// CHECK-SAME:  %[[BIAS:[^:]*]]: memref<8xf32> {llsa.name = "bias", llsa.role = "input"},
// CHECK-SAME:  %[[O:[^:]*]]: memref<1x2x32x8xf32, strided<[?, ?, ?, 1]>> {llsa.name = "o", llsa.role = "output"},
// CHECK-SAME:  %[[SAME:[^:]*]]: memref<{{[^>]*}}>> {llsa.name = "lse", llsa.role = "output"},
// CHECK-SAME:  %[[Q2:[^:]*]]: memref<{{[^>]*}}>> {llsa.name = "q_again", llsa.role = "output"})
// CHECK-NEXT:    %[[MID:.*]] = memref.alloc() : memref<1x2x32x8xf32>
// CHECK-NEXT:    tile.launch @step(%[[Q]], %[[MID]])
// CHECK-NEXT:    tile.launch @step_0(%[[MID]], %[[O]])
// CHECK-NEXT:    tile.launch @copy(%[[O]], %[[SAME]])
// CHECK-NEXT:    tile.launch @copy_1(%[[Q]], %[[Q2]])
// CHECK-NEXT:    return
func.func @llsa(%q: !x, %bias: tensor<8xf32> {llsa.name = "bias"})
    -> (!x, !x, !x {llsa.name = "q_again"}) {
  %0 = llsa.launch "step" schedule #s {
    %1 = math.exp %q : !x
    llsa.yield %1 : !x
  } : !x
  %2 = llsa.launch "step" schedule #s {
    %3 = math.exp %0 : !x
    llsa.yield %3 : !x
  } : !x
  %4 = llsa.launch "unread" schedule #s {
    %5 = math.exp %0 : !x
    llsa.yield %5 : !x
  } : !x
  return %2, %2, %q : !x, !x, !x
}

// RUN: llsa-opt %s --llsa-verify-kernel-contract | FileCheck %s

// CHECK-LABEL: func.func @select
// CHECK: llsa.launch "select_1" schedule
func.func @select(%q: tensor<1x8x256x64xf32>, %k: tensor<1x8x256x64xf32>)
    -> tensor<1x8x256x8xi32> {
  %i = llsa.launch "select_1"
      schedule #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1> {
    %0 = llsa.select %q, %k topk 8 : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>
    llsa.yield %0 : tensor<1x8x256x8xi32>
  } : tensor<1x8x256x8xi32>
  return %i : tensor<1x8x256x8xi32>
}

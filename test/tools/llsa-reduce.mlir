// llsa-reduce keeps what the script asks for and drops the rest.
// RUN: llsa-reduce %s -reduction-tree='traversal-mode=0 test=%S/Inputs/has-select.sh' | FileCheck %s

// CHECK-NOT: @dropped
// CHECK-LABEL: func.func @kept
// CHECK: llsa.select
func.func @dropped(%x: tensor<1x8x32x64xf32>) -> tensor<1x8x2x64xf32> {
  %0 = llsa.pool %x block 16 : tensor<1x8x32x64xf32>
  return %0 : tensor<1x8x2x64xf32>
}

func.func @kept(%x: tensor<1x8x32x64xf32>) -> tensor<1x8x32x4xi32> {
  %0 = llsa.select %x, %x topk 4 : tensor<1x8x32x64xf32>, tensor<1x8x32x64xf32>
  return %0 : tensor<1x8x32x4xi32>
}

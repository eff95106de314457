// RUN: llsa-opt %s --split-input-file --llsa-expose-indices | FileCheck %s
// Once is enough.
// RUN: llsa-opt %s --split-input-file --llsa-expose-indices --llsa-expose-indices | FileCheck %s

// CHECK-LABEL: func.func @select
// CHECK-SAME: -> (tensor<1x8x256x64xf32> {llsa.name = "o"}, tensor<1x8x256x8xi32> {llsa.name = "i1"}, tensor<1x8x16x4xi32> {llsa.name = "i2"})
// CHECK: %[[I2:.*]] = llsa.select {{.*}} topk 4
// CHECK: %[[I1:.*]] = llsa.select {{.*}} topk 8
// CHECK: return %{{.*}}, %[[I1]], %[[I2]] :
func.func @select(%q: tensor<1x8x256x64xf32>, %k: tensor<1x8x256x64xf32>,
                  %q2: tensor<1x8x16x64xf32>, %k2: tensor<1x8x16x64xf32>)
    -> (tensor<1x8x256x64xf32> {llsa.name = "o"}) {
  %i2 = llsa.select %q2, %k2 topk 4 : tensor<1x8x16x64xf32>, tensor<1x8x16x64xf32>
  %i1 = llsa.select %q, %k topk 8 within %i2 block 16
      : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>, tensor<1x8x16x4xi32>
  %o, %lse = llsa.attend %q from gathered(%k, %k by %i1) block 16 every 1
      : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>,
        tensor<1x8x256x8xi32>
  return %o : tensor<1x8x256x64xf32>
}

// -----

// What is returned as i1 already stays; without selections nothing changes.
// CHECK-LABEL: func.func @returned
// CHECK-SAME: -> (tensor<1x8x256x8xi32> {llsa.name = "i1"}) {
func.func @returned(%q: tensor<1x8x256x64xf32>) -> (tensor<1x8x256x8xi32> {llsa.name = "i1"}) {
  %i1 = llsa.select %q, %q topk 8 : tensor<1x8x256x64xf32>, tensor<1x8x256x64xf32>
  return %i1 : tensor<1x8x256x8xi32>
}

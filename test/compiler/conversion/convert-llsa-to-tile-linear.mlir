// RUN: llsa-opt %s --convert-llsa-to-tile --canonicalize --cse | FileCheck %s

// Two kernels: the sums over all keys, split over columns of the values, then
// their application. phi of a row that does not exist is not 0 and is removed.

// CHECK-LABEL: tile.kernel @linear_state(
// CHECK-SAME:  %[[STATE:[^:]*]]: memref<1x2x32x32xf32>, %[[TOTAL:[^:]*]]: memref<1x2x1x32xf32>)
// CHECK-SAME:  items [1, 2, 2]
// CHECK-SAME:  llsa.flops = 5.000000e+01
// CHECK:       scf.for
// CHECK:         tile.reduce max
// CHECK:         %[[PHI:.*]] = arith.divf %{{.*}} : tensor<32x32xf32>
// CHECK:         tile.reduce add %[[PHI]] over rows
// CHECK:         %[[T:.*]] = tile.transpose %[[PHI]]
// CHECK:         tile.dot %[[T]], %{{.*}} : tensor<32x32xf32>, tensor<32x16xf32> -> tensor<32x16xf32>
// CHECK:       %[[TAIL:.*]] = arith.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<16x32xi1>, tensor<16x32xf32>
// CHECK:       tile.transpose %[[TAIL]]
// CHECK:       tile.store %{{.*}}, %[[STATE]]
// CHECK:       scf.if
// CHECK:         tile.store %{{.*}}, %[[TOTAL]]

// CHECK-LABEL: tile.kernel @linear(
// CHECK-SAME:  items [1, 4, 3]
// CHECK:       %[[PHI_Q:.*]] = arith.divf %{{.*}} : tensor<16x32xf32>
// CHECK:       %[[ALL:.*]] = arith.mulf %[[PHI_Q]], %{{.*}} : tensor<16x32xf32>
// CHECK:       %[[WEIGHT:.*]] = tile.reduce add %[[ALL]] over cols
// CHECK:       %[[REC:.*]] = arith.divf %{{.*}}, %[[WEIGHT]]
// CHECK:       %[[IS_ZERO:.*]] = arith.cmpf oeq, %[[WEIGHT]]
// CHECK:       arith.select %[[IS_ZERO]], %{{.*}}, %[[REC]]
// CHECK:       tile.dot %[[PHI_Q]], %{{.*}} : tensor<16x32xf32>, tensor<32x32xf32>
func.func @llsa(%q: tensor<1x4x48x32xf32>, %k: tensor<1x2x70x32xf32>, %v: tensor<1x2x70x32xf32>) -> tensor<1x4x48x32xf32> {
  %0 = llsa.launch "linear" schedule #tile.schedule<rows = 16, cols = 32, warps = 1, stages = 1> {
    %o = llsa.linear_attend %q, %k, %v phi softmax
        : tensor<1x4x48x32xf32>, tensor<1x2x70x32xf32>, tensor<1x2x70x32xf32>
    llsa.yield %o : tensor<1x4x48x32xf32>
  } {llsa.flops = 100.0 : f64} : tensor<1x4x48x32xf32>
  return %0 : tensor<1x4x48x32xf32>
}

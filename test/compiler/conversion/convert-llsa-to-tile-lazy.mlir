// RUN: llsa-opt %s --convert-llsa-to-tile="lazy-rescale" --canonicalize --cse --split-input-file | FileCheck %s

// A step whose exponentials become too great is computed again with the maximum
// raised: for all rows of the tile where all of them see all keys.

#s = #tile.schedule<rows = 16, cols = 16, warps = 1, stages = 1>
!x = tensor<1x1x64x16xf32>

// CHECK-LABEL: tile.kernel @attend(
// CHECK-DAG:   %[[MOST:.*]] = arith.constant dense<3.276800e+04>
// CHECK:       %[[SUMS:.*]] = tile.reduce add %{{.*}} over cols : tensor<16x16xf32> -> tensor<16x4xf32>
// CHECK:       arith.cmpf ogt, %[[SUMS]], %[[MOST]]
// CHECK:       %[[EXCEEDS:.*]] = tile.any
// CHECK:       scf.if %[[EXCEEDS]]
// CHECK:         %[[ROW:.*]] = tile.reduce max %{{.*}} over cols : tensor<16x16xf32> -> tensor<16x1xf32>
// CHECK:         %[[MAX:.*]] = arith.maximumf %{{.*}}, %[[ROW]]
// CHECK:         scf.yield %[[MAX]]
func.func @all(%q: !x, %k: !x, %v: !x) -> !x {
  %0 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from dense(%k, %v) : !x, !x, !x
    llsa.yield %o : !x
  } : !x
  return %0 : !x
}

// -----

// A row that does not see a key must not notice it: where a mask or window hides
// keys, only the rows that need it are raised.

#s = #tile.schedule<rows = 16, cols = 16, warps = 1, stages = 1>
!x = tensor<1x1x64x16xf32>

// CHECK-LABEL: tile.kernel @attend(
// CHECK:       scf.if
// CHECK:         %[[MAX:.*]] = arith.maximumf
// CHECK:         %[[SOME:.*]] = tile.reduce max %{{.*}} over cols : tensor<16x4xf32> -> tensor<16x1xf32>
// CHECK:         %[[RAISE:.*]] = arith.cmpf ogt, %[[SOME]]
// CHECK:         arith.select %[[RAISE]], %[[MAX]], %{{.*}} : tensor<16x1xi1>, tensor<16x1xf32>
func.func @some(%q: !x, %k: !x, %v: !x) -> !x {
  %0 = llsa.launch "attend" schedule #s {
    %o, %lse = llsa.attend %q from window(%k, %v) before 3 after 0 : !x, !x, !x
    llsa.yield %o : !x
  } : !x
  return %0 : !x
}

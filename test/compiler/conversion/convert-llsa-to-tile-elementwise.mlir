// RUN: llsa-opt %s --convert-llsa-to-tile --canonicalize --cse --split-input-file | FileCheck %s

// Each op of a half-precision type is computed in f32 and rounded; constants
// are made, not loaded.

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @gate(
// CHECK-SAME:  %[[A:[^:]*]]: memref<1x2x40x64xbf16, {{[^>]*>>}}, %[[B:[^:]*]]: memref<1x2x40x64xbf16, {{[^>]*>>}}, %[[OUT:[^:]*]]: memref
// CHECK-SAME:  items [1, 2, 3]
// CHECK-DAG:   %[[HALF:.*]] = arith.constant dense<5.000000e-01> : tensor<16x64xf32>
// CHECK:       %[[LEFT:.*]] = arith.subi
// CHECK:       %[[TA:.*]] = tile.load %[[A]]{{.*}} rows %[[LEFT]]
// CHECK:       %[[WA:.*]] = arith.extf %[[TA]]
// CHECK:       %[[M:.*]] = arith.mulf %[[WA]], %[[HALF]] : tensor<16x64xf32>
// CHECK:       %[[R:.*]] = arith.truncf %[[M]] : tensor<16x64xf32> to tensor<16x64xbf16>
// CHECK:       %[[TB:.*]] = tile.load %[[B]]
// CHECK:       %[[WR:.*]] = arith.extf %[[R]]
// CHECK:       %[[WB:.*]] = arith.extf %[[TB]]
// CHECK:       %[[SUM:.*]] = arith.addf %[[WR]], %[[WB]] : tensor<16x64xf32>
// CHECK:       %[[RESULT:.*]] = arith.truncf %[[SUM]]
// CHECK:       tile.store %[[RESULT]], %[[OUT]]{{.*}} rows %[[LEFT]]
func.func @llsa(%q: tensor<1x2x40x64xbf16>, %k: tensor<1x2x40x64xbf16>) -> tensor<1x2x40x64xbf16> {
  %0 = llsa.launch "gate" schedule #s {
    %c = arith.constant 0.5 : bf16
    %half = tensor.splat %c : tensor<1x2x40x64xbf16>
    %1 = arith.mulf %q, %half : tensor<1x2x40x64xbf16>
    %2 = arith.addf %1, %k : tensor<1x2x40x64xbf16>
    llsa.yield %2 : tensor<1x2x40x64xbf16>
  } : tensor<1x2x40x64xbf16>
  return %0 : tensor<1x2x40x64xbf16>
}

// -----

// Rows of [B, H, M] are cut like those of [B, H, M, D].

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @elementwise(
// CHECK-SAME:  items [2, 3, 2]
// CHECK:       tile.load {{.*}} row_dim 2 : {{.*}} -> tensor<16x1xf32>
// CHECK:       math.exp {{.*}} : tensor<16x1xf32>
// CHECK:       tile.store {{.*}} row_dim 2
func.func @llsa(%q: tensor<2x3x32xf32>) -> tensor<2x3x32xf32> {
  %0 = llsa.launch "elementwise" schedule #s {
    %1 = math.exp %q : tensor<2x3x32xf32>
    llsa.yield %1 : tensor<2x3x32xf32>
  } : tensor<2x3x32xf32>
  return %0 : tensor<2x3x32xf32>
}

// -----

// Two results are two ops.

#s = #tile.schedule<rows = 16, cols = 64, warps = 1, stages = 1>

// CHECK-LABEL: tile.kernel @elementwise(
// CHECK-DAG:   %[[SIN:.*]] = math.sin %{{.*}} : tensor<16x64xf32>
// CHECK-DAG:   %[[COS:.*]] = math.cos %{{.*}} : tensor<16x64xf32>
// CHECK:       arith.mulf %[[SIN]], %[[COS]]
func.func @llsa(%q: tensor<1x2x40x64xf32>) -> tensor<1x2x40x64xf32> {
  %0 = llsa.launch "elementwise" schedule #s {
    %1, %2 = math.sincos %q : tensor<1x2x40x64xf32>
    %3 = arith.mulf %1, %2 : tensor<1x2x40x64xf32>
    llsa.yield %3 : tensor<1x2x40x64xf32>
  } : tensor<1x2x40x64xf32>
  return %0 : tensor<1x2x40x64xf32>
}
